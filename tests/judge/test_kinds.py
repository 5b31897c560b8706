"""Every kind of claim through the judge: what supports it, what refutes it, what leaves it open."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from pydantic import ValidationError

from ablate.claims.estimate import mean_estimate, win_estimate
from ablate.judge.rule import judge
from ablate.sweep.study import Study
from ablate.words.document import document_of
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of

from .conftest import BN, NORM, make_study, make_tables

SEEDS = 20


def one(factors, claim, value, **tables):
    return judge(make_study(factors, claim), make_tables(factors, value, **{"seeds": SEEDS, **tables}))[0]


def noise(seed, scale, *key):
    return scale * np.random.default_rng([seed, *key]).normal()


@pytest.mark.parametrize(
    ("gain", "outcome", "label"),
    [
        (0.0, "supported", ""),
        (0.02, "refuted", "different"),
        (-0.02, "refuted", "different"),
        (0.005, "inconclusive", ""),
    ],
)
def test_equivalence(gain, outcome, label):
    verdict = one(
        NORM,
        {"kind": "equivalence", **BN, "within": 0.005},
        lambda v, s: 0.8 + (v["norm"] == "batch") * (gain + noise(s, 0.003)),
    )
    assert (verdict.outcome, verdict.label) == (outcome, label)
    assert verdict.interval_level == pytest.approx(0.95)  # one level for both answers
    assert (outcome == "supported") == (verdict.interval_low > -0.005 and verdict.interval_high < 0.005)
    assert (verdict.region_low, verdict.region_high) == (-0.005, 0.005)


def test_an_equivalence_at_its_margin_is_decided_no_more_often_than_the_level(rng):
    decided = 0
    for _ in range(2000):
        d = 0.005 + 0.003 * rng.normal(size=10)
        p = mean_estimate(d, (-0.005, 0.005)).p
        decided += p <= 0.05
    assert decided / 2000 < 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.parametrize(("moderated", "outcome"), [(0.03, "supported"), (0.0, "refuted"), (0.01, "inconclusive")])
def test_interaction_is_a_difference_of_differences(moderated, outcome):
    factors = {**NORM, "depth": [1, 6]}

    def value(v, s):
        gain = 0.02 + (moderated if v["depth"] == 6 else 0.0)
        return 0.7 + s / 500 + (gain + noise(s, 0.004, v["depth"]) if v["norm"] == "batch" else 0.0)

    claim = {"kind": "interaction", **BN, "at": {"depth": 6}, "than_at": {"depth": 1}, "by_at_least": 0.01}
    verdict = one(factors, claim, value)
    assert verdict.outcome == outcome
    assert verdict.effect == pytest.approx(moderated, abs=0.004)
    assert "norm=batch gains more over norm=none on final/test_accuracy at depth=6 than at depth=1" in sentence_of(
        verdict
    )


@pytest.mark.parametrize(
    ("power", "outcome"), [(-0.5, "supported"), (-0.3, "refuted"), (-0.8, "refuted"), (-0.6, "inconclusive")]
)
def test_trend_finds_a_power_law(power, outcome):
    factors = {"step": [10, 100, 1000]}
    verdict = one(
        factors,
        {"kind": "trend", "over": "step", "log_log": True, "slope": [-0.6, -0.4], "metric": "opt/effective_step"},
        lambda v, s: 3.0 * v["step"] ** (power + noise(s, 0.02)),
        metric="opt/effective_step",
    )
    assert verdict.outcome == outcome
    assert verdict.scale == "slope"
    assert verdict.effect == pytest.approx(power, abs=0.02)


def test_a_slope_is_that_of_least_squares():
    rng = np.random.default_rng(3)
    x, y = [1.0, 2.0, 5.0], rng.normal(size=(8, 3))
    verdict = one(
        {"x": x},
        {"kind": "trend", "over": "x", "slope": [0.0, None], "metric": "final/train_loss"},
        lambda v, s: y[s, x.index(v["x"])],
        seeds=8,
        metric="final/train_loss",
    )
    expected = {s: float(np.polyfit(x, y[s], 1)[0]) for s in range(8)}
    assert verdict.differences == pytest.approx(expected)


@pytest.mark.parametrize(("factor", "outcome", "label"), [(2.0, "supported", ""), (1.0, "refuted", "too small"),
                                                          (0.5, "refuted", "reversed")])  # fmt: skip
def test_time_to_target_is_a_log_ratio(factor, outcome, label):
    verdict = one(
        NORM,
        {"kind": "time_to_target", **BN, "metric": "ttt/steps"},
        lambda v, s: 100.0 * math.exp(noise(s, 0.05)) / (factor if v["norm"] == "batch" else 1.0),
        metric="ttt/steps",
    )
    assert (verdict.outcome, verdict.label) == (outcome, label)
    assert verdict.effect == pytest.approx(math.log(factor))
    assert f"ratio = {factor:g}" in sentence_of(verdict)


def test_an_unreached_target_counts_as_the_whole_budget_with_its_rate_beside():
    verdict = one(
        NORM,
        {"kind": "time_to_target", **BN, "metric": "ttt/steps"},
        lambda v, s: 50.0 if v["norm"] == "batch" else ("censored", np.nan) if s % 2 else ("diverged", np.nan),
        metric="ttt/steps",
        steps=200,
    )
    assert verdict.effect == pytest.approx(math.log(4))
    assert verdict.details["arm"]["reached"] == 20
    assert verdict.details["against"] == {
        "reached": 0, "runs": 20, "rate": pytest.approx((0.0, 0.168433), abs=1e-5), "restricted_mean": 200.0,
    }  # fmt: skip


def with_outcomes(table):
    """(outcome, ttt, aulc) per arm; the tables get both metrics."""

    def build(seeds=SEEDS):
        tables = make_tables(NORM, lambda v, s: table[v["norm"]](s)[:2], seeds=seeds, metric="ttt/steps")
        tables.seeds["aulc/train_accuracy"] = [
            table[row.norm](row.seed)[2] for row in tables.seeds.itertuples(index=False)
        ]
        return tables

    return build


def test_reached_beats_censored_and_ties_go_by_the_area_under_the_curve():
    tables = with_outcomes(
        {
            # seeds 0-4: only the arm reaches; 5-9: it is faster; 10-14: as fast, higher area; the rest neither.
            "batch": lambda s: ("censored", np.nan, 0.3) if s >= 15 else ("reached", 150.0 if s < 5 else 40.0, 0.8),
            "none": lambda s: ("reached", 90.0 if s < 10 else 40.0, 0.7) if 5 <= s < 15 else ("censored", np.nan, 0.2),
        }
    )()
    verdict = judge(make_study(NORM, {"kind": "win_probability", **BN, "metric": "ttt/steps"}), tables)[0]
    assert verdict.effect == 1.0
    assert verdict.outcome == "supported"
    assert (verdict.interval_low, verdict.interval_high) == pytest.approx((0.831566, 1.0), abs=1e-5)  # Clopper–Pearson
    assert verdict.scale == "share"


def test_a_tie_to_the_end_counts_half():
    same = with_outcomes({"batch": lambda s: ("reached", 40.0, 0.5), "none": lambda s: ("reached", 40.0, 0.5)})()
    verdict = judge(make_study(NORM, {"kind": "win_probability", **BN, "metric": "ttt/steps"}), same)[0]
    assert (verdict.effect, verdict.outcome) == (0.5, "inconclusive")
    assert verdict.interval_low < 0.5 < verdict.interval_high


@pytest.mark.parametrize(
    ("wins", "losses", "outcome"), [(8, 0, "supported"), (0, 8, "refuted"), (6, 2, "inconclusive")]
)
def test_ties_neither_help_nor_hurt_who_wins_more_often(wins, losses, outcome):
    def value(s):
        return ("reached", 30.0 if s < wins else 50.0 if s < wins + losses else 40.0, 0.5)

    tables = with_outcomes({"batch": value, "none": lambda s: ("reached", 40.0, 0.5)})()
    verdict = judge(make_study(NORM, {"kind": "win_probability", **BN, "metric": "ttt/steps"}), tables)[0]
    assert verdict.outcome == outcome
    assert verdict.effect == 0.5 + (wins - losses) / 40
    assert (verdict.interval_low > 0.5) == (outcome == "supported")
    assert (verdict.interval_high < 0.5) == (outcome == "refuted")
    assert verdict.details == {"wins": wins, "ties": 12, "losses": losses}


def test_over_cells_the_interval_agrees_with_sign_flips_about_half(rng):
    for _ in range(40):
        own = rng.normal(size=(20, 1))
        found = win_estimate((own + 0.5 * rng.normal(size=(20, 4)) > -0.3).mean(axis=1), (0.5, math.inf))
        low, high = found.interval(0.95)
        assert (not low <= 0.5 <= high) == (found.p <= 0.05)
        assert 0.0 <= low < found.effect < high <= 1.0


CELLS = {**NORM, "std": [0.001, 0.01, 0.1, 1.0]}


@pytest.mark.parametrize(
    ("gains", "outcome", "won"),
    [
        ((0.03, 0.03, 0.03, -0.03), "supported", 3),
        ((0.03, 0.03, -0.03, -0.03), "refuted", 2),
        ((0.03, 0.03, 0.0, -0.03), "inconclusive", None),
    ],
)
def test_almost_all_cells(gains, outcome, won):
    def value(v, s):
        i = CELLS["std"].index(v["std"])
        return 0.8 + (gains[i] + noise(s, 0.005, i) if v["norm"] == "batch" else 0.0)

    verdict = one(CELLS, {"kind": "proportion", "of": "cells", **BN, "at_least": 3}, value)
    assert verdict.outcome == outcome
    if won is not None:
        assert verdict.details["won"] == won
        assert verdict.interval_low <= won / 4 <= verdict.interval_high
    assert verdict.per_cell["std=1.0"] < 0  # the reversed cell is shown
    assert "in at least 3 of 4 cells" in sentence_of(verdict)


@pytest.mark.parametrize(
    ("reached", "bound", "outcome"),
    [(20, {"at_least": 0.8}, "supported"), (0, {"at_most": 0.2}, "supported"), (20, {"at_most": 0.2}, "refuted"),
     (10, {"at_least": 0.8}, "refuted"), (16, {"at_least": 0.8}, "inconclusive")],
)  # fmt: skip
def test_a_success_rate_by_clopper_pearson(reached, bound, outcome):
    def value(v, s):
        return ("reached" if s < reached else "stalled", 0.5)

    verdict = one(
        NORM, {"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "metric": "outcome", **bound}, value
    )
    assert verdict.outcome == outcome
    assert verdict.details == {"successes": reached, "runs": 20}
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(reached, 20, method="beta")
    assert (verdict.interval_low, verdict.interval_high) == pytest.approx((low, high))


def test_a_property_falls_by_one_counterexample_and_costs_the_others_nothing():
    claim = {"kind": "exact", "metric": "exact/sums_to_one", "equals": 1}
    factors = {"dtype": ["float32", "float64"]}
    study = make_study(factors, claim, {**claim, "arm": {"dtype": "float64"}})
    tables = make_tables(factors, lambda v, s: float(not (v["dtype"] == "float32" and s == 3)), metric=claim["metric"])
    everywhere, double = judge(study, tables)
    assert (everywhere.outcome, everywhere.label) == ("refuted", "counterexample")
    assert said(everywhere.reason) == "1 of 16 runs are counterexamples."
    assert (double.outcome, double.p, double.family) == ("supported", None, 0)
    assert said(double.reason) == "No counterexample in 8 runs, which bounds their rate at 37 %, not at 0."


def test_a_property_of_a_crashed_run_is_not_known():
    claim = {"kind": "exact", "metric": "exact/sums_to_one", "equals": 1}
    verdict = one({"a": [1, 2]}, claim, lambda v, s: "crashed" if s == 3 else 1.0, metric=claim["metric"])
    assert verdict.outcome == "inconclusive"
    assert "2 of 40 planned runs have no value" in said(verdict.reason)


@pytest.mark.parametrize(("worth", "outcome"), [(1.6, "supported"), (1.0, "refuted"), (0.7, "refuted")])
def test_exchange_rate_of_learning_curves(worth, outcome):
    factors = {"augment": ["none", "shift"], "dataset.train_size": [50, 100, 200, 500, 1000, 2000]}

    def value(v, s):
        n = v["dataset.train_size"] * (worth if v["augment"] == "shift" else 1.0)
        return 0.5 + 0.05 * math.log(n / 50) + noise(s, 0.004, v["dataset.train_size"], v["augment"] == "shift")

    claim = {"kind": "exchange_rate", "arm": {"augment": "shift"}, "against": {"augment": "none"},
             "over": "dataset.train_size"}  # fmt: skip
    verdict = one(factors, claim, value)
    assert verdict.outcome == outcome
    assert math.exp(verdict.effect) == pytest.approx(worth, rel=0.05)
    low, high = verdict.details["bootstrap_95"]
    assert low < math.exp(verdict.effect) < high
    assert verdict.details["n"] == [50, 100, 200, 500, 1000]


def test_holm_runs_over_claims_of_different_kinds():
    factors = {**NORM, "depth": [1, 6]}
    study = make_study(
        factors,
        BN,
        {"kind": "equivalence", **BN, "within": 0.5},
        {"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "metric": "outcome", "at_least": 0.5},
    )
    tables = make_tables(factors, lambda v, s: 0.8 + noise(s, 0.01, v["depth"], v["norm"] == "batch"), seeds=SEEDS)
    verdicts = judge(study, tables)
    assert {v.family for v in verdicts} == {3}
    assert [v.p_adjusted >= v.p for v in verdicts] == [True] * 3
    for verdict in verdicts:
        json.dumps(document_of(verdict), allow_nan=False)
        inside = verdict.region_low < verdict.interval_low and verdict.interval_high < verdict.region_high
        assert (verdict.outcome == "supported") == inside


@pytest.mark.parametrize(
    "claim",
    [
        {"kind": "equivalence", **BN},
        {"kind": "equivalence", **BN, "within": 0},
        {"kind": "trend", "over": "norm", "slope": [None, None]},
        {"kind": "trend", "over": "norm", "slope": [1, 0]},
        {"kind": "proportion", "of": "cells", **BN, "metric": "outcome", "at_least": 3},
        {"kind": "proportion", "of": "cells", **BN, "at_least": 0.5},
        {"kind": "proportion", "of": "runs", "arm": {"norm": "none"}},
        {"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "at_least": 15},
        {"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "at_least": 0.5, "outcomes": ["reached"] * 2},
        {"kind": "exact"},
        {"kind": "interaction", **BN},
        {"kind": "effect", **BN, "within": 0.1},
        {"kind": "efect", **BN},
    ],
)
def test_a_claim_that_states_nothing_testable_is_refused(claim):
    with pytest.raises(ValidationError):
        Study.model_validate({"title": "t", "claims": [{"id": "c", "says": "s", "metric": "m", **claim}]})
