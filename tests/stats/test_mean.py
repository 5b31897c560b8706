from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from ablate.stats.mean import mean_interval, mean_p, tail
from ablate.stats.signflip import sign_flip_interval, sign_flip_p
from ablate.stats.unseen import unseen_bound, unseen_p


@pytest.mark.parametrize("alpha", [0.025, 0.0005])
@pytest.mark.parametrize(("successes", "runs"), [(8, 8), (20, 20), (15, 20), (3, 20), (40, 60)])
def test_for_successes_the_bound_is_clopper_pearson(successes, runs, alpha):
    x = np.repeat([1.0, 0.0], [successes, runs - successes])
    exact = beta.ppf(alpha, successes, runs - successes + 1)
    assert unseen_bound(x, 0.0, alpha=alpha) == pytest.approx(exact, rel=5e-3)
    assert unseen_p(x, 0.0, exact) == pytest.approx(alpha, rel=0.04)


def test_the_bound_is_that_of_random_spacings(rng):
    x = rng.lognormal(size=12)
    weights = rng.dirichlet(np.ones(13), size=200_000)
    drawn = np.quantile(weights @ np.append(x, 0.0), 0.025)
    assert unseen_bound(x, 0.0, alpha=0.025) == pytest.approx(drawn, rel=0.01)


def test_symmetric_differences_are_left_to_the_sign_flips(rng):
    d = np.concatenate((x := rng.normal(size=8), -x)) + 0.3
    assert tail(d) == 0.0
    assert mean_p(d) == sign_flip_p(d)
    assert mean_interval(d, level=0.95) == sign_flip_interval(d, level=0.95)


def test_a_long_tail_widens_its_own_side_only(rng):
    d = rng.lognormal(size=20)
    low, high = mean_interval(d, level=0.95)
    flip_low, flip_high = sign_flip_interval(d, level=0.95)
    assert low == flip_low
    assert high > flip_high
    assert mean_interval(-d, level=0.95) == pytest.approx((-high, -low))


def test_interval_and_p_agree(rng):
    for _ in range(30):
        d = rng.choice([-1, 1]) * rng.lognormal(size=int(rng.integers(6, 24)))
        for end in mean_interval(d, level=0.9):
            outside, inside = (end + s * 1e-6 for s in np.array([1, -1]) * (1 if end > d.mean() else -1))
            assert mean_p(d, null=outside) <= 0.1 + 1e-9
            assert mean_p(d, null=inside) > 0.1 - 1e-6


def test_coverage_of_skewed_data_is_corrected(rng):
    flips = corrected = 0
    for _ in range(300):
        d = rng.lognormal(size=16)
        flips += sign_flip_interval(d, level=0.95)[1] >= np.exp(0.5)
        corrected += mean_interval(d, level=0.95)[1] >= np.exp(0.5)
    assert flips < 0.91 * 300
    assert corrected > 0.91 * 300


@pytest.mark.parametrize("power", [-1000, -300, 0, 300])
def test_differences_of_any_size_have_the_same_tail(power):
    d = np.random.default_rng(3).exponential(size=9)
    assert tail(np.ldexp(d, power)) == np.ldexp(tail(d), power) != 0.0
