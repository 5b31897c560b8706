"""Values as users write them: what looks like something else, and everything hypothesis thinks of."""

import json

from hypothesis import strategies as st

TRICKY = (
    "", " ", " a", "a ", "1", "1.0", "-0", "010", "0o10", "0x1F", "1e3", "1e400", "3e563", "1_000", "inf", ".inf",
    "nan", ".nan", "true", "True", "tRuE", "false", "null", "~", "none", "None", "on", "off", "yes", "No", "1:10",
    "2024-01-01", "[1,2]", "[INST] a", '["a"]', "{a: 1}", "a,b", "a, b", "a=b", "$x", "${x}", "${x", "\\${x}", "???",
    "#x", "a #b", "a: b", "- a", "-", "it's", '"q"', "'q'", "\\", "\\\\", "a\\'", "\\n", "!!str", "&a", "*a",
    "%x", "@x", "`x`", "|", ">", "ü", "中文", "😀", "\u2028", "\x85", "\xa0", "a\nb", "\t", "<<", "=", "x(1)",
    "glob(*)", "a|b", "§", "\x00",
)  # fmt: skip

TEXTS = st.one_of(st.sampled_from(TRICKY), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 10**16, 2**53, 2**53 + 1, 10**300, 1.0, -0.0, 1e-300, 5e-324, 1e16, 0.1, 1.7e308]),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
KEYS = st.one_of(
    st.from_regex(r"[a-z_][a-z0-9_.-]{0,6}", fullmatch=True), st.sampled_from(["1", "010", "true", "off", "a b"])
)
LISTS = st.recursive(
    st.lists(SCALARS, max_size=3),
    lambda inner: st.lists(st.one_of(SCALARS, inner, st.dictionaries(KEYS, SCALARS, max_size=2)), max_size=3),
    max_leaves=6,
)
LEVELS = st.one_of(SCALARS, LISTS)
VALUES = st.one_of(LEVELS, st.dictionaries(KEYS, LEVELS, max_size=3))


def exact(value):
    """Write a value so that no two of different type or sign read alike."""
    return json.dumps(value)


def as_yaml(value):
    """Write a value as a careful user would: texts in double quotes, with escapes."""
    if isinstance(value, str):
        return '"' + "".join(_escaped(character) for character in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def _escaped(character):
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"
