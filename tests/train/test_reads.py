import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.train.reads import LIMIT, compact_reads, differ_in_reads, key_path, unread, was_read, without

NAMES = st.sampled_from(["a", "b", "lr"])
SETTINGS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.floats(0, 1), st.sampled_from(["off", "x"])),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict))


@pytest.mark.parametrize(
    ("read", "path", "seen"),
    [
        ("params.x", "params.x", True),
        ("params.x", "params.xy", False),
        ("params.x?", "params.x", False),
        ("params.*", "params.x", False),
        ("params.**", "params.x", True),
        ("params.**", "epochs", False),
        ("**", "epochs", True),
        ("optimizer.lr", "optimizer", True),
        ("params.opt", "params.opt.lr", True),
    ],
)
def test_what_counts_as_read(read, path, seen):
    assert was_read(path, [read]) is seen


def test_keys_of_the_program_itself_are_no_settings():
    assert [key_path(k) for k in ("program", "program.target", "program.watch", "fairness")] == [None] * 4
    assert unread(["program.params.x", "epochs", "program.target", "optimizer"], ["optimizer.lr"]) == [
        "program.params.x",
        "epochs",
    ]


@pytest.mark.parametrize(
    ("before", "after", "reads", "other"),
    [
        ({"e": 1}, {"e": 2}, ["e"], True),
        ({"e": 1}, {"e": 2}, ["f", "*"], False),
        ({"e": {"x": 1}}, {"e": {"x": 2}}, ["e?"], False),
        ({"e": {"x": 1}}, {"e": 2}, ["e?"], True),
        ({"e": 1}, {"e": 1.0}, ["e"], True),
        ({"e": 1}, {"e": True}, ["e"], True),
        ({}, {"e": 1}, ["e"], True),
        ({}, {"e": 1}, ["e?"], True),
        ({}, {"e": 1}, ["*"], True),
        ({}, {"e": 1}, ["f", "p.*"], False),
        ({"p": {}}, {"p": {"x": {"y": 1}}}, ["p.x"], True),
        ({"p": {}}, {"p": {"x": {"y": 1}}}, ["p.*"], True),
        ({"p": {}}, {"p": {"x": {"y": 1}}}, ["*", "p.z"], False),
        ({"p": {"x": 1}}, {"p": {"x": {"y": 1}}}, ["p.x"], True),
    ],
)
def test_settings_differ_where_something_read_differs(before, after, reads, other):
    assert differ_in_reads(before, after, reads) is other
    assert differ_in_reads(after, before, reads) is other


@given(SETTINGS, SETTINGS)
def test_everything_read_tells_all_settings_apart_and_nothing_read_tells_none(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert differ_in_reads(one, other, ["**"]) is not same
    assert not differ_in_reads(one, other, [])
    assert not differ_in_reads(one, one, ["**"])


def test_a_long_list_of_reads_is_stored_coarser_and_sees_no_less():
    reads = [f"params.group{i % 5}.setting_{i:05}" for i in range(2000)]
    kept = compact_reads(reads)
    assert len(json.dumps(kept)) <= LIMIT
    assert all(was_read(read, kept) for read in reads)
    assert compact_reads(["b", "a", "a"]) == ["a", "b"]


@given(st.lists(st.from_regex(r"[a-c]{1,40}(\.[a-c]{1,40}){0,3}", fullmatch=True), max_size=400))
def test_compacting_never_forgets_a_read(reads):
    kept = compact_reads(reads)
    assert len(json.dumps(kept)) <= LIMIT
    assert all(was_read(read, kept) for read in reads)


def test_settings_are_taken_out_by_their_path():
    assert without({"a": {"b": 1, "c": 2}, "d": 3}, ["a.b", "d"]) == {"a": {"c": 2}}
