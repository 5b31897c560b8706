from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from ablate.judge.interval import pairs_needed
from ablate.stats.mean import mean_p
from ablate.stats.power import detectable, detectable_d, pairs_to_decide


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
    assert pairs_needed(d, 1.5, alpha=0.05).code == "no_number_of_pairs"


@pytest.mark.parametrize(("pairs", "alpha"), [(6, 0.05), (7, 0.025), (7, 0.05), (8, 0.025), (10, 0.05)])
def test_what_is_detectable_is_found_in_four_of_five_simulated_sets_of_runs(pairs, alpha):
    d = detectable_d(pairs, alpha=alpha)
    sets = np.random.default_rng(1).standard_normal((600, pairs)) + d
    found = np.mean([mean_p(one) <= alpha * (1 + 1e-12) for one in sets])
    assert 0.69 <= found <= 0.86  # ± .04 by chance; what allows for a loss still unseen costs some


@pytest.mark.parametrize(("pairs", "alpha"), [(2, 0.05), (5, 0.05), (6, 0.025), (7, 0.0125)])
def test_where_no_p_is_small_enough_nothing_is_detectable_however_large(pairs, alpha):
    huge = np.random.default_rng(2).standard_normal((200, pairs)) + 1e6
    assert min(mean_p(one) for one in huge) > alpha
    assert detectable(huge[0], alpha=alpha) == math.inf
