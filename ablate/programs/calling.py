"""How a training function is called: as `train(config, seed)`, or with its settings by their names.

By its names, a function is one that anybody has written already: ``def train(lr=0.1, dropout=0.0, seed=0)``. Its
signature says which settings there are, and of which type.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, Literal, get_args, get_origin

from ablate.errors import UserError, must, nearest, unknown

GIVEN = ("seed", "log")
"""What a function gets from ablate; no setting can be called so."""

_EMPTY = Parameter.empty
_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_CONFIG = ("config", "cfg")
_SCALAR = (bool, int, float, str, "bool", "int", "float", "str")


@dataclass(frozen=True)
class Calling:
    """How a function is called.

    Attributes
    ----------
    by_name
        With its settings as keywords; else with one dict of them.
    log
        It asks for `log`.
    settings
        The parameters that are settings, in their order; empty where it takes one dict.
    others
        It takes settings of any other name (`**kwargs`).
    """

    by_name: bool
    log: bool
    settings: tuple[Parameter, ...] = ()
    others: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """What a function that is called by names looks at: every parameter, given or not (see `train.reads`)."""
        return frozenset({"params.**"} if self.others else (f"params.{one.name}" for one in self.settings))


def calling(target: str, function: Callable[..., Any], given: Collection[str] = ()) -> Calling:
    """Tell how a function is called.

    With one dict where it can be called as ``train(config, seed)``, its first parameter has no default, is not
    annotated as a single value, and is not called like a setting that is given. Else by names: it has a parameter
    `seed`, or takes any name.

    Parameters
    ----------
    target
        What names it, for errors.
    given
        The names of the settings.

    Raises
    ------
    UserError
        It can be called in neither way.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C
        return Calling(by_name=False, log=False)
    there = list(signature.parameters.values())
    log = any(one.name == "log" and one.kind in _NAMED for one in there)
    if _takes_config(signature, there, given, log=log):
        return Calling(by_name=False, log=log)
    others = any(one.kind is Parameter.VAR_KEYWORD for one in there)
    named = [one for one in there if one.kind in _NAMED]
    reached = len(named) + others == len(there)  # by keywords
    meant = bool(there) and there[0].name in _CONFIG  # one that is to get a dict, and cannot be called with it
    if not reached or meant or not (others or any(one.name == "seed" for one in named)):
        name = target.rpartition(":")[2]
        raise UserError(
            f"`program.target`: {target} takes {signature}, but a training function is called as "
            f"`{name}(config, seed)`, or by the names of its settings, as in `def {name}(lr=0.1, seed=0)`; all that is "
            "random comes from `seed`"
        )
    settings = tuple(one for one in named if one.name not in GIVEN)
    return Calling(by_name=True, log=log, settings=settings, others=others)


def _takes_config(signature: inspect.Signature, there: list[Parameter], given: Collection[str], *, log: bool) -> bool:
    try:
        signature.bind({}, 0, **({"log": None} if log else {}))
    except TypeError:
        return False
    first = there[0]
    if first.kind is Parameter.VAR_POSITIONAL or first.name in _CONFIG:
        return True
    return first.default is _EMPTY and first.annotation not in _SCALAR and first.name not in (*given, *GIVEN)


def check_settings(target: str, function: Callable[..., Any], given: Mapping[str, Any]) -> Calling:
    """Return how a function is called with these settings, once they are what its signature asks for.

    Raises
    ------
    UserError
        A setting is not one of its parameters, or is missing, or has another type than the annotation says; without
        an annotation, another kind than the default.
    """
    how = calling(target, function, given)
    if not how.by_name:
        return how
    settings = {one.name: one for one in how.settings}
    for name in given:
        if name == "seed":
            raise UserError(
                f"{target}: `seed` is the number of the replicate, not a setting: give a count, seeds=8, or a list, "
                "seeds=[0,1,2]"
            )
        if name == "log":
            raise UserError(f"{target}: `log` is what ablate gives a function that asks for it, not a setting")
        if name not in settings and not how.others:
            raise (
                unknown(f"setting of {target}", name, settings)
                if settings
                else UserError(f"{target} has no settings (its signature names none), got {name!r}")
            )
    missing = [one.name for one in how.settings if one.default is _EMPTY and one.name not in given]
    if missing:
        near = nearest(missing[0], [name for name in given if name not in settings])
        raise UserError(
            f"{target} needs `{'`, `'.join(missing)}`, which has no default: give {missing[0]}=…"
            + (f"; nearest given: {near}" if near else "")
        )
    hints = _hints(function)
    for name, value in given.items():
        one = settings.get(name)
        if one is not None:
            _check_type(f"{target}: {name}", hints.get(name, one.annotation), one.default, value)
    return how


def texts_meant(target: str, function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return, of settings that a function takes by name, the texts that its signature names: default, `Literal`.

    >>> def train(reg: Literal["none", "l2"] = "l2", norm="off", lr=0.1, seed=0): ...
    >>> {name: sorted(texts) for name, texts in texts_meant("t.py:train", train, {}).items()}
    {'reg': ['l2', 'none'], 'norm': ['off']}
    """
    hints, named = _hints(function), {}
    for one in calling(target, function, given).settings:
        hint = hints.get(one.name, one.annotation)
        texts = {text for text in (one.default, *_members(hint)) if isinstance(text, str)}
        if texts:
            named[one.name] = frozenset(texts)
    return named


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the values that a `Literal` lists, on its own or as one of several types."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if get_origin(hint) in (typing.Union, types.UnionType, typing.Annotated):
        return tuple(value for one in get_args(hint) for value in _members(one))
    return ()


def _hints(function: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - a name that only a type checker sees; then annotations are not looked at
        return {}


def _check_type(where: str, hint: Any, default: Any, value: Any) -> None:
    if hint is _EMPTY:
        if value is None or default is _EMPTY:
            return
        kind = type(default)
        hint = {bool: bool, int: float, float: float, str: str}.get(kind, Any)  # half a step more than 1 is a number
        if not _fits(hint, value):
            raise must(where, f"be {_WORDS[hint]}, as its default {default!r} is", value)
    elif not _fits(hint, value):
        raise must(where, f"be {_WORDS.get(hint) or inspect.formatannotation(hint)}", value)


_WORDS: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _fits(hint: Any, value: Any) -> bool:
    """Tell whether a value is of a type; of a type that no level can have, nothing is said."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is None or hint is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(_fits(one, value) for one in inner)
    if origin is typing.Annotated:
        return _fits(inner[0], value)
    if origin is Literal:
        return any(type(one) is type(value) and one == value for one in inner)
    if hint in (int, float):
        return isinstance(value, int if hint is int else (int, float)) and not isinstance(value, bool)
    if hint in (bool, str):
        return isinstance(value, hint)
    kind = origin or hint
    if kind in (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable):
        items = inner[:1] if kind is not tuple or inner[1:] == (Ellipsis,) else ()
        return isinstance(value, list) and all(_fits(items[0], item) for item in value if items)
    if kind in (dict, collections.abc.Mapping):
        return isinstance(value, Mapping)
    return True
