from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from ablate.errors import UserError
from ablate.stats.effects import paired
from ablate.stats.student import standard_deviation, t_interval


def test_agrees_with_scipys_paired_t(rng):
    a, b = rng.normal(size=12), rng.normal(size=12)
    effect = paired(a, b)
    oracle = ttest_rel(a, b)
    interval = oracle.confidence_interval(0.9)
    assert effect.confidence_interval(0.9, method="t") == pytest.approx((interval.low, interval.high))
    assert effect.d_z == pytest.approx(oracle.statistic / math.sqrt(12))
    assert effect.mean == pytest.approx(np.mean(a - b))


def test_series_are_not_paired_against_their_labels():
    """By place, a clear difference of labelled seeds in another order would read as noise."""
    base = pd.Series([0.80, 0.84, 0.81, 0.86, 0.83, 0.88, 0.82, 0.85])
    new = base.add([0.010, 0.012, 0.011, 0.013, 0.010, 0.012, 0.011, 0.013]).iloc[::-1]
    for other in (base, base.rename(lambda seed: seed + 1)):
        with pytest.raises(UserError, match=r"give `b` as `b.loc\[a.index\]`"):
            paired(new, other)
    assert paired(new, base.loc[new.index], smallest_effect=0.005).outcome() == "supported"
    rows = pd.Series([*base, *new.iloc[::-1]])  # two parts of one table have no label in common
    assert paired(rows[8:], rows[:8], smallest_effect=0.005).outcome() == "supported"


@pytest.mark.parametrize("wrong", [["x", "y"], {0: 0.9, 1: 0.8}, [None, {}]])
def test_what_holds_no_numbers_is_one_error(wrong):
    with pytest.raises(UserError, match="two vectors with a number per seed"):
        paired(wrong, [0.1, 0.2])


@pytest.mark.parametrize("delta", ["0.005", None, math.nan, math.inf])
def test_the_smallest_effect_is_a_finite_number(delta):
    with pytest.raises(UserError, match="`smallest_effect` must be a finite number"):
        paired([0.2, 0.3], [0.1, 0.2], smallest_effect=delta)


def test_ties_count_half():
    assert paired([1.0, 0.0, -1.0, 2.0]).better == pytest.approx(0.625)
    assert paired([0.3 - 0.1 - 0.2]).better == 0.5  # a tie up to rounding


@pytest.mark.parametrize("method", ["widened", "sign-flip", "t"])
def test_swapping_the_arms_mirrors_everything_and_nothing_else(rng, method):
    a, b = rng.normal(0.2, 1, size=11), rng.normal(size=11)
    here, there = paired(a, b), paired(b, a)
    assert there.mean == pytest.approx(-here.mean)
    low, high = here.confidence_interval(method=method)
    assert there.confidence_interval(method=method) == pytest.approx((-high, -low))
    assert (there.p_value, there.sd, there.better) == pytest.approx((here.p_value, here.sd, 1 - here.better))


def test_one_pair_says_nothing_of_its_spread():
    effect = paired([0.2])
    assert (effect.n, effect.mean, effect.p_value, effect.better) == (1, 0.2, 1.0, 1.0)
    assert math.isnan(effect.sd)
    assert math.isnan(effect.d_z)
    assert effect.confidence_interval() == effect.confidence_interval(method="t") == (-math.inf, math.inf)


@pytest.mark.parametrize(("value", "d_z", "p"), [(0.1, math.inf, 2 / 256), (-0.1, -math.inf, 2 / 256), (0.0, 0.0, 1.0)])
def test_constant_differences_have_no_spread(value, d_z, p):
    effect = paired([value] * 8)
    assert (effect.sd, effect.d_z, effect.p_value) == (0.0, d_z, p)
    for method in ("widened", "sign-flip", "t", "bootstrap-t"):
        assert effect.confidence_interval(method=method) == pytest.approx((value, value))


def test_the_outcome_and_the_p_value_agree_about_the_smallest_effect(rng):
    for _ in range(60):
        effect = paired(rng.normal(0.6, 1.0, size=10), smallest_effect=0.3)
        assert (effect.outcome() != "inconclusive") == (effect.p_value <= 0.05)


def test_an_equivalence_holds_exactly_where_the_90_percent_interval_lies_within(rng):
    for _ in range(40):
        effect = paired(rng.normal(0.1, 0.3, size=12))
        low, high = effect.confidence_interval(0.9)
        assert (effect.equivalence_p_value(0.3) <= 0.05) == (low > -0.3 and high < 0.3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paired([1.0, 2.0], [1.0]), r"got arrays of shape \(2,\) and \(1,\)"),
        (lambda: paired([]), "at least one number"),
        (lambda: paired([1.0, math.nan]), "must be finite"),
        (lambda: paired([1.0], smallest_effect=math.inf), "`smallest_effect` must be a finite number"),
        (lambda: paired([1.0, 2.0]).confidence_interval(method="student"), "expected one of bootstrap-t"),
        (lambda: paired([1.0, 2.0]).confidence_interval(1.5), "`level` must lie between 0 and 1"),
    ],
)
def test_wrong_input_is_one_clear_error(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_spread_that_is_only_rounding_is_zero():
    assert standard_deviation([0.9 - 0.8, 0.8 - 0.7, 0.7 - 0.6]) == 0.0


def test_t_interval_of_hand_worked_numbers():
    # mean 2, sd 1, t(.975, 2) = 4.3027
    assert t_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))
