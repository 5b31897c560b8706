import numpy as np
import pytest

from ablate.errors import UserError
from ablate.sweep.design.fractional import fraction
from ablate.sweep.design.parts import Fractional


def names(count):
    return [f"f{i}" for i in range(count)]


@pytest.mark.parametrize(
    ("count", "resolution", "arms"),
    # Box, Hunter & Hunter, Statistics for Experimenters, table 6.22.
    [(3, 3, 4), (5, 3, 8), (7, 3, 8), (15, 3, 16), (4, 4, 8), (8, 4, 16), (5, 5, 16), (6, 5, 32), (8, 5, 64)],
)
def test_fractions_have_the_textbooks_number_of_arms(count, resolution, arms):
    made = fraction(Fractional(resolution=resolution), names(count))
    assert made.signs.shape == (arms, count)
    assert made.resolution >= resolution


@pytest.mark.parametrize(("count", "resolution"), [(3, 3), (4, 3), (4, 4), (5, 4), (5, 5), (7, 3), (7, 4), (9, 5)])
def test_main_effects_are_orthogonal_and_the_baseline_is_an_arm(count, resolution):
    signs = fraction(Fractional(resolution=resolution), names(count)).signs.astype(int)
    np.testing.assert_array_equal(signs.T @ signs, len(signs) * np.eye(count))
    assert (signs == -1).all(axis=1).sum() == 1
    assert len({tuple(row) for row in signs}) == len(signs)


def test_aliasing_is_the_textbooks_for_a_half_fraction():
    made = fraction(Fractional(generators="a b c abc"), ["a", "b", "c", "d"])
    assert made.resolution == 4
    assert set(made.aliasing) == {"a x b = c x d", "a x c = b x d", "a x d = b x c"}


def test_effects_aliased_with_opposite_sign_are_listed_too():
    made = fraction(Fractional(generators="a b -ab"), ["a", "b", "c"])
    assert "c = -a x b" in made.aliasing or "a = -b x c" in made.aliasing
    assert len(made.aliasing) == 3


def test_a_full_factorial_has_no_aliasing():
    made = fraction(Fractional(generators="a b"), ["a", "b"])
    assert (made.resolution, made.aliasing) == (None, ())


@pytest.mark.parametrize(
    ("generators", "message"),
    [("a b", "one word per factor"), ("a b d", "base factors a, b, c"), ("a c ac", "base"), ("a b a1", "base"),
     ("a b aa", "base"), ("ab ab ab", "base")],
)  # fmt: skip
def test_generators_that_do_not_fit_are_refused(generators, message):
    with pytest.raises(UserError, match=message):
        fraction(Fractional(generators=generators), names(3))
