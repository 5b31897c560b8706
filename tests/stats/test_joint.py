"""Intervals that hold together: their level, what correlation does to it, and what is done with few seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from ablate.errors import UserError
from ablate.stats.joint import joint_level, simultaneous_intervals
from ablate.stats.signflip import sign_flip_interval
from ablate.stats.student import t_interval


def drawn(rng, seeds, contrasts, shared):
    own = rng.normal(size=(seeds, contrasts))
    return np.sqrt(shared) * rng.normal(size=(seeds, 1)) + np.sqrt(1.0 - shared) * own


@pytest.mark.parametrize("shared", [0.0, 0.8])
@pytest.mark.parametrize("seeds", [6, 20])
def test_student_intervals_at_the_joint_level_hold_together(rng, seeds, shared):
    held = alone = 0
    for _ in range(200):
        d = drawn(rng, seeds, 6, shared)
        ratios = np.abs(d.mean(axis=0)) * np.sqrt(seeds) / d.std(axis=0, ddof=1)
        held += (ratios <= stdtrit(seeds - 1, 0.5 + joint_level(d, level=0.9) / 2)).all()
        alone += (ratios <= stdtrit(seeds - 1, 0.95)).all()
    assert held >= 168  # .9 - 2.8 standard errors
    assert alone < held - 15


def test_the_level_lies_between_that_of_one_and_bonferronis_and_falls_with_correlation(rng):
    levels = [joint_level(drawn(rng, 30, 8, shared), level=0.95) for shared in (0.0, 0.9, 0.999)]
    assert 1 - 0.05 / 8 >= levels[0] > levels[1] > levels[2] > 0.95
    assert levels[2] < 0.97


def test_copies_of_one_contrast_and_what_does_not_vary_cost_nothing(rng):
    d = rng.normal(size=(12, 1))
    assert joint_level(np.repeat(d, 4, axis=1), level=0.95) == pytest.approx(0.95)
    assert joint_level(np.column_stack((d, np.full(12, 0.3))), level=0.95) == pytest.approx(0.95)


def test_few_seeds_and_other_seeds_have_bonferronis_level(rng):
    assert joint_level(rng.normal(size=(3, 5)), level=0.95) == pytest.approx(0.99)
    apart = np.full((20, 2), np.nan)
    apart[:10, 0], apart[10:, 1] = rng.normal(size=(2, 10))
    assert joint_level(apart, level=0.95) == pytest.approx(0.975)


def test_the_same_differences_always_have_the_same_level_in_any_order(rng):
    d = drawn(rng, 10, 4, 0.5)
    assert joint_level(d, level=0.95) == joint_level(d.copy(), level=0.95)
    assert joint_level(d[::-1], level=0.95) == pytest.approx(joint_level(d, level=0.95), abs=2e-3)


def test_intervals_invert_the_sign_flip_test_where_the_seeds_are_enough_and_are_students_where_not(rng):
    d = drawn(rng, 12, 3, 0.3)
    d[4, 1] = np.nan
    level = joint_level(d, level=0.95)
    found = simultaneous_intervals(d, level=0.95)
    assert tuple(found[1]) == pytest.approx(sign_flip_interval(d[np.isfinite(d[:, 1]), 1], level=level))
    few = d[:5, [0, 2]]
    assert tuple(simultaneous_intervals(few, level=0.95)[0]) == pytest.approx(
        t_interval(few[:, 0], level=joint_level(few, level=0.95))
    )
    assert np.isnan(simultaneous_intervals(np.column_stack((d[:, 0], np.full(12, np.nan))), level=0.95)[1]).all()


@pytest.mark.parametrize("wrong", [[1.0, 2.0], np.empty((3, 0)), [[np.inf, 1.0], [1.0, 2.0]]])
def test_what_is_no_table_of_numbers_is_refused(wrong):
    with pytest.raises(UserError, match="differences"):
        joint_level(wrong, level=0.95)
    with pytest.raises(UserError, match="level"):
        joint_level([[1.0, 2.0]], level=95)
