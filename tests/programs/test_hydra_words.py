"""What is written as an override is what Hydra reads of it, whatever it is."""

import math

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.programs.hydra_words import hydra_word

PARSER = OverridesParser.create()

LIKE_OTHERS = [
    "-5", "-1_000", "+3", "1_000", ".5", "-.5", ".1_0", "5.", "1e3", "-1e3", "0x10", "inf", "-inf", "+inf", "nan",
    "-nan", "infinity", "null", "Null", "true", "TRUE", "False", "~", "", " ", "-", "--", ".", "/", "a-1", "a.5", "_5",
    "a=b", "it's", '"', "\\", "a\\'", "${x}", "$", "[1]", "{a:1}", "choice(1)", "a,b", "a b", "\n", "\t", "é",
]  # fmt: skip

texts = st.text() | st.text(alphabet="-+._0159eExinfa/'\\ ,:$") | st.sampled_from(LIKE_OTHERS)
scalars = texts | st.integers() | st.floats() | st.booleans() | st.none()
keys = st.from_regex(r"[a-z_][a-z0-9_./-]{0,8}", fullmatch=True).filter(
    lambda key: key not in ("null", "true", "false", "inf", "nan", "infinity")
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(keys | st.integers(), inner), max_leaves=8
)


def read(value):
    return PARSER.parse_override(f"key={hydra_word(value)}").value()


def same(one, other):
    """Equal, of the same types, NaN and the sign of a zero too."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("text", LIKE_OTHERS)
def test_a_text_that_looks_like_something_else_stays_a_text(text):
    assert same(read(text), text), hydra_word(text)


@settings(deadline=None)
@given(values)
def test_what_is_written_is_read_as_it_was(value):
    assert same(read(value), value), hydra_word(value)


@settings(deadline=None)
@given(st.text() | st.sampled_from(LIKE_OTHERS) | st.sampled_from(["a b", "a.b", "a/b", "-a"]))
def test_a_key_is_read_as_it_was_or_refused(key):
    try:
        said = read({key: 1})
    except UserError as error:
        assert f"the key {key!r} cannot be written" in str(error)  # noqa: PT017 - either is right
    else:
        assert same(said, {key: 1})


def test_numbers_of_numpy_are_numbers_and_other_things_are_refused():
    assert [hydra_word(np.float64(0.1)), hydra_word(np.int32(3))] == ["0.1", "3"]
    assert math.isnan(read(np.float64("nan")))
    with pytest.raises(UserError, match="a value of an override` must be a number"):
        hydra_word(object())
