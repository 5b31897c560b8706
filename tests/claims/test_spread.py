"""The ratio of spreads: what its interval covers, and what a claim on it says."""

import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.planning import check_contradictions
from ablate.judge.rule import judge
from ablate.stats.spread import spread_ratio
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of

from ..judge.conftest import BN, NORM, make_study, make_tables

CLAIM = {"kind": "variance_ratio", **BN}
DRAWS = {"normal": lambda rng, n: rng.normal(size=n), "t": lambda rng, n: rng.standard_t(5, size=n)}


def pitman_morgan(a, b, level):
    """Ends of log(s_b / s_a) by the correlation of sum and difference: exact for normal pairs."""
    from scipy.special import stdtrit

    n, r = len(a), np.corrcoef(a, b)[0, 1]
    k = 1 + 2 * (1 - r * r) * float(stdtrit(n - 2, 0.5 + level / 2)) ** 2 / (n - 2)
    half = math.sqrt(k * k - 1)
    ratio = b.var(ddof=1) / a.var(ddof=1)
    return 0.5 * math.log(ratio * (k - half)), 0.5 * math.log(ratio * (k + half))


@pytest.mark.parametrize(("name", "seeds", "least"), [("normal", 12, 0.92), ("normal", 20, 0.93), ("t", 20, 0.91)])
def test_the_interval_holds_the_truth_nearly_as_often_as_it_says(name, seeds, least):
    rng, held, runs = np.random.default_rng(3), 0, 600
    for _ in range(runs):
        shared = DRAWS[name](rng, seeds)
        a, b = (0.7 * shared + math.sqrt(0.51) * DRAWS[name](rng, seeds) for _ in range(2))
        low, high = spread_ratio(a, 1.5 * b).log_interval(0.95)
        held += low <= math.log(1.5) <= high
    assert least <= held / runs <= 0.98


def test_it_is_near_pitman_and_morgan_where_they_are_exact():
    rng = np.random.default_rng(5)
    shared = rng.normal(size=400)
    a, b = (0.7 * shared + 0.7 * rng.normal(size=400) for _ in range(2))
    assert spread_ratio(a, b).log_interval(0.95) == pytest.approx(pitman_morgan(a, b, 0.95), abs=0.02)


def test_exchanging_the_arms_and_changing_units_change_nothing_else():
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(2, 15))
    here, there, scaled = spread_ratio(a, b), spread_ratio(b, a), spread_ratio(100 * a + 3, 100 * b - 1)
    assert there.log_ratio == pytest.approx(-here.log_ratio)
    assert there.p_value() == pytest.approx(here.p_value())
    assert scaled.log_interval() == pytest.approx(here.log_interval())


def test_p_and_interval_agree():
    rng = np.random.default_rng(8)
    found = spread_ratio(rng.normal(size=12), 2.0 * rng.normal(size=12))
    for end in found.confidence_interval(0.9):
        assert found.p_value(end) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1.0, 2.0] * 3, [1.0, 2.0] * 3, "8 seeds or more"),
        ([1.0, 2.0] * 5, [1.0, 2.0] * 4, "8 seeds or more"),
        ([1.0] * 8, [1.0, 2.0] * 4, "vary over seeds"),
        ([1.0, math.nan] * 4, [1.0, 2.0] * 4, "finite"),
    ],
)
def test_wrong_input_is_one_clear_error(a, b, message):
    with pytest.raises(UserError, match=message):
        spread_ratio(a, b)


def wobble(batch, none):
    noise = np.random.default_rng(11).normal(size=(2, 40))
    return lambda v, s: 0.8 + (batch * noise[0, s] if v["norm"] == "batch" else none * noise[1, s])


@pytest.mark.parametrize(
    ("batch", "none", "ratio", "outcome", "label"),
    [
        (0.01, 0.04, 1.5, "supported", ""),
        (0.04, 0.01, 1.0, "refuted", "reversed"),
        (0.02, 0.022, 3.0, "refuted", "too small"),
        (0.02, 0.022, 1.0, "inconclusive", ""),
    ],
)
def test_a_claim_on_the_spread_is_judged(batch, none, ratio, outcome, label):
    tables = make_tables(NORM, wobble(batch, none), seeds=30)
    verdict = judge(make_study(NORM, CLAIM | {"ratio": ratio}), tables)[0]
    assert (verdict.outcome, verdict.label, verdict.scale) == (outcome, label, "log ratio")
    sd = verdict.details["sd"]
    assert verdict.effect == pytest.approx(math.log(sd["against"][0] / sd["arm"][0]))
    assert len(verdict.differences) == verdict.pairs == 30
    assert "jackknife" in sentence_of(verdict)


def test_the_level_of_a_false_verdict_is_kept_by_the_whole_judge():
    rng, wrong = np.random.default_rng(13), 0
    study = make_study(NORM, CLAIM)
    for _ in range(150):
        noise = rng.normal(size=(2, 12))
        tables = make_tables(NORM, lambda v, s, x=noise: 0.8 + 0.01 * x[int(v["norm"] == "batch"), s], seeds=12)
        wrong += judge(study, tables, extras=False)[0].decided
    assert wrong / 150 <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 150)


def test_steps_that_a_budget_cut_off_have_no_spread():
    tables = make_tables(
        NORM, lambda v, s: ("censored", math.nan) if s == 3 else 50.0 + s, seeds=12, metric="ttt/steps", steps=200
    )
    verdict = judge(make_study(NORM, CLAIM | {"metric": "ttt/steps"}), tables)[0]
    assert verdict.outcome == "not_tested"
    assert "2 of 24 runs did not reach the target" in said(verdict.reason)


def test_an_arm_that_does_not_vary_is_told():
    tables = make_tables(NORM, lambda v, s: 0.8 if v["norm"] == "batch" else 0.8 + 0.01 * s, seeds=12)
    verdict = judge(make_study(NORM, CLAIM), tables)[0]
    assert verdict.outcome == "not_tested"
    assert "does not vary" in said(verdict.reason)


def test_both_arms_cannot_vary_less():
    other = {"kind": "variance_ratio", "arm": BN["against"], "against": BN["arm"]}
    with pytest.raises(UserError, match="contradict each other"):
        check_contradictions(make_study(NORM, CLAIM, other))
