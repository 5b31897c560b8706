from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import beta

from ablate.stats.mean import mean_interval, mean_p, unseen_loss_p
from ablate.stats.signflip import sign_flip_interval, sign_flip_p
from ablate.stats.unseen import at_most_zero, unseen_bound, unseen_p

NUMBERS = st.floats(-100, 100).map(lambda x: round(x, 3))
SAMPLES = st.lists(NUMBERS, min_size=2, max_size=27)


@pytest.mark.parametrize("alpha", [0.025, 0.0005])
@pytest.mark.parametrize(("successes", "runs"), [(8, 8), (20, 20), (15, 20), (3, 20), (40, 60)])
def test_for_successes_the_bound_is_clopper_pearson(successes, runs, alpha):
    x = np.repeat([1.0, 0.0], [successes, runs - successes])
    exact = beta.ppf(alpha, successes, runs - successes + 1)
    assert unseen_bound(x, 0.0, alpha=alpha) == pytest.approx(exact, rel=1e-9)
    assert unseen_p(x, 0.0, exact) == pytest.approx(alpha, rel=1e-9)


def test_the_bound_is_that_of_random_spacings(rng):
    x = rng.lognormal(size=12)
    weights = rng.dirichlet(np.ones(13), size=200_000)
    drawn = np.quantile(weights @ np.append(x, 0.0), 0.025)
    assert unseen_bound(x, 0.0, alpha=0.025) == pytest.approx(drawn, rel=0.01)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12), st.randoms())
def test_the_order_of_the_spacings_does_not_matter(a, random):
    mixed = list(a)
    random.shuffle(mixed)
    assert at_most_zero(np.array(mixed)) == pytest.approx(at_most_zero(np.array(a)), rel=1e-9, abs=1e-15)


@given(SAMPLES, st.data())
def test_p_never_rises_when_one_difference_moves_in_favour(d, data):
    assume(np.mean(d) > 1e-6)
    raised = list(d)
    raised[data.draw(st.integers(0, len(d) - 1))] += data.draw(st.floats(1e-3, 1e3))
    assert mean_p(raised) <= mean_p(d) * (1 + 1e-9)
    assert mean_p([-x for x in raised]) == mean_p(raised)


@given(SAMPLES, st.floats(0.001, 50))
def test_p_never_rises_when_the_hypothesis_moves_away(d, further):
    near = float(np.mean(d)) - 0.01
    assert mean_p(d, null=near - further) <= mean_p(d, null=near) * (1 + 1e-9)


@given(SAMPLES, st.data())
def test_the_allowance_is_continuous_in_every_difference(d, data):
    assume(any(d))
    y = np.array(d)
    moved = y.copy()
    moved[data.draw(st.integers(0, len(d) - 1))] += 1e-9
    assert unseen_loss_p(moved) == pytest.approx(unseen_loss_p(y), abs=1e-4)


def test_raising_one_of_twenty_differences_in_favour_does_not_raise_p():
    d = np.array([0.9, 1.0, 1.0, 1.1, 0.8, 1.2, 0.9, 1.1, 1.0, 1.0, 0.7, 1.3, 0.9, 1.0, 1.1, 0.8, 1.2, 1.0, -0.2, 0.95])
    steps = [mean_p(np.append(d[:-1], last)) for last in np.linspace(-1.0, 20.0, 400)]
    assert all(after <= before for before, after in itertools.pairwise(steps))


def test_where_no_loss_reaches_far_the_sign_flips_decide(rng):
    d = np.abs(rng.normal(size=12)) + 0.1
    d[0] = -0.05
    assert mean_p(d) == sign_flip_p(d)
    assert unseen_loss_p(np.abs(d)) == 0.0 < unseen_loss_p(d)


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
        d = rng.lognormal(size=20)
        flips += sign_flip_interval(d, level=0.95)[1] >= np.exp(0.5)
        corrected += mean_interval(d, level=0.95)[1] >= np.exp(0.5)
    assert flips < 0.91 * 300
    assert corrected > 0.91 * 300


@pytest.mark.parametrize("power", [-1000, -300, 0, 300])
def test_differences_of_any_size_have_the_same_p(power):
    d = np.random.default_rng(3).exponential(size=9) - 2.0
    assert 0.0 < mean_p(np.ldexp(d, power)) == mean_p(d) < 1.0
