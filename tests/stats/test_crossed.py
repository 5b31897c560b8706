"""Intervals for other seeds and other test items."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.stats.crossed import crossed_interval
from ablate.stats.student import t_interval


def table(rng, size, rows, columns, cells):
    seeds, items = size
    return (
        rows * rng.normal(size=(seeds, 1)) + columns * rng.normal(size=(1, items))
        + cells * rng.normal(size=(seeds, items))
    )  # fmt: skip


@pytest.mark.parametrize(("rows", "columns", "cells"), [(0.003, 0.1, 0.25), (0.003, 0.25, 0.1), (0.0, 0.0, 0.25)])
def test_intervals_hold_the_mean_over_other_seeds_and_items(rng, rows, columns, cells):
    both = alone = 0
    for _ in range(300):
        x = table(rng, (10, 200), rows, columns, cells)
        low, high = crossed_interval(x, level=0.9)
        both += low <= 0 <= high
        low, high = t_interval(x.mean(axis=1), level=0.9)
        alone += low <= 0 <= high
    assert 0.9 - 2.5 * 0.0173 <= both / 300 <= 0.99
    if columns > cells:
        assert alone < 150


def test_it_is_never_narrower_than_over_seeds_alone_and_the_same_where_items_do_not_differ(rng):
    for _ in range(20):
        x = table(rng, (8, 50), 0.1, 0.1, 0.3)
        low, high = crossed_interval(x, level=0.95)
        alone = t_interval(x.mean(axis=1))
        assert high - low >= 0.75 * (alone[1] - alone[0])  # its t may have more degrees of freedom
    x = np.repeat(rng.normal(size=(8, 1)), 30, axis=1)
    assert crossed_interval(x, level=0.95) == pytest.approx(t_interval(x[:, 0]))


def test_the_variance_is_below_that_of_resampled_seeds_and_items_by_twice_the_cells(rng):
    x = table(rng, (12, 40), 0.2, 0.2, 0.5)
    n, m = x.shape
    rows = rng.multinomial(n, np.full(n, 1 / n), size=20_000) / n
    columns = rng.multinomial(m, np.full(m, 1 / m), size=20_000) / m
    resampled = np.einsum("ri,ri->r", rows @ x, columns).var()
    a, b = x.mean(axis=1) - x.mean(), x.mean(axis=0) - x.mean()
    e = x - x.mean() - a[:, None] - b
    assert resampled == pytest.approx((a @ a) / n**2 + (b @ b) / m**2 + (e**2).sum() / (n * m) ** 2, rel=0.03)


def test_swapping_seeds_and_items_changes_the_width_only_by_degrees_of_freedom(rng):
    x = table(rng, (30, 30), 0.1, 0.1, 0.3)
    assert crossed_interval(x, level=0.95) == pytest.approx(crossed_interval(x.T, level=0.95))


def test_one_seed_or_one_item_tells_nothing_and_no_spread_is_a_point():
    assert crossed_interval([[1.0, 0.0]], level=0.95) == (-math.inf, math.inf)
    assert crossed_interval([[1.0], [0.0]], level=0.95) == (-math.inf, math.inf)
    assert crossed_interval(np.full((4, 5), 0.25), level=0.95) == (0.25, 0.25)


@pytest.mark.parametrize("wrong", [[1.0, 2.0], [[np.nan, 1.0]], np.empty((2, 0))])
def test_what_is_no_table_is_refused(wrong):
    with pytest.raises(UserError, match="scores"):
        crossed_interval(wrong, level=0.95)
    with pytest.raises(UserError, match="level"):
        crossed_interval([[1.0, 2.0]], level=1.5)
