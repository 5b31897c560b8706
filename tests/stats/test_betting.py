"""A bound that holds for any distribution in a known range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.stats.betting import STAKES, betting_interval, betting_p, log_wealth

UNIT = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_p_is_one_over_the_mean_wealth_of_all_stakes(rng):
    x, m = rng.beta(2, 5, size=15), 0.2
    wealth = [np.prod(1 + g / (m * (STAKES + 1)) * (x - m)) for g in range(1, STAKES + 1)]
    assert betting_p(x, 0.0, 1.0, theta=m) == pytest.approx(
        min(1.0, 1 / np.average(wealth, weights=np.arange(1, STAKES + 1) ** 2))
    )


@given(UNIT, st.randoms(), st.floats(0.05, 0.95))
def test_the_order_of_the_draws_does_not_matter(x, random, m):
    mixed = list(x)
    random.shuffle(mixed)
    assert betting_p(mixed, 0.0, 1.0, theta=m) == pytest.approx(betting_p(x, 0.0, 1.0, theta=m))


@given(UNIT, st.data(), st.floats(0.05, 0.95))
def test_p_never_rises_when_a_draw_does_and_never_falls_when_the_mean_does(x, data, m):
    p, i = betting_p(x, 0.0, 1.0, theta=m), data.draw(st.integers(0, len(x) - 1))
    raised = [*x[:i], data.draw(st.floats(x[i], 1)), *x[i + 1 :]]
    assert betting_p(raised, 0.0, 1.0, theta=m) <= p * (1 + 1e-9)
    assert betting_p(x, 0.0, 1.0, theta=data.draw(st.floats(m, 0.99))) >= p * (1 - 1e-9)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: (rng.random(n) < 0.05).astype(float),
        lambda rng, n: (rng.random(n) < 0.95).astype(float),
        lambda rng, n: rng.beta(0.2, 0.2, size=n),
        lambda rng, n: np.where(rng.random(n) < 0.1, 0.1, 0.9),
    ],
)
@pytest.mark.parametrize("n", [6, 20])
def test_false_rejections_keep_the_level_whatever_the_distribution(rng, draw, n):
    mean = draw(rng, 2_000_000).mean()
    p = np.array([betting_p(draw(rng, n), 0.0, 1.0, theta=mean) for _ in range(1500)])
    for level in (0.2, 0.05):
        assert (p <= level).mean() <= level + 2.5 * np.sqrt(level * (1 - level) / 1500)


def test_the_interval_inverts_p_and_mirrors(rng):
    x = rng.uniform(-0.5, 1.0, size=25)
    low, high = betting_interval(x, -1.0, 1.0, level=0.9)
    assert betting_p(x, -1.0, 1.0, theta=low) == pytest.approx(0.05, rel=1e-4)
    assert betting_p(-x, -1.0, 1.0, theta=-high) == pytest.approx(0.05, rel=1e-4)
    assert betting_interval(-x, -1.0, 1.0, level=0.9) == pytest.approx((-high, -low))


def test_the_width_lies_between_the_normal_one_and_hoeffdings_for_the_worst_spread():
    """Bernoulli(½), n = 1,000, 95 %: ±.031 by the normal approximation; constant stakes pay for their mixture."""
    x = np.tile([0.0, 1.0], 500)
    low, high = betting_interval(x, 0.0, 1.0, level=0.95)
    assert 0.031 < 0.5 - low == pytest.approx(high - 0.5, rel=1e-6)
    assert high - 0.5 < 0.07


def test_values_outside_the_range_are_refused():
    with pytest.raises(UserError, match=r"in \[0, 1\]"):
        betting_p([1.1], 0.0, 1.0, theta=0.5)


def test_at_the_ends_of_the_range():
    assert betting_p([1.0, 1.0], 0.0, 1.0, theta=1.0) == 1.0
    assert betting_p([0.0, 0.0], 0.0, 1.0, theta=0.0) == 1.0
    assert betting_p([0.5, 0.0], 0.0, 1.0, theta=0.0) == 0.0
    assert betting_interval([1.0] * 5, 0.0, 1.0, level=0.95)[1] == 1.0


def test_stakes_and_weights_as_in_the_authors_package_up_to_the_weights():
    """Diversified Kelly bets of confseq: stakes g/(G + 1) of the largest, here for one draw of 1 against m = ½."""
    # E[1 + λ/2] with λ = 2 g / 41 and weights ∝ g²: 1 + (Σ g³ / Σ g²) / 41 = 1 + 820² / 22140 / 41.
    assert betting_p([1.0], 0.0, 1.0, theta=0.5) == pytest.approx(1.0 / (1.0 + 820**2 / 22140 / 41))


def test_with_one_look_at_the_end_it_is_the_same(rng):
    x = rng.random(12)
    assert betting_p(x, 0.0, 1.0, theta=0.3, ends=[12]) == betting_p(x, 0.0, 1.0, theta=0.3)
    assert betting_interval(x, 0.0, 1.0, level=0.9, ends=[12]) == betting_interval(x, 0.0, 1.0, level=0.9)


def test_what_was_won_at_an_earlier_look_is_kept():
    x = [1.0] * 10 + [0.0] * 10
    first = betting_p(x[:10], 0.0, 1.0, theta=0.5)
    assert betting_p(x, 0.0, 1.0, theta=0.5, ends=[10, 20]) == pytest.approx(first)
    assert betting_p(x, 0.0, 1.0, theta=0.5) == 1.0
    low, high = betting_interval(x, 0.0, 1.0, level=0.9, ends=[10, 20])
    assert low >= betting_interval(x[:10], 0.0, 1.0, level=0.9)[0] > 0.5
    assert low <= high


def test_looking_at_every_draw_keeps_the_level(rng):
    x = np.where(rng.random((1500, 20)) < 0.1, 0.1, 0.9)
    wealth = log_wealth(x, 0.1 * 0.1 + 0.9 * 0.9, range(1, 21)).max(axis=-1)
    assert (wealth >= np.log(20)).mean() <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 1500)
