import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.sweep.level_cells import level_in


def level(text, *levels, comma=False):
    return level_in("f, line 2", "x", text, levels, comma=comma)


@pytest.mark.parametrize(
    ("text", "levels", "meant"),
    [
        ("batch", ["none", "batch"], "batch"),
        ("none", ["none", "batch"], "none"),
        ("none", [None, "batch"], None),
        ("", [None, "batch"], None),
        ("NaN", [None, 0.1], None),
        ("none", [None, "none"], "none"),
        ("", [None, "none"], None),
        ("True", [False, True], True),
        ("FALSE", [False, True], False),
        ("0.10", [0.1, 1], 0.1),
        ("1.0", [0.1, 1], 1),
        ("1e-1", [0.1, 1], 0.1),
        ("0.54117", [0.541169527, 0.2], 0.541169527),
        ("0.5411695", [0.541169527, 0.2], 0.541169527),
        ("9007199254740993", [9007199254740992, 9007199254740993], 9007199254740993),
        ('"true"', ["true", True], "true"),
        ('"1"', ["1", 1], "1"),
        ("[100, 100]", ["[100,100]", "[5]"], "[100,100]"),
    ],
)
def test_a_cell_means_the_level_that_it_writes_or_another_program_saved(text, levels, meant):
    found = level(text, *levels)
    assert found == meant
    assert type(found) is type(meant)


def test_decimal_commas_are_those_of_the_file():
    assert level("0,1", 0.1, 1, comma=True) == 0.1
    with pytest.raises(UserError, match="unknown level of x '0,1'"):
        level("0,1", 0.1, 1)


@pytest.mark.parametrize(
    ("text", "levels", "message"),
    [
        (
            "1",
            [False, True],
            "x has the levels false, true, got '1'; expected true or false in the file, or the level 1",
        ),
        ("0.0", [False, True], "expected true or false in the file"),
        ("yes", [False, True], "expected true or false in the file"),
        ("True", [0, 1], "unknown level of x 'True': expected one of 0, 1"),
        ("1", ["1", 1], "'1' can mean the text '1' or 1 of x"),
        ("true", ["true", True], "'true' can mean the text 'true' or true of x"),
        ("0.123457", [0.1234567, 0.1234568], "'0.123457' can mean 0.1234567 or 0.1234568"),
        ("0.5412", [0.541169527, 0.2], "unknown level"),
        ("", ["none", "batch"], "unknown level of x ''"),
        ("btch", ["none", "batch"], "nearest match: batch"),
        ("=1+1", [2, 3], "unknown level"),
        ("x" * 200_000, ["none", "batch"], "unknown level of x 'x{200}…'"),
    ],
)
def test_a_cell_that_means_no_level_or_two_is_refused(text, levels, message):
    with pytest.raises(UserError, match=message):
        level(text, *levels)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5, unique=True), st.data())
def test_a_number_written_in_full_is_its_own_level_however_near_the_others_are(levels, data):
    one = data.draw(st.sampled_from(levels))
    assume(all(float(f"{other:.17g}") != float(f"{one:.17g}") for other in levels if other is not one))
    assert level(repr(one), *levels) == one
