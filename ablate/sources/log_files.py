"""The small files in folders of logs: JSON, lines of JSON, CSV, YAML; with the damage of programs that were stopped.

YAML is read safely: what a tag of Python's would make is never made, and is told.
"""

from __future__ import annotations

import csv
import io
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ablate.errors import UserError, plural
from ablate.lang import msg
from ablate.resources import plain_file
from ablate.sources.cells import finite_number
from ablate.sources.contract import Done
from ablate.sources.logs import first_names, flat_settings
from ablate.values import from_json, lines_of

HALF = msg("half-written last lines: left out")
REFUSED = msg("settings that are Python objects: never made, left out")
STEPS = ("step", "global_step", "trainer/global_step", "_step", "iteration", "iter", "training_iteration", "epoch")
"""Names of what counts the steps of a history, the first that is there."""


PYTHON = f"a Python object {uuid.uuid4().hex}"
"""Stands for what would have been made; no file holds this text."""


class _Loader(yaml.SafeLoader):
    """Makes plain values alone; a tuple is a list, and no other object of Python's is made."""


def _unmade(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if suffix == "tuple" and isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return PYTHON


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _unmade)
_Loader.add_multi_constructor("!", _unmade)


@dataclass
class FileNotes:
    """What was done with files, added up over all runs."""

    half: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def done(self) -> list[Done]:
        """Return what is told of it."""
        notes = [
            (HALF, self.half),
            (REFUSED, self.refused),
            (msg("results that are texts: not read"), self.texts),
            (msg("histories without a whole number that counts steps: their rows are counted"), self.uncounted),
        ]
        return [Done(what, len(which), first_names(list(dict.fromkeys(which)))) for what, which in notes if which]


def file_text(path: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    UserError
        It cannot be read, or is not UTF-8.
    """
    try:
        return plain_file(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None


def yaml_of(path: Path) -> Any:
    """Return what a YAML file holds, made of plain values alone.

    Raises
    ------
    UserError
        It is not YAML.
    """
    try:
        return yaml.load(file_text(path), Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())[:120]}") from None


def yaml_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file that a program wrote in plain values; a tag of Python's is an error.

    Raises
    ------
    UserError
        It is not YAML of plain values, or not a mapping.
    """
    try:
        parsed = yaml.safe_load(file_text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())[:120]}") from None
    if not isinstance(parsed, dict):
        raise UserError(f"{path}: expected a mapping, got {type(parsed).__name__}")
    return parsed


def yaml_settings(path: Path, told: FileNotes) -> dict[str, Any]:
    """Return the settings of a YAML file under names with points; without those that are Python objects.

    Raises
    ------
    UserError
        It is not YAML, or not a mapping.
    """
    parsed = yaml_of(path)
    if parsed is None:
        return {}
    if not isinstance(parsed, Mapping):
        raise UserError(f"{path}: expected a mapping of settings, got {type(parsed).__name__}")
    return without_objects(flat_settings(str(path), parsed), told)


def without_objects(settings: Mapping[str, Any], told: FileNotes) -> dict[str, Any]:
    """Return settings without those that only Python could make, which are told."""
    kept = {name: value for name, value in settings.items() if PYTHON not in str(value)}
    told.refused += [name for name in settings if name not in kept]
    return kept


def json_of(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    UserError
        It is not JSON.
    """
    try:
        return from_json(file_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {str(error)[:120]}") from None


def result_rows(path: Path, told: FileNotes) -> list[dict[str, Any]]:
    """Return the rows of a file of results: a CSV file, lines of JSON, or a JSON file (one mapping, or a list of them).

    A last line that is not whole, as a program leaves it that was stopped while it wrote, is left out, and told.

    Raises
    ------
    UserError
        It is none of these, with the line.
    """
    if path.suffix.lower() == ".csv":
        return _csv_rows(path, told)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return _json_lines(path, told)
    parsed = json_of(path)
    rows = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f"{path}: expected a mapping of results, or a list of them")
    return [flat_settings(str(path), row) for row in rows]


def _json_lines(path: Path, told: FileNotes) -> list[dict[str, Any]]:
    lines = lines_of(file_text(path))
    rows = []
    for i, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = from_json(line)
        except (ValueError, RecursionError) as error:
            if i == len(lines):
                told.half.append(str(path.name))
                break
            raise UserError(f"{path}, line {i} is not JSON: {str(error)[:80]}") from None
        if not isinstance(row, Mapping):
            raise UserError(f"{path}, line {i}: expected a mapping of results, got {type(row).__name__}")
        rows.append(flat_settings(f"{path}, line {i}", row))
    return rows


def _csv_rows(path: Path, told: FileNotes) -> list[dict[str, Any]]:
    text = file_text(path)
    whole = text.endswith(("\n", "\r")) or not text
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise UserError(f"{path} is not CSV: {error}") from None
    if not whole and len(lines) > 1:  # its last number may be half a number
        lines.pop()
        told.half.append(str(path.name))
    if not lines:
        return []
    head, rows = lines[0], []
    for i, cells in enumerate(lines[1:], start=2):
        if cells == head:  # a logger that was started again
            continue
        if len(cells) != len(head):
            raise UserError(f"{path}, line {i}: {plural(len(cells), 'cell')} under {plural(len(head), 'column')}")
        rows.append({name: cell for name, cell in zip(head, cells, strict=True) if cell})
    return rows


def history_of(
    rows: Sequence[Mapping[str, Any]], where: str, told: FileNotes
) -> tuple[dict[str, list[tuple[int, float]]], dict[str, Any]]:
    """Return the curves in the rows of a history, and its last values that are not numbers.

    A column of `STEPS` with whole numbers counts; without one the rows are counted. One row alone has no history.
    """
    step = next((name for name in STEPS if any(name in row for row in rows)), None)
    counted = step is not None and all(_whole(row.get(step)) is not None for row in rows if _numbers(row, step))
    if len(rows) < 2:
        return {}, {name: _value(value) for row in rows for name, value in row.items()}
    if not counted:
        told.uncounted.append(where)
    curves, others = dict[str, list[tuple[int, float]]](), dict[str, Any]()
    for i, row in enumerate(rows, start=1):
        at = _whole(row.get(step)) if counted and step is not None else i
        for name, value in row.items():
            cell = _value(value)
            if name == step or cell is None:
                continue
            if isinstance(cell, float | int) and not isinstance(cell, bool) and at is not None:
                points = curves.setdefault(name, [])
                if (at, cell) not in points[-1:]:  # said again beside what else was logged at the step: no restart
                    points.append((at, float(cell)))
            else:
                others[name] = cell
    return curves, {name: value for name, value in others.items() if name not in curves}


def _numbers(row: Mapping[str, Any], step: str) -> bool:
    return any(name != step for name in row)


def _whole(value: Any) -> int | None:
    cell = _value(value)
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell) or cell != int(cell):
        return None
    return int(cell)


def _value(value: Any) -> Any:
    """Return a cell as the number it is, NaN and infinite ones too; else as it is."""
    if not isinstance(value, str):
        return value
    parsed = finite_number(value.strip())
    if parsed is not None:
        return parsed
    word = value.strip().lower().lstrip("+")
    return float(word) if word in ("nan", "inf", "-inf", "infinity", "-infinity") else value
