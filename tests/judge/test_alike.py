"""Arms that cannot differ are not tested, and everything else still is."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.judge.alike import copy_notes, idle_keys, unit_notes, unread_notes
from ablate.judge.rule import judge
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of

from .conftest import make_study, make_tables

DROP = "program.params.dropout"
TWO = {DROP: [0, 1]}
SIDES = {"arm": {DROP: 1}, "against": {DROP: 0}}
OWN = {"program": "function"}
KINDS = {
    "effect": {**SIDES, "by_at_least": 0.0},
    "equivalence": {"kind": "equivalence", **SIDES, "within": 0.01},
    "time": {"kind": "time_to_target", **SIDES, "metric": "ttt/steps", "ratio": 1.1},
    "win": {"kind": "win_probability", **SIDES, "metric": "ttt/steps", "ties_by": "final/test_accuracy"},
    "cells": {"kind": "proportion", "of": "cells", **SIDES, "at_least": 1},
    "trend": {"kind": "trend", "over": DROP, "slope": [-0.5, 0.5]},
}


def noise(levels, seed):
    return 0.4 * float(np.random.default_rng(seed).random())


def study_of(*claims, factors=TWO, fixed=OWN, seeds=8):
    return make_study(factors, *claims, seeds=seeds).model_copy(
        update={"fixed": fixed, "metrics": {"final/test_accuracy": {"bounds": [None, None]}}}
    )


def with_facts(tables, **facts):
    return dataclasses.replace(tables, facts={arm: {**held, **facts} for arm, held in tables.facts.items()})


def judged(claim, value, *, fixed=OWN, factors=TWO, facts=None, extra=None, metrics=None):
    tables = with_facts(make_tables(factors, value), **(facts or {}))
    for name, column in (extra or {}).items():
        tables.seeds[name] = [column(row, row["seed"]) for row in tables.seeds.to_dict("records")]
    study = study_of(claim, factors=factors, fixed=fixed)
    return judge(study.model_copy(update={"metrics": metrics or study.metrics}), tables)[0]


def steps(levels, seed):
    return 50.0 + 10 * seed


@pytest.mark.parametrize("kind", KINDS)
def test_arms_that_agree_to_the_last_bit_are_not_tested_whatever_the_claim(kind):
    verdict = judged(KINDS[kind], noise, extra={"ttt/steps": steps})
    assert verdict.outcome == "not_tested"
    assert "is the factor read (program.params.dropout)?" in sentence_of(verdict)
    assert "may_be_identical: true" in said(verdict.advice)
    assert verdict.p is None


@pytest.mark.parametrize("kind", KINDS)
def test_one_bit_in_one_seed_is_enough_to_be_tested(kind):
    def nearly(value):
        return lambda row, seed: np.nextafter(value(row, seed), 999) if seed == 3 and row[DROP] else value(row, seed)

    verdict = judged(KINDS[kind], nearly(noise), extra={"ttt/steps": nearly(steps)})
    assert verdict.outcome != "not_tested"


def test_where_agreeing_is_what_is_claimed_it_is_judged():
    verdict = judged({**KINDS["equivalence"], "may_be_identical": True}, noise)
    assert verdict.outcome == "supported"


def test_the_numpy_core_vouches_for_its_settings():
    assert judged(KINDS["equivalence"], noise, fixed={}).outcome == "supported", "as stored before it could say so"
    assert judged(KINDS["equivalence"], noise, fixed={}, facts={"vouched": True}).outcome == "supported"
    assert judged(KINDS["equivalence"], noise, fixed={}, facts={"vouched": False}).outcome == "not_tested"
    assert judged(KINDS["equivalence"], noise, fixed={"program": "mine"}).outcome == "not_tested"
    assert judged(KINDS["equivalence"], noise, fixed={}, facts={"imported": True}).outcome == "not_tested"


def test_an_exact_claim_compares_nothing_and_is_judged():
    claim = {"kind": "exact", "arm": {DROP: 1}, "metric": "final/test_accuracy", "at_least": 0.0}
    assert judged(claim, noise).outcome == "supported"
    assert judged(claim, noise, facts={"unread": [DROP]}).outcome == "supported"


def test_a_share_of_runs_compares_nothing_and_is_judged():
    claim = {"kind": "proportion", "of": "runs", "arm": {DROP: 1}, "at_least": 0.5}
    assert judged(claim, noise).outcome == "supported"


def test_runs_that_all_failed_are_no_copies_of_each_other():
    verdict = judged({**KINDS["effect"], "metric": "final/test_loss"}, lambda levels, seed: "crashed")
    assert "is the factor read" not in said(verdict.reason)


def test_the_clock_tells_nobody_apart():
    took = {"took": lambda row, seed: seed + row[DROP]}
    still = lambda levels, seed: 1.0  # noqa: E731
    assert judged(KINDS["equivalence"], still, extra=took, metrics={"took": {"unit": "ms"}}).outcome == "not_tested"
    assert judged(KINDS["equivalence"], still, extra=took, metrics={"took": {"better": "lower"}}).p is not None


def test_what_nobody_declared_tells_no_runs_apart():
    # Beside most results stands how long they took, undeclared: it makes no other runs of copies.
    took = {"took": lambda row, seed: seed + row[DROP] / 7}
    assert judged(KINDS["equivalence"], lambda levels, seed: 1.0, extra=took).outcome == "not_tested"
    assert judged(KINDS["effect"], one_run, extra=took).outcome == "not_tested"


def test_a_metric_that_tells_seeds_apart_is_enough_whatever_another_one_does():
    other = {"wall_time": lambda row, seed: seed + row[DROP] / 7}
    assert judged(KINDS["equivalence"], noise, extra=other).outcome == "not_tested"


def test_a_metric_that_is_the_same_in_every_run_is_not_where_another_one_differs():
    other = {"final/test_loss": lambda row, seed: seed + row[DROP] / 7}
    assert judged(KINDS["equivalence"], lambda levels, seed: 1.0, extra=other).outcome == "supported"
    assert judged(KINDS["equivalence"], lambda levels, seed: 1.0).outcome == "not_tested"


def test_a_factor_that_no_run_read_is_not_tested_even_where_the_numbers_differ():
    def unseeded(levels, seed):
        return 0.8 + 0.001 * seed + 0.1 * levels[DROP]

    verdict = judged(KINDS["effect"], unseeded, facts={"unread": [DROP]})
    assert verdict.outcome == "not_tested"
    assert said(verdict.reason).startswith("No run read program.params.dropout")
    assert judged(KINDS["effect"], unseeded, facts={"unread": []}).outcome == "supported"
    assert judged({**KINDS["effect"], "may_be_identical": True}, noise, facts={"unread": [DROP]}).p is None


def test_of_two_factors_that_differ_one_that_is_read_will_do():
    factors = {DROP: [0, 1], "program.params.width": [1, 2]}
    claim = {"arm": {DROP: 1, "program.params.width": 2}, "against": {DROP: 0, "program.params.width": 1}}
    value = lambda levels, seed: 0.5 + levels["program.params.width"] / 10 + seed / 1000  # noqa: E731
    assert judged(claim, value, factors=factors, facts={"unread": [DROP]}).outcome == "supported"


def test_an_interaction_needs_both_of_its_factors():
    factors = {DROP: [0, 1], "program.params.width": [1, 2]}
    claim = {
        "kind": "interaction", **SIDES, "at": {"program.params.width": 2}, "than_at": {"program.params.width": 1},
    }  # fmt: skip
    by = {DROP: 0.1, "program.params.width": 0.1}
    for factor in factors:
        read = lambda levels, seed, f=factor: noise(levels, seed) + by[f] * levels[f]  # noqa: E731
        other = next(f for f in factors if f != factor)
        assert judged(claim, read, factors=factors).outcome == "not_tested"
        assert judged(claim, read, factors=factors, facts={"unread": [other]}).outcome == "not_tested"
    both = lambda levels, seed: noise(levels, seed) + levels[DROP] * levels["program.params.width"] / 5  # noqa: E731
    assert judged(claim, both, factors=factors).outcome == "supported"


def test_cells_in_which_nobody_reads_it_are_told_and_the_others_judged():
    factors = {DROP: [0, 1], "program.params.kind": ["a", "b"]}
    gain = {("a", 0): 0.0, ("a", 1): 0.4, ("b", 0): 0.1, ("b", 1): 0.1}
    value = lambda levels, seed: noise(levels, seed) + gain[levels["program.params.kind"], levels[DROP]]  # noqa: E731
    tables = make_tables(factors, value)
    unread = {"a0": [], "a1": [DROP], "a2": [], "a3": [DROP]}
    tables = dataclasses.replace(tables, facts={arm: {"unread": keys} for arm, keys in unread.items()})
    study = study_of({**SIDES, "by_at_least": 0.1}, factors=factors)
    assert judge(study, tables)[0].outcome == "supported"
    (note,) = unread_notes(study, tables)
    assert said(note) == "Claim c0 averages over cells in which no run read program.params.dropout."
    (note,) = copy_notes(study, tables)
    assert said(note).startswith(
        "1 of 2 pairs of arms that differ in program.params.dropout alone agree to the last bit"
    )


def test_arms_that_one_training_serves_agree_and_are_judged():
    tables = make_tables(TWO, noise)
    tables = dataclasses.replace(tables, facts={"a0": {}, "a1": {"same_as": "a0"}})
    assert judge(study_of(KINDS["equivalence"]), tables)[0].outcome == "supported"


def test_what_nobody_read_is_told():
    study = study_of({**SIDES}, fixed={**OWN, "epochs": 3})
    tables = with_facts(make_tables(TWO, noise), unread=[DROP, "epochs"])
    assert idle_keys(tables) == [DROP, "epochs"]
    assert list(map(said, unread_notes(study, tables))) == [
        "No run read the factor program.params.dropout: its levels cannot make a difference.",
        "No run read epochs, which the study fixes: it has no effect on the runs.",
    ]
    assert idle_keys(with_facts(make_tables(TWO, noise))) == []


def test_seeds_that_are_copies_are_told():
    tables = make_tables(TWO, lambda levels, seed: 0.5 + levels[DROP] / 3)
    (note,) = copy_notes(study_of({**SIDES}), tables)
    assert said(note).startswith(
        "In 2 of 2 arms all seeds agree to the last bit in every declared metric: is the seed used?"
    )
    assert copy_notes(study_of({**SIDES}, fixed={}), tables) == []
    assert said(copy_notes(study_of({**SIDES}), make_tables(TWO, noise))[0]).startswith("1 of 1 pairs of arms")


def declared(tables, unit):
    seeds = tables.seeds.rename(columns={tables.metrics[0]: "acc"})
    metrics = {"acc": {"better": "higher", "unit": unit}}
    return dataclasses.replace(tables, seeds=seeds, study={**tables.study, "definition": {"metrics": metrics}})


def test_fractions_that_are_declared_in_per_cent_are_told():
    shares = make_tables(TWO, lambda levels, seed: 0.5 + 0.01 * seed)
    (note,) = unit_notes(declared(shares, "percent"))
    assert said(note).startswith("acc is declared in per cent, and no run has more than 0.")
    assert unit_notes(declared(shares, "fraction")) == []
    assert unit_notes(declared(make_tables(TWO, lambda levels, seed: 50.0 + seed), "percent")) == []
    assert unit_notes(declared(make_tables(TWO, lambda levels, seed: 0.0), "percent")) == []


def test_per_cent_in_some_arms_and_fractions_in_others_are_told():
    def mixed(levels, seed):
        return 70.0 + seed if levels[DROP] else 0.72 + seed / 100

    (note,) = unit_notes(declared(make_tables(TWO, mixed), "percent"))
    assert note.code == "below_one_percent_in_some"
    assert "In 1 of 2 arms no run has more than" in said(note)
    near = make_tables(TWO, lambda levels, seed: 0.8 + seed / 10)  # an error rate of about 1 %
    assert unit_notes(declared(near, "percent")) == []


@given(st.permutations(range(16)), st.integers(0, 10**6))
def test_the_order_of_the_rows_makes_no_difference(order, salt):
    tables = make_tables(TWO, lambda levels, seed: noise(levels, seed + salt))
    shuffled = dataclasses.replace(tables, seeds=tables.seeds.iloc[list(order)].reset_index(drop=True))
    study = study_of(KINDS["equivalence"])
    assert judge(study, shuffled, extras=False)[0].outcome == "not_tested"


def test_a_claim_about_a_time_is_tested_where_the_time_differs_and_all_else_is_the_same():
    def took(row, seed):
        return (5.0 if row[DROP] else 9.0) + seed / 100

    metrics = {"took": {"better": "lower", "unit": "s"}, "final/test_accuracy": {"better": "higher"}}
    claim = {**SIDES, "metric": "took", "by_at_least": 0.01}
    verdict = judged(claim, noise, extra={"took": took}, metrics=metrics)
    assert verdict.outcome == "supported"


def one_run(levels, seed):
    return 0.5 + levels[DROP] / 3


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_seeds_that_are_copies_of_one_run_are_not_tested(kind):
    verdict = judged(KINDS[kind], one_run, extra={"ttt/steps": lambda row, seed: 50.0 + 10 * row[DROP]})
    assert (verdict.outcome, verdict.p) == ("not_tested", None)
    assert said(verdict.reason).startswith(
        "In each of its arms all seeds agree to the last bit in every declared metric"
    )
    assert "`kind: exact`" in said(verdict.advice)


def test_a_seed_that_differs_in_one_arm_or_in_one_metric_is_no_copy():
    def nearly(levels, seed):
        return np.nextafter(one_run(levels, seed), 1) if seed == 3 and levels[DROP] else one_run(levels, seed)

    assert judged(KINDS["effect"], nearly).outcome == "supported"
    finer = {"final/test_loss": lambda row, seed: seed / 7}
    assert judged(KINDS["effect"], one_run, extra=finer).outcome == "supported"
    assert judged(KINDS["effect"], one_run, extra={"final/test_loss": lambda row, seed: 1.0}).p is None


def test_the_clock_makes_no_other_run_of_a_copy_unless_the_claim_is_about_it():
    took = {"took": lambda row, seed: 5.0 + row[DROP] + seed / 100}
    metrics = {"took": {"better": "higher", "unit": "s"}, "final/test_accuracy": {"better": "higher"}}
    assert judged(KINDS["effect"], one_run, extra=took, metrics=metrics).outcome == "not_tested"
    about = {**SIDES, "metric": "took", "by_at_least": 0.01}
    assert judged(about, one_run, extra=took, metrics=metrics).outcome == "supported"


def test_copies_that_are_declared_vouched_for_or_counted_are_judged():
    assert judged({**KINDS["effect"], "may_be_identical": True}, one_run).outcome == "supported"
    assert judged(KINDS["effect"], one_run, fixed={}).outcome == "supported"
    share = {"kind": "proportion", "of": "runs", "arm": {DROP: 1}, "at_least": 0.5}
    assert judged(share, one_run).outcome == "supported"
    exact = {"kind": "exact", "arm": {DROP: 1}, "metric": "final/test_accuracy", "at_least": 0.5}
    assert judged(exact, one_run).outcome == "supported"
