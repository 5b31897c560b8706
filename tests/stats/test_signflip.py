from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import permutation_test

from ablate.errors import UserError
from ablate.stats import signflip
from ablate.stats.signflip import least_pairs, sign_flip_interval, sign_flip_p


def brute_force_p(d: np.ndarray, null: float = 0.0) -> float:
    x = np.asarray(d) - null
    signs = np.array(list(itertools.product((1, -1), repeat=len(x))))
    return float(np.mean(np.abs(signs @ x) >= abs(x.sum()) - 1e-9))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13])
def test_p_equals_counting_every_sign_pattern(n, rng):
    for scale in (1e-4, 1.0, 1e4):
        d = rng.normal(0.4, 1, size=n) * scale
        expected = np.mean(
            [abs(np.dot(s, d)) >= abs(d.sum()) - 1e-9 * scale for s in itertools.product((1, -1), repeat=n)]
        )
        assert sign_flip_p(d) == expected


@pytest.mark.parametrize("n", [6, 10, 12])
def test_p_equals_scipys_exact_permutation_test(n, rng):
    d = rng.normal(0.5, 1, size=n)
    oracle = permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(d) == pytest.approx(oracle.pvalue, abs=1e-12)


def test_p_of_thirty_pairs_agrees_with_scipys_random_patterns(rng):
    d = rng.normal(0.35, 1, size=30)
    oracle = permutation_test((d,), np.mean, permutation_type="samples", n_resamples=20_000, rng=rng)
    assert sign_flip_p(d) == pytest.approx(oracle.pvalue, abs=4 * math.sqrt(0.25 / 20_000))


def test_rounding_does_not_break_ties():
    # Accuracies in steps of 1/10: 0.3 - 0.2 != 0.2 - 0.1 in floating point, but the sign patterns tie.
    a = np.array([0.3, 0.2, 0.8, 0.5, 0.4, 0.9, 0.7, 0.1])
    b = np.array([0.2, 0.1, 0.6, 0.2, 0.5, 0.8, 0.6, 0.3])
    whole = np.array([1, 1, 2, 3, -1, 1, 1, -2])
    assert len(set(a - b)) > len(set(whole))  # rounding did happen
    assert sign_flip_p(a - b) == brute_force_p(whole)


def test_p_at_a_shift_tests_the_shifted_differences(rng):
    d = rng.normal(0.4, 1, size=9)
    assert sign_flip_p(d, null=0.3) == brute_force_p(d, 0.3)
    assert sign_flip_p(d, null=-5.0) == 2 / 2**9


@pytest.mark.parametrize(
    ("d", "null", "p"),
    [
        ([0.0, 0.0, 0.0], 0.0, 1.0),
        ([0.1] * 10, 0.0, 2 / 2**10),
        ([0.1] * 10, 0.1, 1.0),
        ([0.30000000000000004, 0.3, 0.3], 0.1 + 0.2, 1.0),
        ([0.2], 0.0, 1.0),
        ([1, 1, 1, 1, 1, 1, -1], 0.0, 16 / 128),  # 7 patterns with one minus, 1 with none, and their mirrors
    ],
)
def test_p_of_hand_counted_cases(d, null, p):
    assert sign_flip_p(d, null=null) == p


@pytest.mark.parametrize("n", [9, 21, 50])
def test_order_does_not_matter_and_swapping_arms_only_mirrors(n, rng):
    d = rng.normal(0.3, 1, size=n)
    shuffled = rng.permutation(d)
    assert sign_flip_p(shuffled) == sign_flip_p(d) == sign_flip_p(-d)
    low, high = sign_flip_interval(d, level=0.95)
    assert sign_flip_interval(shuffled, level=0.95) == (low, high)
    assert sign_flip_interval(-d, level=0.95) == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize("n", [6, 9, 16, 17, 22, 28, 60])
@pytest.mark.parametrize("level", [0.95, 0.9])
def test_interval_holds_exactly_the_shifts_the_test_does_not_reject(n, level, rng):
    for d in (rng.normal(0.3, 1, size=n), rng.exponential(size=n), rng.integers(-2, 5, size=n) / 2000):
        low, high = sign_flip_interval(d, level=level)
        nudge = 1e-6 * np.abs(d).max()
        alpha = 1 - level + 1e-12
        assert low <= d.mean() <= high
        assert sign_flip_p(d, null=low + nudge) > alpha
        assert sign_flip_p(d, null=high - nudge) > alpha
        assert sign_flip_p(d, null=low - nudge) <= alpha
        assert sign_flip_p(d, null=high + nudge) <= alpha


@pytest.mark.parametrize("n", [8, 12])
def test_interval_ends_are_ranked_subset_means(n, rng):
    d = rng.normal(size=n)
    means = sorted(np.mean(s) for k in range(1, n + 1) for s in itertools.combinations(d, k))
    rank = math.floor(0.05 * 2 ** (n - 1))
    assert sign_flip_interval(d, level=0.95) == pytest.approx((means[rank - 1], means[-rank]), abs=1e-12)


def test_both_ways_to_find_a_ranked_mean_agree(rng, monkeypatch):
    d = rng.standard_t(2, size=14)
    listed = sign_flip_interval(d, level=0.95)
    monkeypatch.setattr(signflip, "LISTED_UP_TO", 0)
    assert sign_flip_interval(d, level=0.95) == pytest.approx(listed, abs=1e-9)
    for level in (0.3, 0.9998):
        counted = sign_flip_interval(d, level=level)
        monkeypatch.setattr(signflip, "LISTED_UP_TO", 16)
        assert counted == pytest.approx(sign_flip_interval(d, level=level), abs=1e-9)
        monkeypatch.setattr(signflip, "LISTED_UP_TO", 0)


def test_random_patterns_agree_with_the_exact_test(rng, monkeypatch):
    d = rng.normal(0.4, 1, size=24)
    p, ends = sign_flip_p(d), sign_flip_interval(d, level=0.95)
    monkeypatch.setattr(signflip, "EXACT_UP_TO", 5)
    assert sign_flip_p(d) == pytest.approx(p, abs=4 * math.sqrt(p / signflip.DRAWS))
    assert sign_flip_interval(d, level=0.95) == pytest.approx(ends, abs=0.02)


def test_random_patterns_never_give_p_zero():
    assert sign_flip_p(np.ones(60)) == 1 / (1 + signflip.DRAWS)


def test_too_few_pairs_give_the_whole_line():
    assert sign_flip_interval([1, 2, 3, 4, 5], level=0.95) == (-math.inf, math.inf)
    assert all(map(math.isfinite, sign_flip_interval([1, 2, 3, 4, 5, 6], level=0.95)))


def test_constant_differences_give_a_point_once_there_are_enough():
    assert sign_flip_interval([0.2] * 6, level=0.95) == pytest.approx((0.2, 0.2))
    assert sign_flip_interval([0.2] * 5, level=0.95) == (-math.inf, math.inf)
    assert sign_flip_interval([0.0] * 8, level=0.95) == (0.0, 0.0)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.9375, 0.99, 0.999, 1 - 0.05 / 32])
def test_least_pairs_is_the_first_n_whose_smallest_p_reaches_the_level(level):
    n = least_pairs(level)
    assert 2 / 2**n <= 1 - level + 1e-15
    assert n == 1 or 2 / 2 ** (n - 1) > 1 - level


@pytest.mark.parametrize(
    ("d", "level", "message"),
    [
        ([], 0.95, "`differences` must be a vector of at least one number, got an array of shape (0,)."),
        ([[1.0]], 0.95, "`differences` must be a vector of at least one number, got an array of shape (1, 1)."),
        ([1.0, math.nan], 0.95, "`differences` must be finite, got 1 that are not."),
        ([1.0], 95, "`level` must lie between 0 and 1, got 95."),
    ],
)
def test_bad_input_is_refused(d, level, message):
    with pytest.raises(UserError) as error:
        sign_flip_interval(d, level=level)
    assert str(error.value) == message


def test_false_positives_stay_below_the_level_and_the_interval_covers(rng):
    covered = rejected = 0
    studies, n = 600, 10
    for _ in range(studies):
        d = 0.5 + rng.normal(size=n)
        low, high = sign_flip_interval(d, level=0.95)
        covered += low <= 0.5 <= high
        rejected += sign_flip_p(d, null=0.5) <= 0.05
    assert rejected == studies - covered  # the same test, twice
    # The level of the exact test at n = 10 is floor(.05 · 512)/512 = .0488; 4 standard errors are .035.
    assert 0.0488 - 0.035 <= rejected / studies <= 0.0488 + 0.035
