"""Stratified sampling: exact counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.data.stratify import class_counts, stratified
from ablate.errors import UserError


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12).filter(any), st.data())
def test_counts_sum_to_the_size_and_are_the_share_rounded_up_or_down(available, data):
    size = data.draw(st.integers(0, sum(available)))
    available = np.array(available)
    counts = class_counts(available, size)
    assert counts.sum() == size
    assert (counts <= available).all()
    assert (np.abs(counts - available * size / available.sum()) < 1).all()


def test_the_largest_remainders_get_the_odd_seats():
    # Shares of 10 among 47, 16, 15, 22 of 100: 4.7, 1.6, 1.5, 2.2.
    np.testing.assert_array_equal(class_counts(np.array([47, 16, 15, 22]), 10), [5, 2, 1, 2])


def test_equal_remainders_go_to_the_lower_class():
    np.testing.assert_array_equal(class_counts(np.array([5, 5, 5]), 4), [2, 1, 1])


def test_a_whole_share_is_kept_exactly_in_large_numbers():
    np.testing.assert_array_equal(class_counts(np.full(3, 10**8), 3 * 10**7), [10**7] * 3)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 2**32 - 1), st.data())
def test_a_sample_has_those_counts_and_no_position_twice(labels, seed, data):
    labels = np.array(labels)
    size = data.draw(st.integers(0, len(labels)))
    chosen = stratified(labels, size, priority=np.random.default_rng(seed).random(len(labels)))
    assert len(np.unique(chosen)) == len(chosen) == size
    counts = np.bincount(labels[chosen], minlength=labels.max() + 1) if size else np.zeros(labels.max() + 1)
    np.testing.assert_array_equal(counts, class_counts(np.bincount(labels), size))


def test_each_class_gives_its_examples_of_least_priority_in_that_order():
    labels = np.array([0, 0, 0, 1, 1, 1])
    priority = np.array([0.9, 0.1, 0.5, 0.2, 0.8, 0.3])
    np.testing.assert_array_equal(stratified(labels, 4, priority=priority), [1, 3, 5, 2])


def test_every_example_of_a_class_is_as_likely():
    labels = np.repeat([0, 1], [6, 4])
    rng = np.random.default_rng(0)
    times = sum(np.bincount(stratified(labels, 5, priority=rng.random(10)), minlength=10) for _ in range(4000))
    # Binomial(4000, 1/2): standard deviation 32.
    assert np.abs(times - 2000).max() < 5 * 32


def test_more_examples_than_there_are_is_refused():
    with pytest.raises(UserError, match=r"`size` must be between 0 and 3, the number of examples, got 4"):
        stratified(np.zeros(3, np.int64), 4, priority=np.zeros(3))
