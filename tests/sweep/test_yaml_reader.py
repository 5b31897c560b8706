"""YAML as study files are read: 1.2, core schema, with limits and one clear line for what is refused."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.sweep.yaml_reader import MOST_CHARACTERS, read_yaml
from tests.values.strategies import VALUES, as_yaml, exact

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@given(VALUES)
def test_what_is_written_is_what_is_read(value):
    assert exact(read_yaml(f"x: {as_yaml(value)}")["x"]) == exact(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: [1:10, 010, 0o10, 1_000, 1e3, 2024-01-01, off]", ["1:10", 10, 8, "1_000", 1000.0, "2024-01-01", "off"]),
        ("x: ['[1,2]', \"0.1\", 'null', 'true', '010']", ["[1,2]", "0.1", "null", "true", "010"]),
        ("x: '[INST] a'", "[INST] a"),
        ("x: |\n  010\n", "010\n"),
        ("x: !!str 010", "010"),
        ("x: {1: a, true: b, 010: c, ~: d}", {"1": "a", "true": "b", "010": "c", "~": "d"}),
        ('x: "\\ud83d\\ude00"', "😀"),
        ('{"x":[1,2]}', [1, 2]),
        ("x:", None),
        ("x: ''", ""),
    ],
)
def test_quoted_is_text_and_the_rest_is_the_core_schema(text, value):
    assert exact(read_yaml(text)["x"]) == exact(value)


def test_anchors_are_followed_and_mappings_merged_with_the_own_keys_first():
    text = "d: &d {a: 1, b: 2}\ne: {<<: *d, b: 3}\nf: {<<: [*d, {a: 9, c: 4}]}\ng: *d\nh: {'<<': 1}"
    held = read_yaml(text)
    assert held["e"] == {"a": 1, "b": 3}
    assert held["f"] == {"a": 1, "b": 2, "c": 4}
    assert held["g"] == {"a": 1, "b": 2}
    assert held["h"] == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nx: {y: [1, 3e563]}", "line 2, `x.y.1`: 3e563 is too large a number"),
        ("x: .inf", "line 1, `x`: .inf is not a finite number"),
        ("x: 1e-400", "too small a number"),
        ("x: " + "9" * 5000, "too large a number"),
        ("{a: 1, a: 2}", "line 1: key 'a' is given twice"),
        ("{1: a, '1': b}", "key '1' is given twice"),
        ("{<<: {a: 1}, <<: {b: 1}}", "key '<<' is given twice"),
        ("{<<: 3}", "`<<` takes a mapping or a list of mappings, got int"),
        ("{[1]: 2}", "a key must be text, got a list"),
        ("? {a: b}\n: c", "a key must be text, got a mapping"),
        ("x: &l [1]\n*l : 2", "a key must be text, *l is list"),
        ("\tx: 1", "not valid YAML: while scanning for the next token found character '\\t'"),
        ("x: !!python/object:os.system a", "the tag tag:yaml.org,2002:python/object:os.system"),
        ("x: !!binary aGk=", "the tag tag:yaml.org,2002:binary"),
        ("x: !!set {a, b}", "the tag tag:yaml.org,2002:set"),
        ('x: "\\ud800"', "U+D800, half a character"),
        ("x: a\u2028b", "it holds the character U+2028"),
        ("&a [*a]", "*a stands within its own anchor"),
        ("x: *b", "*b has no anchor &b before it"),
        ("a: 1\n---\nb: 2", "a second document begins here"),
        ("%YAML 1.1\n---\nx: 1:10", "it says %YAML 1.1; YAML 1.2 is read"),
        ("x: [", "not valid YAML"),
        ("- " * 10_000 + "a", "32 deep"),
        ("[" * 10_000, "32 deep"),
        ("{a: " * 10_000, "32 deep"),
        (BOMB, "more than 100,000 values"),
        ("x: [" + "1," * 120_000 + "]", "more than 100,000 values"),
        ("#" * (MOST_CHARACTERS + 1), "at most 500,000 are read"),
    ],
    ids=lambda text: text[:20],
)
def test_what_cannot_be_read_is_one_clear_line_soon(text, message):
    began = time.monotonic()
    with pytest.raises(UserError) as caught:
        read_yaml(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert time.monotonic() - began < 60.0  # the alias bomb took longer, and was followed by a hang


@given(st.text(st.sampled_from("abx019.-+~:,[]{}#&*!|>'\"%@` \n\t<=?_é\u2028\x85"), max_size=40))
@example("&")
@example("*")
@example("? ")
@example("!<")
@example("{? a}")
@example('"\\')
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        exact(read_yaml(text))
    except UserError as error:
        refused = str(error)
    else:
        refused = ""
    assert "\n" not in refused
