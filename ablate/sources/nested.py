"""Columns that hold mappings: what the interface of a tracker gives for the settings and results of a run, in one cell.

`pandas.DataFrame({"config": [run.config …], "summary": …})` is how exports of Weights & Biases are made in its manual.
Written as CSV, such a cell is JSON, or a mapping as Python prints it: `{'lr': 0.1, 'acc': nan}`. It is read as text.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.contract import RunTable
from ablate.values import from_json

UNFOLDED = msg("columns that hold mappings are read as columns")

_NAMES = {"config": "config", "summary": "summary", "params": "params", "metrics": "metrics", "hparams": "params",
          "parameters": "params", "summary_metrics": "summary", "hyperparameters": "params"}  # fmt: skip
_WORDS: dict[str, Any] = {"nan": "nan", "inf": "inf", "NaN": "nan", "Infinity": "inf", "null": None, "true": True,
                          "false": False}  # fmt: skip
_DEPTH = 40


def unfolded(table: RunTable) -> RunTable:
    """Return a table with `config.lr`, … for what a column `config` held as mappings; else the table itself."""
    by_place: dict[int, list[dict[str, Any]]] = {}
    for place, name in enumerate(table.head):
        if name.lower() not in _NAMES:
            continue
        parsed = [mapping(line.cells[place]) if line.cells[place] else {} for line in table.lines]
        if any(parsed) and all(one is not None for one in parsed):
            by_place[place] = [one or {} for one in parsed]
    if not by_place:
        return table
    rows = []
    for index, line in enumerate(table.lines):
        where = table.at(line)
        pairs: list[tuple[str, Any]] = []
        for place, name in enumerate(table.head):
            if place in by_place:
                pairs += flat(_NAMES[name.lower()], by_place[place][index], where=where).items()
            else:
                pairs.append((name or f"\0{place}", line.cells[place]))
        rows.append(_once(pairs, where))
    head = tuple(dict.fromkeys(name for row in rows for name in row))
    named = RunTable.of(table.where, [{name.replace("\0", "unnamed column "): row.get(name) for name in head}
                                      for row in rows])  # fmt: skip
    lines = tuple(replace(old, cells=new.cells) for old, new in zip(table.lines, named.lines, strict=True))
    own_head = tuple("" if name.startswith("\0") else name for name in head)
    return replace(table, head=own_head, lines=lines, repairs=(*table.repairs, UNFOLDED))


def flat(prefix: str, nested: Mapping[str, Any], *, where: str = "") -> dict[str, Any]:
    """Return a mapping of mappings as columns; what a tracker keeps for itself is left out.

    Raises
    ------
    UserError
        Two values would have one name, as in `{"a.b": 1, "a": {"b": 2}}`: neither may hide the other.

    >>> flat("config", {"lr": 0.1, "model": {"depth": 3}, "_wandb": {"t": 1}})
    {'config.lr': 0.1, 'config.model.depth': 3}
    """
    return _once(_leaves(prefix, nested, 0), where)


def _once(pairs: Iterable[tuple[str, Any]], where: str) -> dict[str, Any]:
    """Return pairs as a mapping; a name that comes again says the same, or one of the two says nothing."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        before = made.get(name)
        if before in (None, ""):
            made[name] = value
        elif value not in (None, "") and str(value) != str(before):
            told = f"{where}: " if where else ""
            raise UserError(f"{told}two values are called {name!r}: {before!r:.60} and {value!r:.60}; rename one")
    return made


def _leaves(prefix: str, nested: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    if "_type" in nested or depth > _DEPTH:  # a histogram, a picture, a table
        return
    for key, value in nested.items():
        if key == "_wandb":
            continue
        if isinstance(value, Mapping):
            yield from _leaves(f"{prefix}.{key}", value, depth + 1)
        elif isinstance(value, str | int | float | bool) or value is None:
            yield f"{prefix}.{key}", value
        else:
            yield f"{prefix}.{key}", json.dumps(value)


def mapping(cell: str) -> dict[str, Any] | None:
    """Return the mapping that a cell holds, as JSON or as Python prints it; None where it holds none. Nothing is run.

    >>> mapping("{'lr': 1e-3, 'acc': nan, 'sizes': [1, -2]}"), mapping('{"a": null}'), mapping("__import__('os')")
    ({'lr': 0.001, 'acc': 'nan', 'sizes': [1, -2]}, {'a': None}, None)
    """
    if not (cell.startswith("{") and cell.endswith("}")):
        return None
    try:
        parsed = from_json(cell)
    except (ValueError, RecursionError):
        try:
            parsed = _value(ast.parse(cell, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return parsed if isinstance(parsed, dict) and all(isinstance(key, str) for key in parsed) else None


def _value(node: ast.expr) -> Any:
    """Return what a literal says; raise ValueError of anything that would have to be run."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return node.value
    if isinstance(node, ast.Name) and node.id in _WORDS:
        return _WORDS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
        if value == "inf":
            return "-inf"
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    raise ValueError("not a literal")
