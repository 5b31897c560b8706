import dataclasses

import pytest

from ablate.judge.rule import judge
from ablate.words.reasons import said

from .conftest import BN, NORM, make_study, make_tables

DEEP = {"norm": ["none", "batch"], "depth": [2, 8]}
CLAIM = {**BN, "by_at_least": 0.01}


def gain(levels, seed):
    return 0.8 + 0.1 * (levels["norm"] == "batch") + seed / 1000


def with_settings(tables, **settings):
    """Put values of settings to the arms, in design order: a value, or value -> number of runs."""
    facts = {
        arm: {
            **tables.facts[arm],
            "settings": {
                name: values[i] if isinstance(values[i], dict) else {values[i]: 8} for name, values in settings.items()
            },
        }
        for i, arm in enumerate(tables.planned["arm_id"])
    }
    return dataclasses.replace(tables, facts=facts)


def test_a_setting_that_differs_with_the_factor_holds_the_claim_back_and_is_named():
    tables = make_tables(NORM, gain)
    (free,) = judge(make_study(NORM, CLAIM), tables)
    assert (free.outcome, free.gates) == ("supported", ())
    (held,) = judge(make_study(NORM, CLAIM), with_settings(tables, lr=["0.1", "0.01"], epoch=["50", "50"]))
    assert held.outcome == "inconclusive"
    assert held.ungated == "supported"
    assert [gate.kind for gate in held.gates_failed] == ["confounded"]
    assert (
        "lr is not a factor of the study, but differs together with norm: 0.1 at norm=none, 0.01 at norm=batch"
        in said(held.reason)
    )
    assert "Without it the claim would be supported" in said(held.reason)


@pytest.mark.parametrize(
    ("values", "held"),
    [
        (["0.1", "0.1"], False),
        ([{"0.1": 7, "0.01": 1}, {"0.01": 7, "0.1": 1}], True),
        ([{"0.1": 4, "0.2": 4}, {"0.01": 8}], True),
        ([{"a": 4, "b": 4}, {"a": 5, "b": 3}], False),
        ([{"a": 4, "b": 4}, {"a": 8}], True),
    ],
)
def test_it_is_held_back_where_most_runs_of_the_two_arms_have_another_value(values, held):
    (verdict,) = judge(make_study(NORM, CLAIM), with_settings(make_tables(NORM, gain), lr=values))
    assert bool(verdict.gates_failed) == held


def test_a_setting_that_follows_another_factor_holds_only_claims_on_that_one_back():
    deeper = {"arm": {"depth": 8}, "against": {"depth": 2}, "by_at_least": 0.0}
    tables = with_settings(make_tables(DEEP, gain), lr=["0.1", "0.01", "0.1", "0.01"])
    norm, depth = judge(make_study(DEEP, CLAIM, deeper), tables)
    assert not norm.gates_failed
    assert "differs together with depth: 0.1 at depth=2, 0.01 at depth=8" in said(depth.gates_failed[0].reason)
    both = {"kind": "interaction", **CLAIM, "at": {"depth": 8}, "than_at": {"depth": 2}}
    (interaction,) = judge(make_study(DEEP, both), tables)
    assert interaction.gates_failed


def test_a_slope_over_levels_at_which_a_setting_changes_is_held_back():
    factors = {"depth": [2, 4, 8]}
    claim = {"kind": "trend", "over": "depth", "slope": [0.0, None]}
    tables = with_settings(make_tables(factors, lambda levels, seed: levels["depth"] / 10), lr=["0.1", "0.1", "0.01"])
    (verdict,) = judge(make_study(factors, claim), tables)
    assert "depth" in said(verdict.gates_failed[0].reason)


def test_a_share_of_one_arms_runs_compares_nothing():
    claim = {"kind": "proportion", "of": "runs", "arm": {"norm": "batch"}, "at_least": 0.5}
    (verdict,) = judge(make_study(NORM, claim), with_settings(make_tables(NORM, gain), lr=["0.1", "0.01"]))
    assert not verdict.gates_failed
