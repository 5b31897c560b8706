from __future__ import annotations

import dataclasses

import pytest

from ablate.errors import UserError
from ablate.judge.comparable import check_comparable, mixtures

from .conftest import BN, NORM, make_study, make_tables


def checked(study, tables):
    rows = tables.planned[list(study.factors)].to_dict("records")
    check_comparable(study, rows, [tables.facts[arm] for arm in tables.planned["arm_id"]])


def with_facts(factors, *facts):
    return dataclasses.replace(make_tables(factors, lambda v, s: 0.8), facts={f"a{i}": f for i, f in enumerate(facts)})


@pytest.mark.parametrize("fact", ["fingerprint", "steps", "dtype"])
def test_arms_on_other_data_or_of_other_length_are_refused(fact):
    with pytest.raises(UserError) as error:
        checked(make_study(NORM, BN), with_facts(NORM, {fact: 1}, {fact: 2}))
    assert str(error.value) == (
        f"claim c0 compares arms with different {fact}: 1, 2. Make it a factor, or fix it for all arms."
    )


def test_what_a_factor_is_about_may_differ():
    factors = {"dataset.train_size": [100, 200]}
    claim = {"arm": {"dataset.train_size": 200}, "against": {"dataset.train_size": 100}}
    checked(make_study(factors, claim), with_facts(factors, {"fingerprint": "a"}, {"fingerprint": "b"}))


def test_only_arms_of_one_cell_are_compared():
    factors = {**NORM, "cell": [0, 1]}
    tables = with_facts(factors, {"steps": 1}, {"steps": 2}, {"steps": 1}, {"steps": 2})
    assert mixtures(make_study(factors, BN), tables) == []


@pytest.mark.parametrize("factor", ["program", "program.target"])
def test_another_program_may_read_its_data_in_its_own_way(factor):
    factors = {factor: ["one", "two"]}
    claim = {"arm": {factor: "two"}, "against": {factor: "one"}}
    checked(make_study(factors, claim), with_facts(factors, {"fingerprint": "a"}, {"fingerprint": "b"}))


def test_a_setting_of_one_program_explains_no_other_data():
    factors = {"program.C": [1, 2]}
    claim = {"arm": {"program.C": 2}, "against": {"program.C": 1}}
    with pytest.raises(UserError, match="different fingerprint"):
        checked(make_study(factors, claim), with_facts(factors, {"fingerprint": "a"}, {"fingerprint": "b"}))


def test_runs_that_are_there_are_held_to_a_common_budget_where_a_claim_counts_steps():
    rows, facts = [{"norm": "none"}, {"norm": "batch"}], [{"steps": 1000}, {"steps": 100}]
    timed = make_study(NORM, {"kind": "time_to_target", **BN, "metric": "ttt/steps"})
    check_comparable(timed, rows, facts, ran=True)
    for study, ran in ((timed, False), (make_study(NORM, BN), True)):
        with pytest.raises(UserError, match="different steps: 100, 1000"):
            check_comparable(study, rows, facts, ran=ran)
    with pytest.raises(UserError, match="different majority_rate"):
        check_comparable(timed, rows, [{"majority_rate": 0.1}, {"majority_rate": 0.5}], ran=True)
