"""Intervals that hold together: which claims have them, at which level, and that they decide nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.stats.joint import joint_level
from ablate.stats.mean import mean_interval
from ablate.words.document import document_of, verdict_from

from .conftest import BN, make_study, make_tables

CELLS = {"norm": ["none", "batch"], "cell": [0, 1, 2, 3]}
EACH = {**BN, "by_at_least": 0.005, "each": ["cell"]}


def gains(shared=0.0):
    rng = np.random.default_rng(3)
    common, own = rng.normal(size=20), rng.normal(size=(20, 4))

    def value(levels, seed):
        noise = np.sqrt(shared) * common[seed] + np.sqrt(1 - shared) * own[seed, levels["cell"]]
        return 0.8 + (levels["norm"] == "batch") * (0.01 * levels["cell"] + 0.01 * noise)

    return value


@pytest.fixture(scope="module")
def verdicts():
    return judge(make_study(CELLS, EACH), make_tables(CELLS, gains(), seeds=20))


def test_cells_of_one_claim_have_the_interval_of_max_t_made_as_their_own(verdicts):
    d = np.array([list(v.differences.values()) for v in verdicts]).T
    level = joint_level(d, level=0.95)
    assert 0.95 < level <= 1 - 0.05 / 4 + 1e-12
    for column, v in zip(d.T, verdicts, strict=True):
        assert (v.joint.level, v.joint.together, v.joint.members, v.joint.by) == (level, 0.95, 4, "max-T")
        assert (v.joint.low, v.joint.high) == pytest.approx(mean_interval(column, level=level))


def test_they_are_wider_than_those_of_claims_that_were_decided_late(verdicts):
    widths = [(v.joint.high - v.joint.low, v.interval_high - v.interval_low) for v in verdicts]
    assert any(joint > own for joint, own in widths)


def test_verdicts_are_the_same_without_them(verdicts):
    for v, bare in zip(
        verdicts, judge(make_study(CELLS, EACH), make_tables(CELLS, gains(), seeds=20), extras=False), strict=True
    ):
        assert bare.joint is None
        assert (v.outcome, v.label, v.p_adjusted, v.interval_low) == (
            bare.outcome, bare.label, bare.p_adjusted, bare.interval_low,
        )  # fmt: skip


def test_cells_that_go_up_and_down_together_need_less():
    held = [
        judge(make_study(CELLS, EACH), make_tables(CELLS, gains(shared), seeds=20))[0].joint.level
        for shared in (0.0, 0.98)
    ]
    assert held[1] < held[0] - 0.005


def test_a_claim_with_one_cell_has_none():
    study = make_study(CELLS, BN, {**EACH, "where": {"cell": [1]}})
    assert [v.joint for v in judge(study, make_tables(CELLS, gains(), seeds=20))] == [None, None]


def test_effects_that_are_no_means_have_bonferronis():
    study = make_study(CELLS, {**BN, "kind": "win_probability", "ties_by": "final/test_accuracy", "each": ["cell"]})
    for v in judge(study, make_tables(CELLS, gains(), seeds=20)):
        assert (v.joint.by, v.joint.level) == ("Bonferroni", pytest.approx(1 - 0.05 / 4))


def test_a_cell_without_runs_has_none_and_the_others_do():
    def value(levels, seed):
        return "missing" if levels["cell"] == 2 else gains()(levels, seed)

    found = judge(make_study(CELLS, EACH), make_tables(CELLS, value, seeds=20))
    assert [v.joint.members if v.joint else 0 for v in found] == [3, 3, 0, 3]


def test_they_are_read_back_from_the_file(verdicts):
    for v in verdicts:
        assert verdict_from(document_of(v)).joint == v.joint
    older = {key: value for key, value in document_of(verdicts[0]).items() if key != "joint"}
    assert verdict_from(older) == dataclasses.replace(verdict_from(document_of(verdicts[0])), joint=None)
