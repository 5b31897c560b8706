from __future__ import annotations

import pytest

from ablate.judge.rule import judge
from ablate.words.reasons import said

from .conftest import BN, CHANCE, NORM, make_study, make_tables


def judged(value, **claim):
    return judge(make_study(NORM, {**BN, **claim}), make_tables(NORM, value, seeds=12))[0]


def test_other_deltas_and_intervals_are_tried_and_flips_are_marked():
    verdict = judged(lambda v, s: 0.8 + (0.008 + s / 5000) * (v["norm"] == "batch"), by_at_least=0.006)
    rows = {said(row.reason): row for row in verdict.sensitivity}
    assert list(rows) == ["δ halved", "δ doubled", "Student's t interval", "bootstrap-t interval"]
    assert verdict.outcome == "supported"
    assert [said(row.reason) for row in verdict.flips] == ["δ doubled"]
    assert rows["δ doubled"].outcome == "refuted"


def test_failures_at_their_worst_and_best_bound_the_effect():
    def value(v, s):
        return 0.85 if v["norm"] == "none" else "diverged" if s == 0 else 0.9 + s / 1000

    verdict = judged(value)
    rows = {said(row.reason): row for row in verdict.sensitivity}
    own = sum(0.05 + s / 1000 for s in range(1, 12))
    assert verdict.effect == pytest.approx((own + CHANCE - 0.85) / 12)
    worst, best = (own + CHANCE - 0.85) / 12, (own + 0.911 - 0.85) / 12
    assert verdict.bounds == pytest.approx((worst, best))
    assert rows["failed and missing runs at the value worst for the claim"].effect == pytest.approx(worst)
    assert said(verdict.scope) == (
        "No run of norm=none (12 runs; at most 22 % of such runs fail, at 95 %) failed: what a failure would change is "
        "not part of the effect."
    )


def test_what_was_chosen_lies_between_failures_at_their_worst_and_best():
    def value(v, s):
        return 0.9 + s / 1000 if v["norm"] == "batch" else "diverged" if s < 6 else 0.9

    verdict = judged(value)
    assert verdict.effect > 0.3  # the six count as guessing, which no run that trains comes near
    assert verdict.bounds[0] < 0.02
    assert verdict.bounds[1] == pytest.approx(verdict.effect)


def test_a_loss_that_cannot_be_tested_still_has_its_bounds():
    tables = make_tables(NORM, lambda v, s: "diverged" if s == 2 else 0.3 + s / 100, metric="final/train_loss")
    verdict = judge(make_study(NORM, {**BN, "metric": "final/train_loss"}), tables)[0]
    assert verdict.outcome == "not_tested"
    assert verdict.bounds is not None
    assert verdict.bounds[0] < 0 < verdict.bounds[1]


def test_the_detectable_effect_shrinks_with_more_seeds():
    def at(seeds):
        tables = make_tables(NORM, lambda v, s: 0.8 + (-1) ** s * 0.01 * (v["norm"] == "batch"), seeds=seeds)
        return judge(make_study(NORM, BN), tables)[0].detectable

    assert at(24) < at(12) < at(8)


def test_a_run_that_used_up_its_budget_has_a_known_time_and_is_not_imputed():
    def value(v, s):
        return "censored" if v["norm"] == "none" and s % 2 else 100.0 + s if v["norm"] == "none" else 50.0 + s

    claim = {"kind": "time_to_target", "metric": "ttt/steps", "ratio": 1.2}
    tables = make_tables(NORM, value, seeds=12, metric="ttt/steps")
    assert judge(make_study(NORM, {**BN, **claim}), tables)[0].bounds is None


def test_a_claim_about_speed_is_looked_at_again_at_other_targets():
    tables = make_tables(
        NORM, lambda v, s: 50.0 + s if v["norm"] == "batch" else 100.0 + s, seeds=12, metric="ttt/steps"
    )
    batch = tables.seeds["norm"] == "batch"
    # At the harder target nothing is gained, at the easier one as much as before; one run never gets to the harder.
    tables.seeds["ttt/steps_easier"] = tables.seeds["ttt/steps"] / 2
    tables.seeds["ttt/steps_harder"] = (150.0 + tables.seeds["seed"]).where(~batch | (tables.seeds["seed"] > 0))
    claim = {**BN, "kind": "time_to_target", "metric": "ttt/steps", "ratio": 1.2}
    verdict = judge(make_study(NORM, claim), tables)[0]
    rows = {said(row.reason): row for row in verdict.sensitivity}
    assert verdict.outcome == rows["an easier target"].outcome == "supported"
    assert rows["an easier target"].effect == pytest.approx(verdict.effect)
    assert rows["a harder target"].effect < 0  # the run that never got there counts as the whole budget
    assert [said(row.reason) for row in verdict.flips] == ["a harder target"]
