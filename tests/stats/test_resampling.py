from __future__ import annotations

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.stats.bootstrap import bootstrap_t, pigeonhole_interval, simultaneous_intervals
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


def test_simultaneous_intervals_hold_all_means_at_once(rng):
    held = single = 0
    for _ in range(200):
        d = rng.normal(size=(15, 8)) + rng.normal(size=(15, 1))  # correlated
        ours = simultaneous_intervals(d, level=0.9, rng=rng, resamples=499)
        held += ((ours[:, 0] <= 0) & (ours[:, 1] >= 0)).all()
        single += (np.abs(d.mean(axis=0)) / d.std(axis=0, ddof=1) * np.sqrt(15) <= 1.761).all()
    assert held >= 168  # .9 - 2.8 standard errors
    assert single < 150  # what 90 % intervals one by one would hold


def test_one_contrast_alone_has_nearly_the_t_interval(rng):
    d = rng.normal(size=(30, 1))
    ours = simultaneous_intervals(d, level=0.95, rng=rng)[0]
    assert ours == pytest.approx(t_interval(d[:, 0]), abs=0.05)


def test_the_pigeonhole_allows_for_other_items_too(rng):
    seeds, items = rng.normal(size=(20, 1)), 2.0 * rng.normal(size=(1, 50))
    low, high = pigeonhole_interval(seeds + items, level=0.95, rng=rng)
    over_seeds = t_interval((seeds + items).mean(axis=1))
    assert high - low > 1.3 * (over_seeds[1] - over_seeds[0])
    with pytest.raises(UserError):
        pigeonhole_interval([1.0, 2.0], level=0.95, rng=rng)
