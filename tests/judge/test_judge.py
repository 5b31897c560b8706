from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.rule import judge
from ablate.stats.mean import mean_interval, mean_p
from ablate.stats.multiplicity import holm
from ablate.stats.signflip import sign_flip_p
from ablate.words.document import document_of
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of

from .conftest import BN, CHANCE, NORM, make_study, make_tables


@pytest.fixture(autouse=True)
def _no_garbage_collection(monkeypatch):
    monkeypatch.setattr("gc.collect", lambda *_: 0)  # statsmodels collects at every call: 80 ms in a test process


def gains(*d, base=0.8):
    """norm=batch is d[seed] above norm=none."""
    return lambda levels, seed: base + (d[seed] if levels["norm"] == "batch" else 0.0)


def judged(d, delta=0.0, **claim):
    tables = make_tables(NORM, gains(*d), seeds=len(d), metric=claim.get("metric", "final/test_accuracy"))
    return judge(make_study(NORM, {**BN, "by_at_least": delta, **claim}), tables)[0]


UP = (0.031, 0.028, 0.035, 0.03, 0.029, 0.033, 0.027, 0.034)
FLAT = (0.001, -0.001, 0.002, -0.002, 0.0005, 0.0, -0.0005, 0.001)
WIDE = (0.05, -0.03, 0.02, -0.04, 0.06, 0.01, -0.02, 0.03)


@pytest.mark.parametrize(
    ("d", "delta", "outcome", "label"),
    [
        (UP, 0.0, "supported", ""),
        (UP, 0.005, "supported", ""),
        (UP, 0.1, "refuted", "negligible"),
        ([-x for x in UP], 0.005, "refuted", "reversed"),
        ([-x for x in UP], 0.0, "refuted", "reversed"),
        ([-x for x in UP], 0.03, "refuted", "harmful"),
        (FLAT, 0.005, "refuted", "negligible"),
        (FLAT, 0.0, "inconclusive", ""),
        (WIDE, 0.005, "inconclusive", ""),
        ([0.02] * 8, 0.005, "supported", ""),
        ([0.0] * 8, 0.005, "refuted", "negligible"),
        ([0.0] * 8, 0.0, "inconclusive", ""),
        ([0.02] * 8, 0.02, "inconclusive", ""),
        (UP[:5], 0.0, "not_tested", ""),
        (UP[:6], 0.0, "supported", ""),
        ([0.02], 0.0, "not_tested", ""),
    ],
)
def test_verdict_truth_table(d, delta, outcome, label):
    verdict = judged(d, delta)
    assert (verdict.outcome, verdict.label) == (outcome, label)
    assert verdict.decided == (outcome in ("supported", "refuted"))


HARM = [-0.027, -0.022, -0.018, -0.017, -0.013, -0.0135, -0.012, -0.0115]


@pytest.mark.parametrize(
    ("d", "delta", "label", "words"),
    [
        (HARM, 0.011, "reversed", "Refuted (reversed): norm=batch lowers final/test_accuracy (worse) by 1.7 pp ["),
        (HARM, 0.018, "harmful", "Refuted (harmful): norm=batch lowers final/test_accuracy (worse) by 1.7 pp ["),
        ([0.001, -0.001] * 4, 0.005, "negligible", "Refuted (negligible): norm=batch does not raise"),
        ([0.003, -0.012, 0.002, -0.004] * 2, 0.008, "too small", "Refuted (smaller than δ): norm=batch does not raise"),
    ],
)
def test_a_refutation_says_what_is_shown_instead(d, delta, label, words):
    verdict = judged(d, delta)
    assert (verdict.outcome, verdict.label) == ("refuted", label)
    assert sentence_of(verdict).startswith(words)
    assert "but by" not in sentence_of(verdict)
    if label == "reversed":
        assert "lies below −δ = −1.1 pp" in said(verdict.reason)
    if label == "harmful":
        assert "lies below 0: the effect goes the other way" in said(verdict.reason)


def test_the_numbers_are_those_of_the_differences():
    verdict = judged(WIDE, 0.005)
    low, high = mean_interval(WIDE, level=0.95)
    assert (verdict.effect, verdict.interval_low, verdict.interval_high) == pytest.approx((np.mean(WIDE), low, high))
    assert verdict.p == verdict.p_adjusted == mean_p(WIDE, null=0.005) > sign_flip_p(WIDE, null=0.005)
    assert verdict.p_zero == sign_flip_p(WIDE)
    assert verdict.differences == pytest.approx(dict(enumerate(WIDE)))
    assert verdict.better_share == pytest.approx(5 / 8)
    assert (verdict.pairs, verdict.planned_pairs, verdict.seeds) == (8, 8, tuple(range(8)))


def test_swapping_the_arms_turns_the_sign_and_nothing_else():
    tables = make_tables(NORM, gains(*WIDE))
    swapped = {"arm": BN["against"], "against": BN["arm"]}
    here, there = judge(make_study(NORM, BN), tables)[0], judge(make_study(NORM, swapped), tables)[0]
    assert there.effect == pytest.approx(-here.effect)
    assert (there.interval_low, there.interval_high) == pytest.approx((-here.interval_high, -here.interval_low))
    assert (there.p, there.p_adjusted, there.outcome) == (here.p, here.p_adjusted, here.outcome)


def test_the_order_of_rows_and_seeds_does_not_matter(rng):
    tables = make_tables(NORM, gains(*WIDE))
    shuffled = dataclasses.replace(tables, seeds=tables.seeds.sample(frac=1, random_state=3))
    study = make_study(NORM, {**BN, "by_at_least": 0.005})
    assert judge(study, shuffled) == judge(study, tables)
    renumbered = make_tables(NORM, gains(*[WIDE[i] for i in rng.permutation(8)]))
    assert judge(study, renumbered)[0].interval_low == pytest.approx(judge(study, tables)[0].interval_low, abs=1e-12)


def test_removing_failed_runs_changes_the_result():
    def value(levels, seed):
        return 0.85 if levels["norm"] == "none" else "diverged" if seed >= 8 else 0.9

    tables = make_tables(NORM, value, seeds=12)
    study = make_study(NORM, BN)
    full = judge(study, tables)[0]
    kept = judge(study, dataclasses.replace(tables, seeds=tables.seeds[tables.seeds["seed"] < 8]))[0]
    assert kept.outcome == "supported"
    assert full.outcome == "inconclusive"
    assert full.effect == pytest.approx((8 * 0.05 + 4 * (CHANCE - 0.85)) / 12)
    assert full.filled == {"arm": (4, 12), "against": (0, 12)}
    assert "4 of 12 runs of norm=batch count as the majority rate (10 %)" in sentence_of(full)


def test_an_arm_that_always_diverges_is_judged_at_chance():
    tables = make_tables(NORM, lambda v, s: "diverged" if v["norm"] == "none" else 0.9)
    verdict = judge(make_study(NORM, {**BN, "by_at_least": 0.005}), tables)[0]
    assert (verdict.outcome, verdict.effect) == ("supported", pytest.approx(0.9 - CHANCE))
    assert verdict.filled["against"] == (8, 8)


def test_a_loss_with_a_failed_run_is_not_tested():
    tables = make_tables(NORM, lambda v, s: "diverged" if s == 2 else 0.3, metric="final/train_loss")
    verdict = judge(make_study(NORM, {**BN, "metric": "final/train_loss"}), tables)[0]
    assert verdict.outcome == "not_tested"
    assert said(verdict.reason) == (
        "2 runs failed or have no finite value of final/train_loss, and nothing says what they count as; leaving "
        "them out would favour the arm that fails."
    )
    assert verdict.p is verdict.p_adjusted is verdict.p_zero is None
    assert said(verdict.advice).startswith("Put the claim on an accuracy")


def test_lower_is_better_for_losses_unless_the_claim_says_otherwise():
    down = judged([-x for x in UP], metric="final/train_loss")
    assert (down.outcome, down.predicts) == ("supported", "lower")
    assert down.effect == pytest.approx(np.mean(UP))
    up = judged([-x for x in UP], metric="final/train_loss", predicts="higher")
    assert (up.outcome, up.label) == ("refuted", "reversed")


def test_differences_are_averaged_over_the_cells_within_a_seed():
    factors = {**NORM, "std": [0.1, 1.0]}
    gain = {0.1: 0.02, 1.0: 0.06}
    tables = make_tables(factors, lambda v, s: 0.8 + s / 100 + (gain[v["std"]] if v["norm"] == "batch" else 0))
    both, *apart = judge(make_study(factors, BN, {**BN, "each": "std"}), tables)
    assert both.effect == pytest.approx(0.04)
    assert both.per_cell == pytest.approx({"std=0.1": 0.02, "std=1.0": 0.06})
    assert both.filled == {"arm": (0, 16), "against": (0, 16)}
    assert [(v.claim_id, v.where_text, v.source_id) for v in apart] == [
        ("c1[std=0.1]", "std=0.1", "c1"),
        ("c1[std=1.0]", "std=1.0", "c1"),
    ]
    assert [v.effect for v in apart] == pytest.approx([0.02, 0.06])


def test_holm_runs_over_every_claim_the_untested_too(rng):
    factors = {**NORM, "std": [0.01, 0.1, 1.0, 10.0]}
    shift = {0.01: 0.03, 0.1: 0.012, 1.0: 0.0}
    noise = rng.normal(0, 0.01, size=(4, 10))

    def value(v, s):
        if v["std"] == 10.0:
            return "missing"
        i = factors["std"].index(v["std"])
        return 0.8 + (shift[v["std"]] + noise[i, s] if v["norm"] == "batch" else 0)

    verdicts = judge(make_study(factors, {**BN, "each": "std"}), make_tables(factors, value, seeds=10))
    assert [v.family for v in verdicts] == [4] * 4
    raw = [1.0 if v.p is None else v.p for v in verdicts]
    assert [v.p_adjusted for v in verdicts[:3]] == pytest.approx(holm(raw)[:3])
    assert verdicts[3].outcome == "not_tested"
    assert said(verdicts[3].reason) == "No pair has been run; an exact sign-flip test can decide from 6 pairs on."


def test_verdict_interval_and_adjusted_p_always_agree(rng):
    factors = {**NORM, "cell": list(range(8))}
    rulings = set()
    for _ in range(25):
        centre, noise = rng.normal(0.004, 0.01, size=8), rng.normal(0, 0.008, size=(8, 9))
        tables = make_tables(
            factors,
            lambda v, s, c=centre, e=noise: 0.5 + (c[v["cell"]] + e[v["cell"], s] if v["norm"] == "batch" else 0),
            seeds=9,
        )
        for v in judge(make_study(factors, {**BN, "each": "cell", "by_at_least": 0.004}), tables):
            rulings.add(v.outcome)
            assert (v.outcome == "supported") == (v.interval_low > v.delta + 1e-9)
            assert (v.outcome == "refuted") == (v.interval_high < v.delta - 1e-9)
            assert v.decided == (v.p_adjusted <= 0.05)
    assert rulings == {"supported", "refuted", "inconclusive"}


def test_a_seed_counts_only_where_all_its_cells_have_run():
    factors = {**NORM, "std": [0.1, 1.0]}
    tables = make_tables(factors, lambda v, s: "missing" if s == 7 and v["std"] == 1.0 else 0.8)
    verdict = judge(make_study(factors, BN), tables)[0]
    assert (verdict.pairs, verdict.planned_pairs) == (7, 8)
    assert "7 of 8 planned pairs" in sentence_of(verdict)


def test_missing_pairs_are_asked_for():
    d = dict(enumerate(UP))
    tables = make_tables(
        NORM, lambda v, s: "missing" if s == 8 else 0.8 + (d[s] if v["norm"] == "batch" else 0), seeds=9
    )
    assert said(judge(make_study(NORM, BN), tables)[0].advice) == "1 of 9 planned pairs are missing: run the rest."


@pytest.mark.parametrize(
    ("d", "delta", "next_step"),
    [
        ([0.01, -0.01] * 4, 0.0, "No number of pairs would decide it: the effect is estimated at δ."),
        ([0.01] * 8, 0.01, "No number of pairs would decide it: the effect is estimated at δ."),
        ([0.0101, -0.01] * 4, 0.0, "More than 1,000 pairs would be needed: the effect is estimated too close to δ."),
        (
            (0.03, -0.01, 0.02, -0.01, 0.03, -0.01, 0.02, -0.01),
            0.0,
            "About 51 more pairs (59 in all) would decide it at 80 % power, if the effect is as seen.",
        ),
    ],
)
def test_an_open_claim_says_what_would_decide_it(d, delta, next_step):
    verdict = judged(d, delta)
    assert (verdict.outcome, said(verdict.advice)) == ("inconclusive", next_step)


def test_too_many_claims_for_the_pairs_is_said():
    factors = {**NORM, "cell": list(range(9))}
    tables = make_tables(factors, lambda v, s: 0.8 + (0.1 if v["norm"] == "batch" else 0), seeds=8)
    verdict = judge(make_study(factors, {**BN, "each": "cell"}), tables)[0]
    assert verdict.outcome == "inconclusive"  # 9 · 2/256 > .05, however clear the effect
    assert said(verdict.reason) == (
        "With 8 pairs the smallest possible p, 0.0078, is above the level 0.0056 that Holm leaves, so they cannot "
        "decide anything. The 99.44 % interval [10.00, 10.00] pp is Student's t, which assumes normal differences: no "
        "verdict."
    )
    assert said(verdict.advice).startswith("About 1 more pair (9 in all)")


@pytest.mark.parametrize(
    ("d", "delta", "sentence"),
    [
        (
            UP,
            0.005,
            (
                "Supported: norm=batch raises final/test_accuracy by 3.09 pp [2.83, 3.35] against norm=none "
                "(95 % interval, sign-flip, 8 pairs; δ = 0.5 pp; p = 0.0078)."
            ),
        ),
        (
            [-x for x in UP],
            0.005,
            (
                "Refuted (reversed): norm=batch lowers final/test_accuracy (worse) by 3.09 pp [2.83, 3.35] against "
                "norm=none (95 % interval, sign-flip, 8 pairs; δ = 0.5 pp; p = 0.0078)."
            ),
        ),
        (
            FLAT,
            0.005,
            (
                "Refuted (negligible): norm=batch does not raise final/test_accuracy by more than 0.5 pp against "
                "norm=none; the change is +0.01 pp [−0.11, 0.12] (95 % interval, sign-flip, "
                "wider because a few seeds lie far out, 8 pairs; "
                "δ = 0.5 pp; p = 0.0078)."
            ),
        ),
        (
            WIDE,
            0.005,
            (
                "Inconclusive: whether norm=batch raises final/test_accuracy by more than 0.5 pp against "
                "norm=none is open, at +1.0 pp [−2.5, 4.3] (95 % interval, sign-flip, 8 pairs; δ = 0.5 pp; p = 1)."
            ),
        ),
        (
            UP[:3],
            0.005,
            (
                "Not tested: whether norm=batch raises final/test_accuracy by more than 0.5 pp against norm=none. "
                "3 pairs have been run; an exact sign-flip test can decide from 6 pairs on. So far "
                "gain 3.1 [2.3, 4.0] pp by Student's t (95 %, which assumes normal differences): no verdict."
            ),
        ),
    ],
)
def test_sentences_read_well(d, delta, sentence):
    assert sentence_of(judged(d, delta)) == sentence


@pytest.mark.parametrize(
    ("change", "delta", "words"),
    [
        (-0.02, 0.05, "does not lower final/test_loss by more than 0.05 against norm=none; the change is −0.0200 ["),
        (0.02, 0.05, "does not lower final/test_loss by more than 0.05 against norm=none; the change is +0.0200 ["),
        (
            -0.02,
            0.02,
            "lowers final/test_loss by more than 0.02 against norm=none is open, at −0.0200 [−0.0210, −0.0190]",
        ),
    ],
)
def test_a_change_has_the_sign_of_what_the_metric_did(change, delta, words):
    # "does not lower the loss; the change is +0.02" of a loss that fell by 0.02 says the opposite of what was seen.
    verdict = judged([change + 0.001, change - 0.001] * 4, delta, metric="final/test_loss")
    assert words in sentence_of(verdict)
    assert verdict.effect == pytest.approx(-change)  # in numbers: oriented


@pytest.mark.parametrize("kind", [{"kind": "equivalence", "within": 0.05}, {"kind": "noninferiority", "margin": 0.05}])
@pytest.mark.parametrize(
    ("metric", "words"),
    [("final/test_loss", "; gain 0.0200 [0.0"), ("final/test_accuracy", "; difference −2.00 [−2.1")],
)
def test_two_arms_differ_by_a_gain_where_less_is_better(kind, metric, words):
    tables = make_tables(NORM, gains(*[-0.021, -0.019] * 4), metric=metric)
    verdict = judge(make_study(NORM, {**BN, **kind, "metric": metric}), tables)[0]
    assert verdict.outcome == "supported"
    assert words in sentence_of(verdict)


def test_as_dict_is_plain_json():
    for d in (UP, UP[:2], [0.02] * 8):
        ready = document_of(judged(d))
        assert json.loads(json.dumps(ready, allow_nan=False)) == ready
    assert document_of(judged(UP[:1]))["interval_low"] == "-inf"
    assert document_of(judged([0.02]))["d_z"] is None
    assert document_of(judged([0.02] * 8))["d_z"] == "inf"
    assert document_of(judged(UP))["differences"].keys() == set(map(str, range(8)))


def test_no_claims_no_verdicts():
    assert judge(make_study(NORM), make_tables(NORM, gains(*UP))) == []


def test_false_verdicts_stay_below_alpha_in_simulated_studies(rng):
    # Four claims a study, all with the effect exactly δ: any decision is wrong. Holm promises at most α a study.
    factors, studies, wrong = {**NORM, "cell": [0, 1, 2, 3]}, 120, 0
    study = make_study(factors, {**BN, "each": "cell", "by_at_least": 0.01})
    study = study.model_copy(update={"metrics": {"final/test_accuracy": {"bounds": [None, None]}}})
    for _ in range(studies):
        noise = rng.normal(0.01, 0.02, size=(4, 10))
        tables = make_tables(factors, lambda v, s, e=noise: e[v["cell"], s] * (v["norm"] == "batch"), seeds=10)
        wrong += any(v.decided for v in judge(study, tables))
    assert wrong / studies <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / studies)
    assert wrong > 0  # a test that never rejects would pass the line above


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"arm": {"norm": "bach"}, "against": {"norm": "none"}},
            "claim c0, `arm`: unknown level of norm 'bach': expected one of batch, none; nearest match: batch",
        ),
        (
            {**BN, "metric": "final/tset_accuracy"},
            (
                "claim c0: unknown metric 'final/tset_accuracy': expected one of final/test_accuracy; "
                "nearest match: final/test_accuracy"
            ),
        ),
    ],
)
def test_a_claim_the_runs_cannot_answer_is_refused(claim, message):
    with pytest.raises(UserError) as error:
        judge(make_study(NORM, claim), make_tables(NORM, gains(*UP)))
    assert str(error.value) == message


def test_runs_of_another_study_and_a_bad_alpha_are_refused():
    tables = make_tables(NORM, gains(*UP))
    with pytest.raises(UserError) as error:
        judge(make_study({**NORM, "std": [1]}, BN), tables)
    assert str(error.value) == "the runs know no factor std: they belong to another version of the study."
    with pytest.raises(UserError, match=r"`alpha` must lie between 0 and 1, got 5\."):
        judge(make_study(NORM, BN), tables, alpha=5)
