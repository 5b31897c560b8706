from __future__ import annotations

import numpy as np
import pytest

from ablate.stats.bootstrap import bootstrap_t
from ablate.stats.student import t_interval


def test_bootstrap_t_is_near_student_for_normal_data(rng):
    x = rng.normal(size=200)
    ours = bootstrap_t(x, level=0.95, rng=rng)
    assert ours == pytest.approx(t_interval(x), abs=0.02)


def test_bootstrap_t_leans_with_the_data(rng):
    x = np.array([0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 1.0, 1.3, 1.8, 2.5, 4.0, 7.0])
    low, high = bootstrap_t(x, level=0.95, rng=rng)
    assert high - x.mean() > 1.5 * (x.mean() - low)


def test_bootstrap_t_of_tied_and_constant_data_is_finite_or_open_never_an_error(rng):
    assert bootstrap_t([0.1] * 6, level=0.95, rng=rng) == (pytest.approx(0.1), pytest.approx(0.1))
    low, high = bootstrap_t([0.0] * 7 + [1.0], level=0.95, rng=rng)
    assert low < 0.125 < high
