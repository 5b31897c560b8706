from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from ablate.stats.effects import paired_effect, standard_deviation, t_interval


def test_agrees_with_scipys_paired_t(rng):
    a, b = rng.normal(size=12), rng.normal(size=12)
    effect = paired_effect(a - b, level=0.9)
    oracle = ttest_rel(a, b)
    interval = oracle.confidence_interval(0.9)
    assert (effect.t_low, effect.t_high) == pytest.approx((interval.low, interval.high))
    assert effect.d_z == pytest.approx(oracle.statistic / math.sqrt(12))
    assert effect.mean == pytest.approx(np.mean(a - b))


def test_ties_count_half():
    assert paired_effect([1.0, 0.0, -1.0, 2.0]).better == pytest.approx(0.625)
    assert paired_effect([0.3 - 0.1 - 0.2]).better == 0.5  # a tie up to rounding


def test_swapping_the_arms_mirrors_everything_and_nothing_else(rng):
    d = rng.normal(0.2, 1, size=11)
    here, there = paired_effect(d), paired_effect(-d)
    assert (there.mean, there.t_low, there.t_high) == pytest.approx((-here.mean, -here.t_high, -here.t_low))
    assert (there.low, there.high) == pytest.approx((-here.high, -here.low))
    assert (there.p, there.sd, there.better) == pytest.approx((here.p, here.sd, 1 - here.better))


def test_one_pair_says_nothing_of_its_spread():
    effect = paired_effect([0.2])
    assert (effect.n, effect.mean, effect.p, effect.better) == (1, 0.2, 1.0, 1.0)
    assert math.isnan(effect.sd)
    assert math.isnan(effect.d_z)
    assert (effect.low, effect.t_low) == (-math.inf, -math.inf)


@pytest.mark.parametrize(("value", "d_z", "p"), [(0.1, math.inf, 2 / 256), (-0.1, -math.inf, 2 / 256), (0.0, 0.0, 1.0)])
def test_constant_differences_have_no_spread(value, d_z, p):
    effect = paired_effect([value] * 8)
    assert (effect.sd, effect.d_z, effect.p) == (0.0, d_z, p)
    assert (effect.low, effect.high, effect.t_low, effect.t_high) == pytest.approx((value,) * 4)


def test_spread_that_is_only_rounding_is_zero():
    assert standard_deviation([0.9 - 0.8, 0.8 - 0.7, 0.7 - 0.6]) == 0.0


def test_t_interval_of_hand_worked_numbers():
    # mean 2, sd 1, t(.975, 2) = 4.3027
    assert t_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))
