"""The keys of a study of an own function: `width` to Python and to a reader is `program.params.width` in a study file.

The fields of a study that name factors or settings are listed here, by their name; a test compares the list with the
classes of the study file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ablate.errors import UserError
from ablate.sweep.study import FAIRNESS, Study
from ablate.track.columns import PLANNED, RUN

PREFIX = "program.params."

OF_ABLATE = (FAIRNESS, "target_accuracy", "target_split")
"""Keys that mean the same with every Program, an own function too."""

KEYED = ("factors", "levels", "fixed", "baseline", "space", "where", "full", "off", "arm", "against", "at", "than_at")
"""Fields that are mappings with factors or settings as keys."""

NAMING = ("factors", "each", "over", "share", "panel", "hue", "x", "y")
"""Fields that are a factor's name, or a list of names."""

_PARTS = ("claims", "gates", "design", "figures", "tune", "quick", "labels", "zh")

Rename = Callable[[str], str]


def full_key(name: str) -> str:
    """Return the key of a study file for the name of a function's own setting.

    >>> full_key("width"), full_key("optimizer.lr"), full_key("program.watch"), full_key("fairness")
    ('program.params.width', 'program.params.optimizer.lr', 'program.watch', 'fairness')
    """
    return name if name in OF_ABLATE or name.startswith("program.") else PREFIX + name


def short_key(key: str) -> str:
    """Return the name that a function gives its setting, the inverse of `full_key`.

    >>> short_key("program.params.width"), short_key("norm")
    ('width', 'norm')
    """
    return key.removeprefix(PREFIX)


def short_names(study: Study, taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the keys of a study that a reader meets under the name that the function gives them.

    A name stays long where something else is called so: another key or its group, a column, or what is in `taken`.

    >>> short_names(Study(title="t", fixed={"program.params.seed": 1}, factors={"program.params.dropout": [0, 0.5]}))
    {'program.params.dropout': 'dropout'}
    >>> short_names(Study(title="t", fixed={"dropout.p": 0.1}, factors={"program.params.dropout": [0, 0.5]}))
    {}
    """
    keys = [*study.factors, *study.fixed, *(study.tune.all_keys if study.tune is not None else ())]
    short_by_key = {key: short_key(key) for key in keys if key.startswith(PREFIX)}
    others = {key.partition(".")[0] for key in keys if key not in short_by_key}
    others |= {FAIRNESS, *PLANNED, *RUN, *taken}
    return {
        key: name for key, name in short_by_key.items() if name not in others and name.partition(".")[0] not in others
    }


def with_short_names(text: str, names: Mapping[str, str]) -> str:
    """Return a text with whole keys, and what is set inside them, under their short names (see `short_names`).

    >>> with_short_names("program.params.a=1, program.params.a.b and program.params.ab", {"program.params.a": "a"})
    'a=1, a.b and program.params.ab'
    """
    if not names:
        return text
    keys = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.])(?:{keys})(?![\w-])", lambda match: names[match[0]], text)


@contextmanager
def in_short_names(study: Study) -> Iterator[None]:
    """Let errors name the settings of a function as a reader meets them."""
    try:
        yield
    except UserError as error:
        text = with_short_names(str(error), short_names(study, study.metrics))
        if text == str(error):
            raise
        raise UserError(text) from error


def renamed(data: Mapping[str, Any], rename: Rename = full_key) -> dict[str, Any]:
    """Return a study, or a part of one, as plain data, with every factor and setting under another name.

    >>> renamed({"factors": {"width": [1, 2]}, "claims": [{"arm": {"width": 2}, "each": "depth", "says": "width"}]})
    {'factors': {'program.params.width': [1, 2]}, 'claims': [{'arm': {'program.params.width': 2}, 'each': \
'program.params.depth', 'says': 'width'}]}
    """
    return {key: _renamed(key, value, rename) for key, value in data.items()}


def _renamed(field: str, value: Any, rename: Rename) -> Any:
    if field in KEYED and isinstance(value, Mapping):
        return {rename(str(key)): part for key, part in value.items()}
    if field == "arms" and isinstance(value, list | tuple):  # of a design that lists them
        return [_renamed("arm", arm, rename) for arm in value]
    if field in NAMING and isinstance(value, str):
        return rename(value)
    if field in NAMING and isinstance(value, list | tuple):
        return [rename(item) if isinstance(item, str) else item for item in value]
    if field == "exclude":
        return _expression(value, rename) if isinstance(value, str) else [_expression(text, rename) for text in value]
    if field in _PARTS:
        if isinstance(value, Mapping):  # of a quick budget: claim id -> changes
            inner = all(isinstance(part, Mapping | None) for part in value.values()) and field == "claims"
            return {k: renamed(v, rename) if v else v for k, v in value.items()} if inner else renamed(value, rename)
        if isinstance(value, list | tuple):
            return [renamed(item, rename) if isinstance(item, Mapping) else item for item in value]
    return value


def _expression(text: str, rename: Rename) -> str:
    """Return an exclusion with its factors renamed; one that does not parse is left to the study, which says so.

    >>> _expression("width == 16 and norm in ['width', 'none']", full_key)
    "program.params.width == 16 and program.params.norm in ['width', 'none']"
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name | ast.Attribute) and id(n) not in inner]
    raw = text.strip().encode()  # columns count bytes
    for node in sorted(nodes, key=lambda n: -n.col_offset):
        name = raw[node.col_offset : node.end_col_offset].decode()
        if node.lineno == node.end_lineno == 1 and name not in ("true", "false", "null"):
            raw = raw[: node.col_offset] + rename(name).encode() + raw[node.end_col_offset :]
    return raw.decode()
