"""The width of a good basin: known widths by hand, edges, nothing reached, and verdicts through the judge."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.claims.kinds.basin_width import Typical
from ablate.errors import UserError
from ablate.judge.expand import check_claims
from ablate.judge.fairness import fixed_and_tuned
from ablate.judge.planning import check_contradictions, check_metrics, seeds_needed
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.runs_csv import runs_csv
from ablate.stats.basin import Basin, level_spans
from ablate.sweep.metrics import Metrics
from ablate.sweep.study_file import parse_study
from ablate.words.document import document_of
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of

from ..judge.conftest import BN, NORM, make_study, make_tables
from ..report.alone import recompute

STDS = [0.0001, 0.001, 0.01, 0.1, 1.0]
INF, NAN = math.inf, math.nan
CLAIM = {"kind": "basin_width", **BN, "metric": "ttt/steps", "over": "init.std", "by_at_least": 0.5}
FACTORS = {**NORM, "init.std": STDS}


@pytest.mark.parametrize(
    ("steps", "width"),
    [
        ([INF, 40, 20, 40, INF], 3.0),  # three levels a decade apart, up to half-way to their neighbours
        ([INF, 41, 20, 40, INF], 2.0),  # just beyond twice the best
        ([INF, INF, 20, INF, INF], 1.0),  # the best alone
        ([20, 20, 20, 20, 20], 4.0),  # never more than the range run
        ([20, INF, INF, INF, INF], 0.5),  # an end stands for half a spacing
        ([20, 90, 30, INF, INF], 1.5),  # a gap costs its own part only
        ([INF] * 5, 0.0),  # nothing reached
        ([0, 0, 1, INF, INF], 1.5),  # reached before the first step
    ],
)
def test_a_width_by_hand(steps, width):
    assert Basin(np.array(STDS), 2.0).width(np.array(steps, dtype=float)) == pytest.approx(width)


def test_levels_of_unequal_spacing_count_by_what_they_stand_for():
    levels = np.array([0.001, 0.01, 0.1, 0.2, 1.0])
    assert level_spans(levels).sum() == pytest.approx(3.0)
    width = Basin(levels, 2.0).width(np.array([INF, INF, 20.0, 25.0, INF]))
    assert width == pytest.approx(math.log10(math.sqrt(0.2 * 1.0)) - math.log10(math.sqrt(0.01 * 0.1)))


def test_a_level_put_between_two_good_ones_changes_nothing():
    coarse = Basin(np.array([0.001, 0.01, 0.1, 1.0]), 2.0).width(np.array([INF, 20.0, 30.0, INF]))
    fine = Basin(np.array([0.001, 0.01, 0.05, 0.1, 1.0]), 2.0).width(np.array([INF, 20.0, 30.0, 30.0, INF]))
    assert coarse == pytest.approx(fine)


def test_the_unbroken_stretch_is_the_widest_that_holds_a_best_level():
    basin = Basin(np.array(STDS), 2.0, unbroken=True)
    rows = np.array([[20, 90, 30, 30, INF], [20, 90, 20, 30, INF], [30, 90, 20, 90, 30], [INF] * 5], dtype=float)
    assert basin.width(rows).tolist() == pytest.approx([0.5, 2.0, 1.0, 0.0])


def test_a_level_that_was_not_run_leaves_the_width_unknown():
    assert np.isnan(Basin(np.array(STDS), 2.0).width(np.array([INF, 20.0, NAN, 20.0, INF])))


steps_of = st.lists(st.one_of(st.integers(1, 10_000).map(float), st.just(INF)), min_size=4, max_size=4)


@given(steps_of, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_units_of_steps_and_of_the_factor_do_not_matter(steps, minutes, inches):
    levels, row = np.array([0.003, 0.01, 0.2, 5.0]), np.array(steps)
    width = Basin(levels, 2.0).width(row)
    assert Basin(levels * inches, 2.0).width(row * minutes) == pytest.approx(width)


@given(steps_of)
def test_a_larger_factor_never_narrows_and_a_stretch_is_never_wider(steps):
    levels, row = np.array([0.003, 0.01, 0.2, 5.0]), np.array(steps)
    widths = [Basin(levels, within).width(row) for within in (1.5, 2.0, 3.0)]
    assert widths == sorted(widths)
    assert Basin(levels, 2.0, unbroken=True).width(row) <= widths[1]
    assert widths[0] >= 0.0
    assert widths[2] <= math.log10(5.0 / 0.003) + 1e-12


@pytest.mark.parametrize("levels", [[1.0], [0.0, 1.0], [1.0, 0.1], [1.0, 1.0]])
def test_levels_that_no_logarithm_can_place_are_refused(levels):
    with pytest.raises(UserError, match="ascending, > 0"):
        Basin(np.array(levels), 2.0)


# --- through the judge ---


def bowl(reach, *, centre=0.01, jitter=0.0):
    """Twenty steps at the centre, twice as many `reach[norm]` decades off, four times as many at twice that."""

    def value(v, s):
        side = reach[v["norm"]]
        away = abs(math.log10(v["init.std"] / centre))
        noise = jitter * np.random.default_rng([s, round(100 * v["init.std"] ** 0.25), side > 1]).normal()
        steps = 20.0 * 2.0 ** (away / side + noise)
        return steps if steps <= 200 else ("censored", NAN)

    return value


def verdict_on(value, factors=FACTORS, *, seeds=20, **claim):
    study = make_study(factors, CLAIM | claim)
    return judge(study, make_tables(factors, value, seeds=seeds, metric="ttt/steps"))[0]


def test_no_difference_is_not_supported():
    for trial in range(20):
        rng = np.random.default_rng(trial)
        steps = {(n, x, s): 20 * 2 ** rng.normal(1.0, 0.6) for n, x, s in itertools.product(
            NORM["norm"], STDS, range(12))}  # fmt: skip
        verdict = verdict_on(lambda v, s, at=steps: at[v["norm"], v["init.std"], s], seeds=12)
        assert verdict.outcome in ("refuted", "inconclusive")


@pytest.mark.parametrize(
    ("batch", "none", "outcome", "label"),
    [(1.2, 0.4, "supported", ""), (0.6, 0.6, "refuted", "negligible"), (0.4, 1.2, "refuted", "reversed")],
)
def test_a_wider_basin_is_supported_an_equal_or_narrower_one_refuted(batch, none, outcome, label):
    verdict = verdict_on(bowl({"batch": batch, "none": none}))
    assert (verdict.outcome, verdict.label) == (outcome, label)
    assert verdict.scale == "decades"
    assert verdict.effect == pytest.approx({"supported": 2.0}.get(outcome, 0.0 if batch == none else -2.0))
    assert (verdict.region_low, verdict.delta) == (0.5, 0.5)
    assert verdict.effect == pytest.approx(np.mean(list(verdict.differences.values())))
    json.dumps(document_of(verdict), allow_nan=False)


def test_a_side_is_held_against_its_own_best_not_the_others():
    def slow(v, s):
        steps = bowl({"batch": 1.2, "none": 1.2})(v, s)
        return steps if isinstance(steps, tuple) or v["norm"] == "batch" else steps * 2.5

    assert verdict_on(slow).effect == 0.0


def test_the_sentence_and_the_note_say_what_was_measured():
    verdict = verdict_on(bowl({"batch": 1.2, "none": 0.4}))
    assert sentence_of(verdict).startswith(
        "Supported: that norm=batch learns within 2 times its own best time over a wider range of init.std than "
        "norm=none by more than 0.5 decades; +2.00 [+2.00, +2.00] decades ("
    )
    assert said(verdict.reason).endswith("lies inside what is claimed: +2.00 [+2.00, +2.00] decades.")
    assert said(verdict.scope) == (
        "Widths are within the levels run, init.std from 0.0001 to 1. norm=batch: 3.00 decades on average, ending "
        "within the levels run. norm=none: 1.00 decades on average, ending within the levels run."
    )
    with speaking("zh"):
        assert "个数量级" in sentence_of(verdict)
        assert "decades" not in sentence_of(verdict) + said(verdict.reason) + said(verdict.scope)


@pytest.mark.parametrize(
    ("batch", "none", "bound"),
    [(5.0, 0.4, "lower bound"), (0.4, 5.0, "upper bound"), (5.0, 5.0, "either way")],
)
def test_a_basin_cut_off_by_the_levels_run_is_told_to_be_a_bound(batch, none, bound):
    verdict = verdict_on(bowl({"batch": batch, "none": none}))
    assert bound in said(verdict.scope)
    assert "at least 4.00 decades on average" in said(verdict.scope)
    assert "smallest level in 20 and at the largest in 20 of 20 seeds" in said(verdict.scope)


def test_a_side_that_reaches_the_target_nowhere_is_unreachable():
    def value(v, s):
        return bowl({"batch": 1.2})(v, s) if v["norm"] == "batch" else ("diverged" if s % 2 else "censored", NAN)

    verdict = verdict_on(value)
    assert (verdict.outcome, verdict.effect) == ("not_tested", None)
    assert said(verdict.reason).startswith(
        "norm=none has no basin: at every level of init.std, half of its runs or more"
    )
    assert "norm=none: reached the target at no level in most of 20 seeds" in said(verdict.scope)
    assert verdict.details["against"]["unreached"] == 20
    assert verdict.details["against"]["decades"] is None
    json.dumps(document_of(verdict), allow_nan=False)


def test_a_level_that_most_seeds_reach_is_not_lost_by_those_that_miss_it():
    def value(v, s):
        missed = v["norm"] == "none" and s < 5 and v["init.std"] == 0.001
        return ("censored", NAN) if missed else 20.0

    basin = verdict_on(value)
    assert basin.details["against"]["decades"] == pytest.approx(4.0)  # 5 of 20 count as 200 steps: 1.8 times the best
    assert basin.effect == 0.0


@pytest.mark.parametrize("seeds", [8, 20])
def test_noise_of_unequal_size_does_not_make_a_side_wider(seeds):
    levels = np.logspace(-4, 0, 9)
    away = np.abs(np.arange(9) - 4) * 0.29  # in logarithms: five levels, two decades, lie within twice the best
    wider = 0
    for trial in range(30):
        rng = np.random.default_rng([seeds, trial])
        noise = np.concatenate((0.1 * rng.normal(size=(seeds, 9)), 0.3 * rng.normal(size=(seeds, 9))), axis=1)
        steps = 100.0 * np.exp(np.tile(away, 2) + noise)[:, None]
        found = Typical(steps, np.ones(steps.shape, dtype=bool)).resampled(Basin(levels, 2.0))
        wider += found.p_value(0.0) <= 0.05
    assert wider <= 4


def test_a_seed_with_a_run_missing_is_left_out_of_both_sides():
    def value(v, s):
        gone = (v["norm"], v["init.std"], s) == ("none", 1.0, 3)
        return "missing" if gone else bowl({"batch": 1.2, "none": 0.4})(v, s)

    verdict = verdict_on(value, seeds=12)
    assert (verdict.pairs, verdict.planned_pairs) == (11, 12)
    assert 3 not in verdict.differences
    assert verdict.details["arm"]["of"] == 11


def test_widths_are_averaged_over_the_other_factors_or_judged_for_each():
    factors = {**FACTORS, "optimizer": ["sgd", "adam"]}

    def value(v, s):
        wide = 1.2 if v["optimizer"] == "adam" else 0.4
        return bowl({"batch": wide, "none": 0.4})(v, s)

    together = verdict_on(value, factors)
    assert together.effect == pytest.approx(1.0)
    assert together.per_cell == pytest.approx({"optimizer=sgd": 0.0, "optimizer=adam": 2.0})
    assert "of 40 seeds × cells" in said(verdict_on(lambda v, s: 20.0, factors).scope)
    study = make_study(factors, CLAIM | {"each": "optimizer"})
    apart = judge(study, make_tables(factors, value, seeds=20, metric="ttt/steps"))
    assert [(v.claim_id, round(v.effect or 0.0, 9), v.outcome) for v in apart] == [
        ("c0[optimizer=sgd]", 0.0, "refuted"), ("c0[optimizer=adam]", 2.0, "supported"),
    ]  # fmt: skip


def test_levels_can_be_narrowed_and_stand_in_any_order():
    factors = {**NORM, "init.std": STDS[::-1]}
    assert verdict_on(bowl({"batch": 1.2, "none": 0.4}), factors).effect == pytest.approx(2.0)
    narrowed = verdict_on(bowl({"batch": 1.2, "none": 0.4}), where={"init.std": [0.001, 0.01, 0.1]})
    assert narrowed.effect == pytest.approx(1.0)
    assert narrowed.details["levels"] == [0.001, 0.01, 0.1]


def test_other_ways_to_measure_it_stand_beside():
    def gap(v, s):
        return 90.0 if (v["norm"], v["init.std"]) == ("batch", 0.001) else bowl({"batch": 2.5, "none": 0.4})(v, s)

    rows = {said(row.reason): row for row in verdict_on(gap).sensitivity}
    assert rows["the unbroken stretch around the best alone"].effect == pytest.approx(1.5)
    assert rows["half the allowance over the own best"].effect == pytest.approx(1.0)
    assert rows["twice the allowance over the own best"].effect == pytest.approx(2.0)
    assert {"δ halved", "δ doubled", "bootstrap-t interval"} <= rows.keys()
    assert not any("worst" in choice for choice in rows)  # a failed run is outside whatever it would have been
    assert verdict_on(gap).details["arm"]["broken"] == 20


def test_fixed_and_tuned_are_two_verdicts_and_not_a_mean_of_seeds():
    factors = {**FACTORS, "fairness": ["fixed", "tuned"]}

    def value(v, s):
        return bowl({"batch": 1.2, "none": 1.2 if v["fairness"] == "tuned" else 0.4})(v, s)

    study = make_study(factors, CLAIM | {"each": "fairness"})
    tables = make_tables(factors, value, seeds=20, metric="ttt/steps")
    assert fixed_and_tuned(study, tables) == []
    assert [v.effect for v in judge(study, tables)] == pytest.approx([2.0, 0.0])


def test_the_verdict_recomputes_from_the_csv_of_its_runs(tmp_path):
    study = make_study(FACTORS, CLAIM)
    basin = bowl({"batch": 1.2, "none": 0.4}, jitter=0.3)

    def whole(v, s):
        steps = basin(v, s)
        return steps if isinstance(steps, tuple) else float(round(steps))

    tables = make_tables(FACTORS, whole, seeds=9, metric="ttt/steps")
    (first,) = judge(study, tables)
    path = tmp_path / "runs.csv"
    path.write_text(runs_csv(tables), encoding="utf-8")
    (again,) = recompute(path, study)
    assert document_of(again) == document_of(first)
    assert len(set(first.differences.values())) > 1


def test_planning_knows_the_kind():
    study = make_study(FACTORS, CLAIM)
    check_claims(study, metrics=["ttt/steps"])
    assert seeds_needed(study)[0].seeds == 6
    swapped = {**CLAIM, "arm": BN["against"], "against": BN["arm"]}
    with pytest.raises(UserError, match="contradict"):
        check_contradictions(make_study(FACTORS, CLAIM, swapped))
    check_contradictions(make_study(FACTORS, CLAIM, {**swapped, "within": 4.0}))


@pytest.mark.parametrize(
    ("change", "factors", "message"),
    [
        ({"over": "init.sdt"}, FACTORS, "unknown factor 'init.sdt'.*init.std"),
        ({}, {**NORM, "init.std": [0.0, 0.1]}, "are logged, so they must be > 0"),
        ({}, {**NORM, "init.std": [0.1]}, "at least two numeric levels"),
        ({"over": "act"}, {**FACTORS, "act": ["relu", "tanh"]}, "at least two numeric levels"),
        ({"metric": "final/test_accuracy"}, FACTORS, "steps to a target, expected one of ttt/steps"),
        ({"each": "init.std"}, FACTORS, "init.std is fixed by"),
    ],
)
def test_a_basin_that_cannot_be_measured_is_refused_before_anything_runs(change, factors, message):
    study = make_study(factors, CLAIM | change)

    def check():
        check_claims(study)
        check_metrics(study, Metrics(study.metrics))

    with pytest.raises(UserError, match=message):
        check()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"by_at_least": None}, "key 'claims.0.by_at_least' is missing"),
        ({"within": 1.0}, "claims.0.within` must be greater than 1"),
        ({"predicts": "higher"}, "given without `predicts`"),
        ({"ovre": "x"}, "nearest match: over"),
    ],
)
def test_a_study_file_with_a_mistake_in_one_gets_one_clear_line(change, message):
    claim = {"id": "wide", "says": "s"} | CLAIM | change
    with pytest.raises(UserError, match=message):
        parse_study({"title": "t", "claims": [{k: v for k, v in claim.items() if v is not None}]}, where="f.yaml")
