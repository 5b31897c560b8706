"""Steps to a target under budgets that differ, that nobody used up, or that hide a difference."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.claims.capped import at_common_budget, objection, seeds_that_say_something, sign_p
from ablate.claims.parts import ManipulationCheck
from ablate.judge.endpoint import endpoint
from ablate.judge.gates import manipulation
from ablate.judge.rule import judge
from ablate.judge.summary import summary
from ablate.track.tuned import largest_budget, run_score
from ablate.train.metric import CORE
from ablate.words.reasons import said

from .conftest import BN, NORM, make_study, make_tables

STEPS = "ttt/steps"
TIME = {"kind": "time_to_target", **BN, "metric": STEPS}


def timed(steps, *, none=100, batch=100, seeds=8, factors=NORM):
    """Runs whose arms have budgets of their own; `steps(levels, seed)` gives a number, or None for not reached."""

    def value(levels, seed):
        found = steps(levels, seed)
        return ("censored", math.nan) if found is None else ("reached", float(found))

    tables = make_tables(factors, value, seeds=seeds, metric=STEPS)
    own = {"none": none, "batch": batch}
    rows = tables.planned.to_dict("records")
    facts = {str(row["arm_id"]): {} if own[row["norm"]] is None else {"steps": own[row["norm"]]} for row in rows}
    return dataclasses.replace(tables, facts=facts)


def judged(claim, tables, factors=NORM):
    (verdict,) = judge(make_study(factors, claim, seeds=8), tables)
    return verdict


def nobody(levels, seed):
    del levels, seed


FACTORS = {**NORM, "lr": [0.01, 0.1]}
KINDS = [
    TIME,
    {**BN, "metric": STEPS},
    {"kind": "equivalence", **BN, "metric": STEPS, "within": 50.0},
    {"kind": "proportion", "of": "cells", **BN, "metric": STEPS, "at_least": 1},
    {"kind": "basin_width", "over": "lr", **BN, "metric": STEPS, "by_at_least": 0.1},
    {"kind": "trend", "over": "lr", "arm": {"norm": "batch"}, "metric": STEPS, "slope": [-1.0, 1.0], "log_log": True},
    {"kind": "interaction", **BN, "metric": STEPS, "at": {"lr": 0.01}, "than_at": {"lr": 0.1}},
    {"kind": "exchange_rate", "over": "lr", **BN, "metric": STEPS},
]


@pytest.mark.parametrize("claim", KINDS, ids=lambda claim: claim.get("kind", "effect"))
@pytest.mark.parametrize("budgets", [(100, 100), (20, 100), (100, 20), (10, 1000)])
def test_where_nobody_reached_the_target_nothing_is_said_of_speed(claim, budgets):
    tables = timed(nobody, none=budgets[0], batch=budgets[1], factors=FACTORS)
    verdict = judged(claim, tables, FACTORS)
    assert verdict.outcome == "not_tested"
    assert verdict.effect is None
    assert "target" in said(verdict.reason)


def test_the_reason_names_the_common_budget():
    verdict = judged(TIME, timed(nobody, none=20, batch=100))
    assert said(verdict.reason) == (
        "In 8 of 8 pairs neither side reached the target, which says nothing about their speed. "
        "Each counts as the budget that all sides had (20 steps)."
    )


def test_equal_budgets_leave_an_endpoint_as_it_is():
    found = endpoint(timed(lambda v, s: 40 + s), STEPS)
    assert at_common_budget(found, np.array([[1, 0]])) is found


def test_who_reached_later_than_the_common_budget_had_not_reached_by_then():
    tables = timed(lambda v, s: 150 if v["norm"] == "none" else 60, none=1000, batch=100)
    held = at_common_budget(endpoint(tables, STEPS), np.array([[1, 0]]))
    assert held.value[:, 0].tolist() == [100.0] * 8
    assert held.filled[:, 0].all()
    assert held.capped[:, 0].all()
    assert held.value[:, 1].tolist() == [60.0] * 8


def test_a_budget_that_is_not_known_is_held_to_the_one_that_is():
    tables = timed(lambda v, s: 150 if v["norm"] == "none" else 60, none=None, batch=100)
    held = at_common_budget(endpoint(tables, STEPS), np.array([[1, 0]]))
    assert held.value[:, 0].tolist() == [100.0] * 8


def test_without_any_budget_runs_that_all_reached_are_compared_as_they_are():
    verdict = judged(TIME, timed(lambda v, s: 50 if v["norm"] == "batch" else 150 + s, none=None, batch=None))
    assert verdict.outcome == "supported"


def test_a_run_that_did_not_reach_a_budget_nobody_knows_has_no_number_of_steps():
    tables = timed(lambda v, s: None if s == 3 else 50, none=None, batch=None)
    verdict = judged(TIME, tables)
    assert verdict.outcome == "not_tested"
    assert "a budget that is not known" in said(verdict.reason)
    assert "column `budget`" in said(verdict.advice)


times = st.lists(st.one_of(st.none(), st.integers(1, 100)), min_size=16, max_size=16)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(times, st.integers(1, 50), st.sampled_from(["none", "batch"]))
def test_a_larger_budget_that_shows_nothing_new_changes_no_verdict(found, factor, side):
    def steps(levels, seed):
        return found[seed + 8 * (levels["norm"] == "batch")]

    alike = judged(TIME, timed(steps))
    other = judged(TIME, timed(steps, **{side: 100 * factor}))
    assert (other.outcome, other.effect, other.p) == (alike.outcome, alike.effect, alike.p)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(times, st.permutations(range(8)), st.sampled_from([(100, 100), (100, 400), (400, 100)]))
def test_the_order_of_the_seeds_and_the_sides_names_change_nothing(found, order, budgets):
    def steps(levels, seed):
        return found[seed + 8 * (levels["norm"] == "batch")]

    first = judged({**TIME, "ratio": 1.0}, timed(steps, none=budgets[0], batch=budgets[1]))
    again = judged({**TIME, "ratio": 1.0}, timed(lambda v, s: steps(v, order[s]), none=budgets[0], batch=budgets[1]))
    assert again.outcome == first.outcome
    swapped = {**TIME, "ratio": 1.0, "arm": BN["against"], "against": BN["arm"]}
    turned = judged(swapped, timed(steps, none=budgets[0], batch=budgets[1]))
    assert (turned.outcome == "not_tested") == (first.outcome == "not_tested")
    if first.effect is not None:
        assert turned.effect == pytest.approx(-first.effect)
    assert not first.outcome == turned.outcome == "supported"


def test_a_verdict_does_not_rest_on_pairs_that_say_nothing():
    # One side is three times as fast wherever anybody got there; in most pairs nobody did.
    def steps(levels, seed):
        return None if seed >= 8 else 30 if levels["norm"] == "batch" else 90

    verdict = judged(TIME, timed(steps, seeds=300))
    assert verdict.ungated == verdict.outcome == "inconclusive"
    assert said(verdict.reason).startswith("In 292 of 300 pairs neither side reached the target")
    assert "Without them the claim would be supported" in said(verdict.reason)
    (unaware,) = judge(make_study(NORM, TIME), timed(lambda v, s: 90 if s >= 8 else steps(v, s), seeds=300))
    assert unaware.outcome == "refuted"  # the same numbers, had everybody got there


def test_a_difference_found_in_spite_of_silent_pairs_stands_and_tells_of_them():
    def steps(levels, seed):
        return None if seed >= 14 else 10 if levels["norm"] == "batch" else 90

    verdict = judged(TIME, timed(steps, seeds=20))
    assert verdict.outcome == "supported"
    assert verdict.silent == (6, 20)


def test_too_small_is_not_said_of_a_side_that_was_cut_off():
    verdict = judged(TIME, timed(lambda v, s: 90 + s % 2 if v["norm"] == "batch" else None))
    assert verdict.effect == pytest.approx(math.log(100 / 90.5), abs=0.01)
    assert verdict.outcome == "inconclusive"
    assert "cut off by its budget" in said(verdict.reason)


def test_one_run_cut_off_among_many_does_not_keep_a_claim_open():
    def steps(levels, seed):
        return None if (levels["norm"], seed) == ("none", 7) else 60 + seed % 5

    verdict = judged(TIME, timed(steps, seeds=20))
    assert (verdict.outcome, verdict.label) == ("refuted", "too small")


@pytest.mark.parametrize(("missed", "outcome"), [(10, "supported"), (11, "inconclusive")])
def test_no_ratio_is_decided_where_most_runs_of_a_side_were_cut_off(missed, outcome):
    def steps(v, s):
        return 10 + s % 3 if v["norm"] == "batch" else None if s < missed else 60 + s

    verdict = judged(TIME, timed(steps, seeds=20))
    assert verdict.outcome == outcome
    assert verdict.interval_low > math.log(1.25)
    if missed == 11:
        assert said(verdict.reason).startswith(
            "11 of 20 runs of norm=none did not reach the target. The budget cut off more than"
        )
        assert "`kind: win_probability`" in said(verdict.advice)
        ranks = {"kind": "win_probability", **BN, "metric": STEPS, "ties_by": STEPS}
        assert judged(ranks, timed(steps, seeds=20)).outcome == "supported"


def test_equal_is_not_said_where_a_budget_made_it_so():
    claim = {"kind": "equivalence", **BN, "metric": STEPS, "within": 20.0}
    assert judged(claim, timed(lambda v, s: 90 if v["norm"] == "batch" else None)).outcome == "inconclusive"
    assert judged(claim, timed(lambda v, s: 90 + s % 3)).outcome == "supported"


def test_an_interaction_is_not_made_by_one_pair_that_was_cut_off():
    # At 0.01 both sides are seen to the end; at 0.1 `none` is cut off, so its gap is larger than it counts as.
    def steps(levels, seed):
        if levels["lr"] == 0.01:
            return 10 + seed % 2 if levels["norm"] == "batch" else 90
        return 60 if levels["norm"] == "batch" else None

    claim = {"kind": "interaction", **BN, "metric": STEPS, "at": {"lr": 0.01}, "than_at": {"lr": 0.1}}
    assert judged(claim, timed(steps, factors=FACTORS), FACTORS).outcome == "inconclusive"


def test_a_cell_that_nobody_reached_is_neither_won_nor_lost():
    def steps(levels, seed):
        return None if levels["lr"] == 0.1 else 10 if levels["norm"] == "batch" else 90

    claim = {"kind": "proportion", "of": "cells", **BN, "metric": STEPS, "at_least": 2, "by_at_least": 5.0}
    verdict = judged(claim, timed(steps, factors=FACTORS), FACTORS)
    assert verdict.outcome == "inconclusive"
    assert judged({**claim, "at_least": 1}, timed(steps, factors=FACTORS), FACTORS).outcome == "supported"


def test_who_wins_is_told_at_the_common_budget_and_ties_only_by_what_compares():
    claim = {"kind": "win_probability", **BN, "metric": STEPS}
    tables = timed(lambda v, s: 500 if v["norm"] == "none" else None, none=1000, batch=100)
    tables = dataclasses.replace(tables, seeds=tables.seeds.assign(**{"aulc/train_accuracy": 0.5}))
    verdict = judged(claim, tables)
    assert verdict.outcome == "not_tested"
    assert "a mean over different numbers of steps (100 and 1000)" in said(verdict.reason)
    faster = timed(lambda v, s: 500 if v["norm"] == "none" else 60, none=1000, batch=100)
    faster = dataclasses.replace(faster, seeds=faster.seeds.assign(**{"aulc/train_accuracy": 0.5}))
    assert judged(claim, faster).effect == 1.0


def test_a_pair_without_a_value_is_no_tie():
    tables = make_tables(NORM, lambda v, s: "crashed" if s == 2 and v["norm"] == "none" else 0.5, metric="loss")
    tables = dataclasses.replace(tables, seeds=tables.seeds.assign(accuracy=0.5))
    claim = {"kind": "win_probability", **BN, "metric": "loss", "ties_by": "accuracy"}
    assert judged(claim, tables).outcome == "not_tested"


AREA = {**BN, "metric": "aulc/train_accuracy"}


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (({"steps": 100}, {"steps": 100}), "supported"),
        (({"steps": 20}, {"steps": 100}), "not_tested"),
        (({"steps": 120, "recovery_steps": 100}, {"steps": 180, "recovery_steps": 100}), "supported"),
        (({}, {"steps": 100}), "supported"),
    ],
)
def test_an_area_under_a_curve_is_compared_with_one_over_as_many_steps(facts, outcome):
    tables = make_tables(NORM, lambda v, s: 0.5 + 0.1 * (v["norm"] == "batch") + 0.001 * s, metric=AREA["metric"])
    verdict = judged(AREA, dataclasses.replace(tables, facts={f"a{i}": known for i, known in enumerate(facts)}))
    assert verdict.outcome == outcome
    if outcome == "not_tested":
        assert "(20 and 100)" in said(verdict.reason)


@pytest.mark.parametrize(
    ("bounds", "outcome"),
    [({"at_most": 100}, "refuted"), ({"at_most": 90}, "refuted"), ({"at_least": 101}, "supported"),
     ({"at_least": 100}, "supported"), ({"at_least": 90}, "supported")],
)  # fmt: skip
def test_a_target_not_reached_took_more_steps_than_the_budget(bounds, outcome):
    claim = {"kind": "exact", "metric": STEPS, "arm": {"norm": "batch"}, **bounds}
    assert judged(claim, timed(nobody)).outcome == outcome


def test_a_manipulation_check_from_above_is_not_passed_by_runs_that_were_cut_off():
    tables = timed(lambda v, s: None if s else 5, none=10, batch=10)
    assert not manipulation(ManipulationCheck(metric=STEPS, at_most=20), tables).passed
    assert manipulation(ManipulationCheck(metric=STEPS, at_least=5), tables).passed


def test_the_ablation_table_shows_no_difference_where_nobody_reached_the_target():
    table = summary(timed(nobody, none=100, batch=20), STEPS)
    assert table["difference"].isna().all()
    assert table["p_adjusted"].isna().all()
    seen = summary(timed(lambda v, s: 10 if v["norm"] == "batch" else None, none=1000, batch=20), STEPS)
    assert seen["difference"].tolist()[1] == -10.0


def test_a_trial_that_gave_up_early_did_not_reach_the_target_faster():
    facts = [{"steps": 20}, {"steps": 100}]
    largest, meant = largest_budget(facts, "steps"), CORE[STEPS]
    early, late = (run_score("censored", math.nan, meant, {**own, **largest}) for own in facts)
    assert early == late < run_score("reached", 90.0, meant, facts[1])
    assert largest_budget([{"steps": 20}, {}], "steps") == {}


def test_what_speaks_against_an_outcome_needs_something_unseen():
    gaps = np.linspace(0.3, 0.5, 8)[:, None]
    assert objection(gaps, None, (0.2, math.inf), level=0.95, outcome="supported") is None
    assert seeds_that_say_something(gaps, np.zeros((8, 1), dtype=bool)).tolist() == gaps[:, 0].tolist()
    assert sign_p(8, 8) == pytest.approx(2 / 2**8)
