"""Levels: read, kept, compared and written in one place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.levels import (
    ListLevel,
    compact,
    expanded,
    level_key,
    level_name,
    level_names,
    levels_alike,
    own_level,
    read_level,
    restored,
    same_level,
    stored,
)
from ablate.report.csv_cells import csv_line, level_cell, read_rows
from ablate.values import check_value, plain
from tests.values.strategies import LEVELS, SCALARS, TEXTS, exact


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("010", 10), ("0o10", 8), ("0x1F", 31), ("+1", 1), ("-0", 0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0),
        ("1E-3", 0.001), ("true", True), ("False", False), ("NULL", None), ("~", None), ("", None),
        ("1:10", "1:10"), ("1_000", "1_000"), ("2024-01-01", "2024-01-01"), ("off", "off"), ("tRuE", "tRuE"),
        ("inf", "inf"), ("nan", "nan"), ("0b11", "0b11"), ("1e", "1e"), ("+0x1F", "+0x1F"), ("１", "１"),
    ],
)  # fmt: skip
def test_an_unquoted_word_is_read_as_the_core_schema_of_yaml_1_2_says(word, value):
    assert exact(plain(word)) == exact(value)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("3e563", "3e563 is too large a number"),
        ("-1e400", "too large"),
        ("9" * 5000, "too large"),
        ("0x" + "f" * 300, "too large"),
        ("1e-400", "1e-400 is too small a number: it would be read as 0"),
        (".inf", ".inf is not a finite number"),
        ("-.INF", "not a finite number"),
        (".NaN", "not a finite number"),
    ],
)
def test_a_number_that_no_float_holds_is_refused_with_a_way_to_write_it_as_text(word, why):
    with pytest.raises(ValueError, match="in quotes it is text") as caught:
        plain(word)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 200


@given(LEVELS)
def test_a_level_keeps_its_type_and_value(value):
    assert exact(expanded(read_level(value))) == exact(value)


def test_a_list_is_known_from_its_text():
    level = read_level([1, 2])
    assert isinstance(level, ListLevel)
    assert not isinstance(read_level("[1,2]"), ListLevel)
    assert levels_alike([level, "[1,2]"]) == (level, "[1,2]")
    assert stored(level) == "[1,2]"
    assert stored("[1,2]") == '"[1,2]"'


@given(LEVELS)
def test_a_stored_level_comes_back_with_its_type_and_is_stored_as_before(value):
    level = read_level(value)
    kept = json.loads(json.dumps(stored(level)))
    if isinstance(value, str) and value.startswith('"['):
        return  # may be taken for a stored text; see `levels_alike`
    assert (restored(kept), type(restored(kept))) == (level, type(level))
    assert stored(restored(kept)) == kept


def test_levels_that_are_written_alike_are_found():
    pairs = [(1, 1.0), (1, True), (0.0, -0.0), ("1", '"1"'), ("[1,2]", '"[1,2]"'), (read_level([1, 2]), "[1,2]")]
    assert [levels_alike(pair) for pair in pairs] == pairs
    assert levels_alike(["1", 1, 2, 0.1234567, 0.1234568, "true", True, None, "null", "", " "]) is not None
    assert levels_alike(["1", 2, 0.1234567, 0.1234568, "true", True, None, "null", "", " "]) is None


@given(SCALARS, SCALARS)
def test_levels_are_one_only_if_they_are_of_one_kind_and_equal(one, other):
    kinds = {bool: "bool", int: "number", float: "number", str: "text", type(None): "none"}
    assert same_level(one, other) == (kinds[type(one)] == kinds[type(other)] and one == other)
    assert own_level(one, [other]) is (other if same_level(one, other) else one)


def test_large_whole_numbers_are_not_compared_as_floats():
    assert level_key(2**53) != level_key(2**53 + 1)
    assert level_key(2**53) == level_key(2.0**53)


@given(st.lists(LEVELS.map(compact), max_size=5))
def test_the_levels_of_a_factor_have_different_names_on_one_line(levels):
    if levels_alike(levels) is not None:
        return
    names = level_names(levels)
    assert len(set(names.values())) == len(levels)
    assert all(len(name.splitlines()) == 1 and name for name in names.values())


@pytest.mark.parametrize(
    ("levels", "names"),
    [
        ([0.1234567, 0.1234568], ["0.1234567", "0.1234568"]),
        ([0.1234567, 0.5], ["0.123457", "0.5"]),
        ([1234567.0, 1234567.1, 3], ["1234567.0", "1234567.1", "3"]),
        ([1e-300, 1.0000000000000002, 1.0], ["1e-300", "1.0000000000000002", "1.0"]),
        (["1", 1], ['"1"', "1"]),
        (["true", True, "null", None], ['"true"', "true", '"null"', "null"]),
        (["a, b=c", "a"], ['"a, b=c"', "a"]),
        (["off", "none", "[INST] a"], ["off", "none", "[INST] a"]),
    ],
)
def test_names_have_as_many_digits_and_quotes_as_it_takes(levels, names):
    assert list(level_names(levels).values()) == names


@given(TEXTS)
def test_a_text_without_quotes_reads_as_itself(text):
    name = level_name(text)
    if name == text and text[0] not in '["':
        assert plain(name) == text
    elif name != text:
        assert json.loads(name) == text


@given(st.lists(LEVELS.map(compact), min_size=1, max_size=4))
def test_levels_come_back_from_a_csv_file_with_their_types(tmp_path_factory, levels):
    if levels_alike(levels) is not None:
        return
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    cells = [csv_line([level_cell(level), "1"]) for level in levels]
    path.write_text(csv_line(["x", "y"]) + "".join(cells), encoding="utf-8", newline="")
    rows = read_rows(path, "x.csv", ["x"], ["y"])
    for known in (None, levels):
        found = [rows.level(number, "x", "x", known) for number in range(len(levels))]
        assert [exact(expanded(level)) for level in found] == [exact(expanded(level)) for level in levels]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "not a finite number"),
        ([1, float("inf")], "not a finite number"),
        (10**400, "too large"),
        ("\ud800", "half a character"),
        ({1: 2}, "keys of a mapping must be text"),
        (object(), "expected text"),
    ],
)
def test_a_value_that_no_study_may_hold_is_refused(value, why):
    with pytest.raises(ValueError, match=why):
        check_value(value)


def test_lists_do_not_lie_deeper_than_is_stated():
    value: list = []
    for _ in range(100):
        value = [value]
    with pytest.raises(ValueError, match="32 deep"):
        check_value(value)


def test_a_mapping_cannot_be_a_level():
    with pytest.raises(ValueError, match="a mapping cannot be a level"):
        read_level({"a": 1})
