"""Bets are fair under their null, whatever is looked at, and intervals are what they never exclude."""

import itertools

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.stats.anytime import anytime_mean, anytime_share, least_mean_pairs, least_share_runs, one_look_interval
from ablate.stats.bets import mean_wealth, share_wealth, sign_wealth

LOOKS = tuple(range(10, 31, 2))


def signs(n):
    return np.array(list(itertools.product((-1.0, 1.0), repeat=n)))


@pytest.mark.parametrize("target", [np.inf, 40.0, 6.0])
def test_over_all_patterns_of_signs_the_wealth_is_one_on_average_at_every_look(target):
    sizes = np.array([0.3, 1.2, 0.0, 2.0, 0.7, 0.1, 1.0, 3.0, 0.4, 0.9])
    wealth = sign_wealth(signs(10) * sizes, [3, 3, 7, 10], target=target)
    assert wealth.mean(axis=0) == pytest.approx(1.0)
    assert (wealth >= 0).all()


def test_the_share_of_patterns_whose_wealth_ever_reaches_a_level_keeps_to_it():
    sizes = np.array([0.3, 1.2, 0.6, 2.0, 0.7, 0.1, 1.0, 3.0, 0.4, 0.9, 1.1, 0.8])
    wealth = mean_wealth(signs(12) * sizes, [4, 6, 8, 10, 12], target=40.0)[:, -1]
    for level in (0.2, 0.1, 0.05, 0.025):
        assert (wealth >= (1 - 1e-9) / level).mean() <= level


def test_a_bet_never_asks_for_more_than_the_target_and_loses_less_for_it():
    x = np.ones(12)
    capped, free = sign_wealth(x, range(1, 13), target=40.0), sign_wealth(x, range(1, 13))
    assert 40.0 in capped.round(9)
    x[6] = -1.0
    assert sign_wealth(x, [7], target=40.0)[-1] > sign_wealth(x, [7])[-1]
    assert free[-1] > 300.0


def test_n_pairs_never_show_more_than_two_to_the_n(rng):
    for n in (1, 3, 6):
        assert (sign_wealth(np.abs(rng.normal(size=(500, n))), [n]) < 2.0**n).all()


def test_wealth_has_no_unit_and_mirrors(rng):
    d = rng.normal(size=20) + 0.4
    at = mean_wealth(d, [10, 20], null=0.1, target=40.0)
    assert mean_wealth(1000 * d, [10, 20], null=100.0, target=40.0) == pytest.approx(at)
    test, mirrored = anytime_mean(d, [10, 20]), anytime_mean(-d, [10, 20])
    assert test.p_value(0.2) == pytest.approx(mirrored.p_value(-0.2))
    low, high = test.confidence_interval(0.95)
    assert mirrored.confidence_interval(0.95) == pytest.approx((-high, -low))


def test_what_comes_later_does_not_change_what_was_seen(rng):
    d = rng.normal(size=30) + 0.5
    whole = mean_wealth(d, LOOKS, null=0.0, target=40.0)
    for k in range(len(LOOKS)):
        part = mean_wealth(d[: LOOKS[k]], LOOKS[: k + 1], null=0.0, target=40.0)
        assert part == pytest.approx(whole[: k + 1])


@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_the_interval_holds_what_p_does_not_reject(rng, shape):
    for _ in range(40):
        d = rng.normal(size=20) if shape == "normal" else rng.lognormal(size=20)
        test = anytime_mean(d, [10, 12, 14, 16, 18, 20], target=40.0)
        low, high = test.confidence_interval(0.95)
        inner = low + (high - low) * np.array([0.3, 0.5, 0.7])
        assert all(test.p_value(float(theta)) > 0.05 for theta in inner if low < high)
        width = max(high - low, 1e-6)
        assert all(test.p_value(float(theta)) <= 0.05 for theta in (low - 0.5 * width, high + 0.5 * width))


def test_a_tail_on_the_side_against_the_claim_holds_wealth_down():
    even = [1.0, 1.2, 0.8, 1.1, 0.9, 1.3, 0.7, 1.0, 1.15, 0.85]
    tail = [*even[:-1], -2.5]
    up = [*even[:-1], 4.5]
    assert mean_wealth(tail, [10])[-1] < 0.5 * sign_wealth(tail, [10])[-1]
    assert mean_wealth(up, [10])[-1] == sign_wealth(up, [10])[-1]  # a tail in favour hides nothing


def test_shares_are_bet_on_fairly():
    n, r = 8, 0.7
    runs = (signs(n) + 1) / 2
    chance = np.prod(np.where(runs == 1, r, 1 - r), axis=1)
    for k in range(1, n + 1):
        wealth = np.array([share_wealth(run[:k], [k], null=r)[-1] for run in runs])
        assert float(chance @ wealth) == pytest.approx(1.0)


def test_the_largest_wealth_on_shares_keeps_to_its_level(rng):
    for r in (0.5, 0.8, 0.95):
        runs = (rng.random((4000, 40)) < r).astype(float)
        wealth = share_wealth(runs, LOOKS, null=np.full(4000, r))[:, -1]
        assert (wealth >= 20).mean() <= 0.05


def test_false_decisions_at_any_look_keep_to_their_level_where_differences_are_symmetric(rng):
    for draw in (rng.normal, rng.standard_cauchy, lambda size: rng.binomial(4, 0.5, size=size) - 2.0):
        d = draw(size=(2000, 30))
        wrong = (mean_wealth(d, LOOKS, target=40.0)[:, -1] >= 40 * (1 - 1e-9)) | (
            mean_wealth(-d, LOOKS, target=40.0)[:, -1] >= 40 * (1 - 1e-9)
        )
        assert wrong.mean() <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 4, 0.05 / 40])
def test_the_fewest_pairs_are_those_that_can_decide(alpha):
    n = least_mean_pairs(alpha)
    assert anytime_mean(np.ones(n), [n]).p_value(0.0) <= alpha < anytime_mean(np.ones(n - 1), [n - 1]).p_value(0.0)
    n = least_share_runs(alpha, 0.8)
    worst = [anytime_share(np.zeros(m), [m]).p_value(0.8) for m in (n - 1, n)]
    assert worst[1] <= alpha < worst[0]


def test_differences_that_are_all_one_number_leave_that_number():
    low, high = anytime_mean([0.02] * 12, [12]).confidence_interval(0.95)
    assert low == pytest.approx(0.02, abs=1e-6)
    assert high == pytest.approx(0.02, abs=1e-6)
    assert anytime_mean([0.0] * 12, [12]).p_value(0.0) == 1.0
    assert one_look_interval(np.array([0.1, 0.2, 0.3]), level=0.95) == (-np.inf, np.inf)


@pytest.mark.parametrize("ends", [[], [3, 2], [4], [-1, 2]])
def test_ends_that_are_no_counts_are_refused(ends):
    with pytest.raises(UserError, match="rising counts of the 3 values"):
        anytime_mean([1.0, 2.0, 3.0], ends)


def test_scores_outside_their_bounds_are_refused():
    with pytest.raises(UserError, match="must lie in"):
        anytime_share([0.0, 1.5], [2])
    with pytest.raises(UserError, match="must be finite"):
        anytime_mean([0.0, np.nan], [2])
