import collections
import copy
import json
import pickle
import pprint
import types

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ablate.programs.recorded import Recorded, introduce
from ablate.train.reads import was_read

SETTINGS = {"a": 1, "b": {"c": 2, "d": [1, {"e": 3}]}, "z": None}


def keyword(**given):
    return given


def matched(settings):
    match settings:
        case {"a": value}:
            return value


USES = [
    (lambda s: s["a"], {"a"}),
    (lambda s: s.get("a"), {"a"}),
    (lambda s: s.get("q", 5), {"q"}),
    (lambda s: s["b"]["c"], {"b?", "b.c"}),
    (lambda s: s["b"].get("c"), {"b?", "b.c"}),
    (lambda s: "a" in s, {"a?"}),
    (lambda s: "q" in s, {"q?"}),
    (lambda s: s.pop("a"), {"a"}),
    (lambda s: s.pop("q", 3), {"q"}),
    (lambda s: s.setdefault("a", 9), {"a"}),
    (lambda s: s.setdefault("q", 9), {"q"}),
    (list, {"*"}),
    (len, {"*"}),
    (bool, {"*"}),
    (lambda s: list(s.keys()), {"*"}),
    (lambda s: list(reversed(s)), {"*"}),
    (dict, {"*", "a", "b?", "z"}),
    (lambda s: {**s}, {"*", "a", "b?", "z"}),
    (lambda s: keyword(**s), {"*", "a", "b?", "z"}),
    (lambda s: [value for _, value in s.items()], {"*", "a", "b?", "z"}),
    (lambda s: list(s.values()), {"*", "a", "b?", "z"}),
    (lambda s: s | {"n": 1}, {"*", "a", "b?", "z"}),
    (lambda s: {"n": 1, "a": 7} | s, {"*", "a", "b?", "z"}),
    (lambda s: s.popitem(), {"*", "z"}),
    (lambda s: vars(types.SimpleNamespace(**s)), {"*", "a", "b?", "z"}),
    (lambda s: dict(collections.OrderedDict(s)), {"*", "a", "b?", "z"}),
    (lambda s: collections.ChainMap(s, {"q": 1})["a"], {"a"}),
    ("{a}".format_map, {"a"}),
    (lambda s: "%(a)s" % s, {"a"}),  # noqa: UP031
    (matched, {"*", "a"}),
    (json.dumps, {"*", "a", "b?", "b.*", "b.c", "b.d", "z"}),
    (lambda s: json.dumps(s, indent=1, sort_keys=True), {"*", "a", "b?", "b.*", "b.c", "b.d", "z"}),
    (lambda s: pickle.loads(pickle.dumps(s)), {"**", "b.**"}),
    (str, {"**", "b.**"}),
    (pprint.pformat, {"**", "b.**"}),
    (yaml.safe_dump, {"**", "b.**"}),
    (lambda s: s == SETTINGS, {"**", "b.**"}),
    (lambda s: s.copy()["a"], {"a"}),
    (lambda s: copy.copy(s)["b"]["c"], {"b?", "b.c"}),
    (lambda s: copy.deepcopy(s)["b"]["c"], {"b?", "b.c"}),
    (lambda s: isinstance(s, dict) and isinstance(s["b"], dict), {"b?"}),
]


@pytest.mark.parametrize("number", range(len(USES)))
def test_it_is_used_as_any_dict_and_tells_what_was_looked_at(number):
    use, seen = USES[number]
    reads: set[str] = set()
    got = use(Recorded(SETTINGS, reads))
    assert reads == seen
    assert got == use(copy.deepcopy(SETTINGS))


def test_what_is_not_there_is_an_error_as_ever_and_was_looked_for():
    reads: set[str] = set()
    settings = Recorded(SETTINGS, reads)
    for use in (lambda: settings["q"], lambda: settings.pop("q"), lambda: settings["b"]["q"]):
        with pytest.raises(KeyError):
            use()
    assert reads == {"q", "b?", "b.q"}


def test_what_the_function_put_in_is_its_own():
    reads: set[str] = set()
    settings = Recorded(SETTINGS, reads)
    settings["a"] = 5
    settings.update(q=1)
    settings |= {"r": {"s": 1}}
    assert (settings["a"], settings["q"], settings["r"]["s"], "q" in settings) == (5, 1, 1, True)
    assert reads == set()


def test_pickled_it_is_a_plain_dict():
    assert type(pickle.loads(pickle.dumps(Recorded(SETTINGS, set())))["b"]) is dict


def test_omegaconf_takes_it_for_a_dict():
    introduce()
    reads: set[str] = set()
    made = OmegaConf.create(Recorded(SETTINGS, reads))
    assert OmegaConf.to_container(made) == SETTINGS
    assert all(was_read(path, reads) for path in ("a", "b.c", "b.d", "z"))


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))
NAMES = st.sampled_from(["a", "b", "c"])
NESTED = st.dictionaries(NAMES, st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3)))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["get", "item", "in", "pop", "set", "del", "setdefault", "copy", "deep", "len", "popitem"]),
        NAMES,
    ),
    max_size=12,
)


def tried(settings, steps):
    """Do the steps, going into what is nested; return what each gave."""
    found = []
    for step, name in steps:
        try:
            match step:
                case "get":
                    value = settings.get(name)
                case "item":
                    value = settings[name]
                    settings = value if isinstance(value, dict) else settings
                case "in":
                    value = name in settings
                case "pop":
                    value = settings.pop(name)
                case "set":
                    settings[name] = value = 7
                case "del":
                    value = settings.__delitem__(name)
                case "setdefault":
                    value = settings.setdefault(name, 3)
                case "copy":
                    settings = value = settings.copy()
                case "deep":
                    settings = value = copy.deepcopy(settings)
                case "len":
                    value = len(settings)
                case _:
                    value = settings.popitem()
            found.append(json.dumps(value))
        except KeyError:
            found.append("KeyError")
    return found, json.dumps(settings)


@given(NESTED, STEPS)
def test_whatever_is_done_it_gives_what_a_dict_gives(settings, steps):
    assert tried(Recorded(settings, set()), steps) == tried(copy.deepcopy(settings), steps)


@given(NESTED, NESTED, STEPS)
def test_settings_that_agree_in_what_was_looked_at_give_the_same(one, other, steps):
    """What makes it right to take a stored run for the one that is planned."""
    from ablate.train.reads import differ_in_reads

    reads: set[str] = set()
    first = tried_without_dump(Recorded(one, reads), steps)
    if not differ_in_reads(one, other, reads):
        assert tried_without_dump(copy.deepcopy(other), steps) == first


def tried_without_dump(settings, steps):
    """Do the steps and return what each gave where that is a plain value: only that was looked at."""
    found = []
    for step, name in steps:
        try:
            match step:
                case "get" | "item":
                    value = settings[name]
                    if isinstance(value, dict):
                        settings, value = value, "a dict"
                case "in":
                    value = name in settings
                case "set":
                    settings[name] = value = 7
                case "copy" | "deep":
                    settings, value = copy.deepcopy(settings), "a copy"
                case "len" | "popitem":
                    value = len(settings)
                case _:
                    value = sorted(settings)
            found.append(value)
        except KeyError:
            found.append("KeyError")
    return found
