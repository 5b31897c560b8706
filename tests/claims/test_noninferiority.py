"""Not worse by more than a margin: one-sided, and oriented by the metric."""

import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.planning import check_contradictions
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.sweep.figures import MAPPED
from ablate.words.sentence import sentence_of

from ..judge.conftest import BN, NORM, make_study, make_tables

CLAIM = {"kind": "noninferiority", **BN, "margin": 0.01}
BOTH = pytest.mark.parametrize("kind", ["noninferiority", "noninferiority_unpaired"])


def gain(size, sd=0.002):
    noise = np.random.default_rng(2).normal(size=20)
    return lambda v, s: 0.8 + (size + sd * noise[s] if v["norm"] == "batch" else 0.0)


@BOTH
@pytest.mark.parametrize(
    ("size", "outcome", "label"),
    [(0.0, "supported", ""), (0.05, "supported", ""), (-0.03, "refuted", "inferior"), (-0.01, "inconclusive", "")],
)
def test_only_being_worse_by_the_margin_counts_against_it(size, outcome, label, kind):
    verdict = judge(make_study(NORM, CLAIM | {"kind": kind}), make_tables(NORM, gain(size), seeds=20))[0]
    assert (verdict.outcome, verdict.label) == (outcome, label)
    assert (verdict.region_low, verdict.region_high, verdict.delta) == (-0.01, math.inf, 0.01)


@BOTH
@pytest.mark.parametrize(("size", "outcome"), [(-0.05, "supported"), (0.05, "refuted")])
def test_of_a_loss_less_is_not_worse(kind, size, outcome):
    claim = CLAIM | {"metric": "final/test_loss", "kind": kind}
    tables = make_tables(NORM, gain(size), seeds=20, metric="final/test_loss")
    assert judge(make_study(NORM, claim), tables)[0].outcome == outcome


def test_its_p_is_that_of_the_effect_whose_threshold_is_minus_the_margin():
    tables = make_tables(NORM, gain(-0.008), seeds=20)
    verdict = judge(make_study(NORM, CLAIM), tables)[0]
    moved = make_tables(NORM, lambda v, s: gain(-0.008)(v, s) + 0.02 * (v["norm"] == "batch"), seeds=20)
    effect = judge(make_study(NORM, {**BN, "by_at_least": 0.01}), moved)[0]
    assert (verdict.outcome, verdict.p) == (effect.outcome, pytest.approx(effect.p))


def test_refuted_it_says_what_is_shown_instead_paired_or_not():
    tables = make_tables(NORM, gain(-0.03), seeds=20)
    for kind in ("noninferiority", "noninferiority_unpaired"):
        (verdict,) = judge(make_study(NORM, CLAIM | {"kind": kind}), tables)
        assert sentence_of(verdict).startswith(
            "Refuted (worse by more than the margin): that norm=batch is not worse than "
        )
        assert kind in MAPPED


@BOTH
def test_it_is_said_in_both_languages(kind):
    study, tables = make_study(NORM, CLAIM | {"kind": kind}), make_tables(NORM, gain(-0.03), seeds=20)
    assert "norm=batch is not worse than norm=none on final/test_accuracy by more than 1 pp" in (
        sentence_of(judge(study, tables)[0])
    )
    with speaking("zh"):
        assert "不比" in sentence_of(judge(study, tables)[0])


@BOTH
@pytest.mark.parametrize(("by", "clash"), [(0.01, True), (0.02, True), (0.005, False)])
def test_it_contradicts_an_effect_of_the_other_arm_that_is_as_large(by, clash, kind):
    study = make_study(NORM, CLAIM | {"kind": kind}, {"arm": BN["against"], "against": BN["arm"], "by_at_least": by})
    if clash:
        with pytest.raises(UserError, match="contradict each other"):
            check_contradictions(study)
    else:
        check_contradictions(study)
