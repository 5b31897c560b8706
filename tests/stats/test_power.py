from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from ablate.judge.interval import more_pairs
from ablate.stats.power import pairs_to_decide


@pytest.mark.parametrize("d_z", [0.3, 0.5, 0.7])
def test_agrees_with_statsmodels_power(d_z, rng):
    x = rng.normal(size=8)
    d = (x - x.mean()) / x.std(ddof=1) + d_z
    oracle = TTestPower().solve_power(d_z, alpha=0.05, power=0.8)
    assert abs(pairs_to_decide(d, 0.0, alpha=0.05) - oracle) <= 2  # central t at both quantiles, not noncentral


def test_it_asks_for_as_many_as_the_exact_test_needs():
    assert pairs_to_decide([1.0] * 4, 0.0, alpha=0.05) == 6
    assert pairs_to_decide([1.0] * 4, 0.0, alpha=0.05 / 16) == 10


def test_it_always_asks_for_more_than_there_are():
    assert pairs_to_decide([1.0, 1.1] * 10, 0.0, alpha=0.05) == 21


def test_it_gives_up_where_no_number_helps():
    assert pairs_to_decide([0.5, 1.5], 1.0, alpha=0.05) == math.inf
    assert pairs_to_decide(np.array([-1.0, 1.01]), 0.0, alpha=0.05) == math.inf
    assert math.isnan(pairs_to_decide([1.0], 0.0, alpha=0.05))


def test_the_distance_to_delta_counts_not_to_zero():
    d = [0.0, 1.0, 2.0, 3.0]
    assert pairs_to_decide(d, 1.0, alpha=0.05) == pairs_to_decide(d, 2.0, alpha=0.05)
    assert more_pairs(d, 1.5, alpha=0.05).code == "no_number_of_pairs"
