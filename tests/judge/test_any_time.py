"""A study that may stop at any time: what is settled, what is run on, and that only the runs decide."""

import dataclasses

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.anytime import follow
from ablate.judge.looks import all_decided
from ablate.judge.planned import judge_planned, judge_registered
from ablate.judge.planning import check_plan, seeds_needed
from ablate.sweep.study import Study

from .conftest import make_tables

FACTORS = {"part": ["off", "on", "other"]}
ARMS = {"arm": {"part": "on"}, "against": {"part": "off"}}
OTHER = {"arm": {"part": "other"}, "against": {"part": "off"}}
METRIC = {"metric": "final/test_accuracy"}


def study(*claims, seeds=30, looks="anytime", **more):
    made = [{"id": f"c{i}", "says": "s", **METRIC, **claim} for i, claim in enumerate(claims)]
    return Study.model_validate(
        {"title": "t", "factors": FACTORS, "seeds": seeds, "looks": looks, "claims": made} | more
    )


def tables(on=0.02, other=0.001, *, seeds=30, sd=0.005, ran=None):
    """`on` is far above `off`, `other` hardly differs; `ran`: arm -> seeds it has, the rest is missing."""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(3, 200)) * sd

    def value(levels, seed):
        part = levels["part"]
        if ran is not None and seed >= ran[part]:
            return "missing"
        return 0.8 + {"off": 0.0, "on": on, "other": other}[part] + noise[FACTORS["part"].index(part), seed]

    return make_tables(FACTORS, value, seeds=seeds)


def test_a_claim_is_settled_at_the_first_look_that_decides_it_and_its_arms_are_dropped():
    state = follow(study({**ARMS, "by_at_least": 0.005}, {**OTHER, "by_at_least": 0.0}), tables())
    first, second = state.verdicts
    assert (first.outcome, first.look[:3], first.pairs) == ("supported", (1, 11, 10), 10)
    assert first.stop.code == "decided_after"
    assert (second.outcome, second.look[:3], second.stop.code) == ("inconclusive", (11, 11, 30), "open_at_the_most")
    assert state.needed == {"a0": 30, "a1": 10, "a2": 30}
    assert state.ends
    assert state.seeds == 30


def test_the_runs_that_were_needed_alone_give_the_same_verdicts():
    plan = study({**ARMS, "by_at_least": 0.005}, {**OTHER, "by_at_least": 0.0})
    whole = judge_planned(plan, tables())
    needed = tables(ran={"off": 30, "on": 10, "other": 30})
    assert judge_planned(plan, needed) == whole
    kept = follow(plan, needed).planned(plan, needed)
    assert len(kept.seeds) == 70
    assert judge_planned(plan, kept) == whole


def test_where_everything_is_decided_early_the_later_seeds_stand_in_no_table():
    plan = study({**ARMS, "by_at_least": 0.005})
    held = tables(ran={"off": 10, "on": 10, "other": 10})
    kept = follow(plan, held).planned(plan, held)
    assert set(kept.seeds["seed"]) == set(range(10))
    state = follow(plan, kept)
    assert state.ends
    assert state.verdicts == follow(plan, tables()).verdicts
    assert state.verdicts[0].look[:3] == (1, 11, 10)


@pytest.mark.parametrize("stops", [(10, 12), (10, 20, 22, 30), (16, 30)])
def test_however_often_it_is_stopped_the_same_runs_give_the_same_verdicts(stops):
    plan = study({**OTHER, "by_at_least": 0.0}, {**ARMS, "by_at_least": 0.012})
    whole = follow(plan, tables(on=0.014, ran=dict.fromkeys(FACTORS["part"], stops[-1])))
    state = None
    for count in stops:
        ran = tables(on=0.014, ran=dict.fromkeys(FACTORS["part"], count))
        state = follow(plan, ran, extras=False, before=state)
    again = follow(plan, tables(on=0.014, ran=dict.fromkeys(FACTORS["part"], stops[-1])), extras=False)
    assert state == again
    assert [v.outcome for v in state.verdicts] == [v.outcome for v in whole.verdicts]


def test_an_extended_study_has_the_verdicts_of_one_that_was_planned_so_large():
    short = study({**OTHER, "by_at_least": 0.0})
    long = study({**OTHER, "by_at_least": 0.0}, seeds=list(range(60)))
    before = follow(short, tables(other=0.002, seeds=30))
    verdicts, beside = judge_registered(long, tables(other=0.002, seeds=60), seeds=range(30))
    assert beside == []
    assert verdicts == judge_planned(long, tables(other=0.002, seeds=60))
    assert before.verdicts[0].outcome == "inconclusive"
    assert verdicts[0].pairs > 30


def test_a_look_waits_for_the_arms_it_needs_and_for_crashed_runs():
    plan = study({**OTHER, "by_at_least": 0.0})
    ran = {"off": 14, "on": 10, "other": 13}
    assert follow(plan, tables(ran=ran)).seeds == 12
    assert follow(plan, tables(ran={"off": 14, "on": 9, "other": 14})).taken == 0  # the first look is of all arms
    crashed = tables(ran={"off": 14, "on": 10, "other": 14})
    rows = (crashed.seeds["arm_id"] == "a2") & (crashed.seeds["seed"] == 11)
    crashed = dataclasses.replace(crashed, seeds=crashed.seeds.assign(
        outcome=crashed.seeds["outcome"].mask(rows, "crashed")))  # fmt: skip
    assert follow(plan, crashed).seeds == 10
    blank = follow(plan, tables(ran=dict.fromkeys(FACTORS["part"], 4)))
    assert blank.verdicts[0].reason.code == "before_first_look"
    assert not blank.ends


def test_a_claim_waits_for_the_control_that_holds_its_gate():
    gate = {"gates": [{"kind": "positive_control", "claim": "c1"}]}
    plan = study({**ARMS, "by_at_least": 0.005, **gate}, {**OTHER, "by_at_least": 0.0})
    waiting = follow(plan, tables(other=0.004, ran=dict.fromkeys(FACTORS["part"], 10)))
    assert not waiting.settled
    assert waiting.needed["a1"] == 12
    end = follow(plan, tables(other=0.004))
    assert [v.outcome for v in end.verdicts] == ["supported", "supported"]
    assert end.verdicts[0].look[2] == end.verdicts[1].look[2] > 10
    wrong = follow(plan, tables(other=-0.02))
    assert wrong.verdicts[0].stop.code == "held_by_its_gate"
    assert wrong.ends
    assert all_decided(wrong.verdicts)


def test_a_property_is_refuted_at_once_and_shown_by_all_planned_runs():
    claim = {"kind": "exact", "arm": {"part": "on"}, "at_least": 0.0}
    end = follow(study(claim), tables())
    assert (end.verdicts[0].outcome, end.verdicts[0].look[2]) == ("supported", 30)
    wrong = follow(study({**claim, "at_least": 0.9}), tables())
    assert (wrong.verdicts[0].outcome, wrong.verdicts[0].look[2]) == ("refuted", 10)


KINDS = [
    ({**ARMS, "kind": "effect", "by_at_least": 0.005}, "supported"),
    ({**OTHER, "kind": "equivalence", "within": 0.01}, "supported"),
    ({**ARMS, "kind": "equivalence", "within": 0.01}, "refuted"),
    ({**OTHER, "kind": "noninferiority", "margin": 0.01}, "supported"),
    ({**ARMS, "kind": "win_probability", "ties_by": "final/test_accuracy"}, "supported"),
    ({**ARMS, "kind": "proportion", "of": "cells", "at_least": 1, "by_at_least": 0.005}, "supported"),
    ({"arm": {"part": "on"}, "kind": "proportion", "of": "runs", "at_least": 0.6, "metric": "outcome"}, "supported"),
    ({"arm": {"part": "on"}, "kind": "proportion", "of": "runs", "at_most": 0.5, "metric": "outcome"}, "refuted"),
]


@pytest.mark.parametrize(("claim", "outcome"), KINDS)
def test_every_kind_that_can_is_judged_early(claim, outcome):
    (verdict,) = follow(study(claim), tables()).verdicts
    assert verdict.outcome == outcome
    assert verdict.look[2] < 30
    assert verdict.p_adjusted <= 0.05
    inside = verdict.interval_low > verdict.region_low - 1e-9 and verdict.interval_high < verdict.region_high + 1e-9
    assert inside == (outcome == "supported")


@pytest.mark.parametrize("kind", [{"kind": "variance_ratio"}, {"kind": "exchange_rate", "over": "n"}])
def test_a_kind_that_cannot_be_is_refused_with_those_that_can(kind):
    plan = study({**ARMS, **kind}, factors={**FACTORS, "n": [10, 20]})
    with pytest.raises(UserError, match="cannot be judged at any time") as caught:
        check_plan(plan, 30)
    assert "basin_width, difference, effect, equivalence" in str(caught.value)
    assert "variance_ratio," not in str(caught.value)


@pytest.mark.parametrize(("seeds", "told"), [(31, "30 or 32"), (8, "the nearest is 10")])
def test_seeds_must_end_a_batch(seeds, told):
    with pytest.raises(UserError, match=told):
        check_plan(study(ARMS), seeds)


@pytest.mark.parametrize("looks", ["anytme", {"first": 5}, {"frist": 12}, {"every": 0}, [10, 5], [0, 3], [1.5], 10, {}])
def test_looks_that_are_none_are_refused(looks):
    with pytest.raises(ValueError, match="rising counts of seeds, `anytime`, or"):
        study(ARMS, looks=looks)


def test_looks_are_kept_as_they_are_read():
    plan = study(ARMS, looks={"first": 12, "every": 4}, seeds=24)
    assert plan.any_time.counts(24) == (12, 16, 20, 24)
    again = Study.model_validate(plan.model_dump(mode="json"))
    assert again.any_time == plan.any_time
    assert study(ARMS).model_dump(mode="json")["looks"] == {"first": 10, "every": 2}


def test_more_claims_ask_for_more_seeds():
    few, many = study(ARMS), study(*[{**ARMS, "by_at_least": i / 100} for i in range(1, 40)])
    assert seeds_needed(few)[0].seeds == 7
    assert seeds_needed(many)[0].seeds == 14
