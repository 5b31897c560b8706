from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from ablate.judge.interval import pairs_needed
from ablate.stats.mean import mean_interval, mean_p
from ablate.stats.power import detectable, detectable_d, pairs_that_find, pairs_to_decide, power_of, t_power


@pytest.mark.parametrize("d_z", [0.3, 0.5, 0.7])
def test_it_asks_for_a_little_more_than_a_t_test_needs(d_z, rng):
    x = rng.normal(size=8)
    d = (x - x.mean()) / x.std(ddof=1) + d_z
    oracle = TTestPower().solve_power(d_z, alpha=0.05, power=0.8)
    assert oracle < pairs_to_decide(d, 0.0, alpha=0.05) <= 1.15 * oracle + 1


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


def simulated_power(d, pairs, alpha, *, sets):
    """Return how often the verdict's test finds an effect of normal differences.

    The t-test of the same sets, whose power is known, takes part of the chance out of it.
    """
    drawn = np.random.default_rng([pairs, 7]).standard_normal((sets, pairs)) + d
    exact = np.array([mean_p(one) <= alpha * (1 + 1e-12) for one in drawn])
    by_t = stats.ttest_1samp(drawn, 0.0, axis=1).pvalue <= alpha
    return exact.mean() - by_t.mean() + t_power(d, pairs, alpha=alpha)


SHORT = [(6, 0.05), (7, 0.05), (7, 0.025), (8, 0.05), (10, 0.0125), (11, 0.05), (13, 0.003), (16, 0.05), (20, 0.05)]


@pytest.mark.parametrize(("pairs", "alpha"), SHORT)
def test_what_is_detectable_is_found_in_four_of_five_simulated_sets_of_runs(pairs, alpha):
    found = simulated_power(detectable_d(pairs, alpha=alpha), pairs, alpha, sets=1500)
    assert abs(found - 0.8) <= 0.02 + 2 * 0.007  # 0.007: the standard error of so few sets


@pytest.mark.minutes
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
@pytest.mark.parametrize("pairs", range(6, 21))
def test_the_stated_power_is_the_simulated_power(pairs, alpha):
    d = detectable_d(pairs, alpha=alpha)
    if math.isinf(d):
        pytest.skip("so few pairs can reject nothing at this level")
    assert simulated_power(d, pairs, alpha, sets=10_000) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("alpha", [0.05, 0.003])
def test_between_the_rows_of_the_table_nothing_jumps_and_far_from_them_it_is_the_t_test(alpha):
    found = np.array([detectable_d(pairs, alpha=alpha) for pairs in range(17, 400)])
    assert (np.diff(found) < 0).all()
    oracle = TTestPower().solve_power(detectable_d(1000, alpha=alpha), alpha=alpha, power=0.8)
    assert oracle == pytest.approx(1000, rel=0.05)


@pytest.mark.parametrize("d_z", [0.15, 0.4, 0.7, 1.0, 1.6])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
def test_the_fewest_pairs_that_find_an_effect_find_it_and_one_fewer_does_not(d_z, alpha):
    pairs = int(pairs_that_find(d_z, alpha=alpha))
    assert detectable_d(pairs, alpha=alpha) <= d_z < detectable_d(pairs - 1, alpha=alpha)


@pytest.mark.parametrize(("margin", "alpha"), [(1.8, 0.05), (1.4, 0.05), (0.8, 0.05), (1.4, 0.0125)])
def test_to_show_an_equivalence_takes_the_pairs_that_exclude_both_ends(margin, alpha):
    pairs = int(pairs_that_find(margin, other=margin, alpha=alpha))
    assert pairs > pairs_that_find(margin, alpha=alpha)
    drawn = np.random.default_rng(3).standard_normal((1500, pairs))
    ends = [mean_interval(one, level=1.0 - alpha) for one in drawn]
    found = np.mean([-margin < low and high < margin for low, high in ends])
    assert found >= 0.8 - 0.02 - 2 * 0.0103
    # One pair fewer is not enough, by what is stated of each end.
    assert 2.0 * power_of(margin, pairs - 1, alpha=alpha) - 1.0 < 0.8


def test_more_pairs_are_asked_for_where_both_ends_of_a_region_are_near():
    d = [0.0, 1.0, -1.0, 0.5, -0.5, 0.2, -0.2, 0.1]
    assert pairs_to_decide(d, 0.4, alpha=0.05, other=-0.4) > pairs_to_decide(d, 0.4, alpha=0.05)


@pytest.mark.parametrize(("pairs", "alpha"), [(2, 0.05), (5, 0.05), (6, 0.025), (7, 0.0125)])
def test_where_no_p_is_small_enough_nothing_is_detectable_however_large(pairs, alpha):
    huge = np.random.default_rng(2).standard_normal((200, pairs)) + 1e6
    assert min(mean_p(one) for one in huge) > alpha
    assert detectable(huge[0], alpha=alpha) == math.inf
