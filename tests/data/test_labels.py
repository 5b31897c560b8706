"""Labels as users store them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.data.labels import number_labels
from ablate.errors import UserError

PLAIN = np.arange(12) % 3


@pytest.mark.parametrize(
    "labels",
    [
        PLAIN,
        PLAIN[:, None].astype(np.uint8),
        PLAIN[None],
        PLAIN.astype(float),
        PLAIN.astype(np.float16),
        PLAIN.astype(">i2"),
        np.eye(3)[PLAIN],
        np.eye(3, dtype=bool)[PLAIN],
        np.array(["a", "b", "c"])[PLAIN],
        np.array([b"a", b"b", b"c"])[PLAIN],
        PLAIN + 1,
        PLAIN * 10**12,
    ],
)
def test_every_usual_form_is_read_as_the_same_numbers(labels):
    numbers, names, _ = number_labels(labels, what="w")
    np.testing.assert_array_equal(numbers, PLAIN)
    assert numbers.dtype == np.int64
    assert len(names) == 3


def test_truth_values_are_two_classes():
    numbers, names, notes = number_labels(PLAIN == 1, what="w")
    np.testing.assert_array_equal(numbers, PLAIN == 1)
    assert (len(names), notes) == (2, [])


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (PLAIN, []),
        (PLAIN.astype(float), []),
        (PLAIN + 1, ["the labels 1, 2, 3 are numbered from 0 to 2 in this order"]),
        (PLAIN * 2, ["the labels 0, 2, 4 are numbered from 0 to 2 in this order"]),
        (np.array(["dog", "cat\n", "ant"])[PLAIN], ["the labels ant, cat, dog are numbered from 0 to 2 in this order"]),
        (np.eye(3)[PLAIN], ["labels are one-hot rows: column 0 to 2 is the class"]),
        (
            np.arange(24) % 12 + 1,
            ["the labels 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more are numbered from 0 to 11 in this order"],
        ),
    ],
)
def test_a_renumbering_is_told(labels, told):
    assert number_labels(labels, what="w")[2] == told


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (PLAIN - 1, r"has the label -1: labels must not be negative .*number the classes from 0"),
        (PLAIN * 0.5, r"labels of float64 such as 0.5: expected whole numbers"),
        (np.where(PLAIN == 1, np.nan, PLAIN), r"not finite \(NaN or infinity\)"),
        (PLAIN * 0, r"one label only, 0"),
        (np.array(["", "b", "c"])[PLAIN], r"empty text as a label"),
        (np.ones((12, 3)), r"shape \(12, 3\), and not one 1 in each row: several labels per image"),
        (np.full((12, 2), 0.5), r"shares of classes, are not read"),
        (np.zeros((12, 2, 2)), r"expected \(examples,\), one for each image"),
        (np.array(["a", "b"])[:, None].repeat(2, 1), r"expected \(examples,\), one for each image"),
    ],
)
def test_what_is_no_label_is_refused(labels, message):
    with pytest.raises(UserError, match=message):
        number_labels(labels, what="w")


@given(
    names=st.lists(st.integers(0, 10**6), min_size=2, max_size=6, unique=True),
    drawn=st.lists(st.integers(0, 5), min_size=8, max_size=20),
)
def test_renaming_classes_in_order_changes_nothing(names, drawn):
    numbers = np.array([*range(len(names)), *(n % len(names) for n in drawn)])
    renamed = np.sort(names)[numbers]
    np.testing.assert_array_equal(number_labels(renamed, what="w")[0], numbers)
    np.testing.assert_array_equal(number_labels(np.char.mod("%07d", renamed), what="w")[0], numbers)
