"""What a command reports of a run: in a file, by a pattern in its output, or on the last line that it prints."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import UserError, must, nearest, plural
from ablate.programs.patterns import read_cell
from ablate.programs.template import flat_params, placeholders
from ablate.train.metric import Metric, complete_metric
from ablate.train.metric_values import sign_refused, without_sign
from ablate.values import from_json, lines_of

ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")

# `0,7`, `1'000`, `3/10`, `70 ‰` are no numbers of which the half is meant.
_PAIR = re.compile(
    r"([A-Za-z_][\w./@%-]*)\s*[=:]\s*([-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?(?:\s*[%％﹪٪])?|nan|inf(?:inity)?))"
    r"(?=$|[\s;)\]}|\"±(]|[,.:'](?![0-9]))(?!\s*[%％﹪٪‰]|[\u00a0\u2009\u202f][0-9])",
    re.IGNORECASE,
)


def check_asked(file: str, patterns: Sequence[str], *, own: bool) -> None:
    """Refuse a place of metrics that cannot be one, before anything runs.

    Parameters
    ----------
    file, patterns
        See `Command.metrics_file` and `metric_pattern`.
    own
        Every run works in a folder of its own.

    Raises
    ------
    UserError
        Both are given, the file has an ending that is not read, or is one for all runs, a pattern names no group.
    """
    if file and patterns:
        raise UserError("metrics come from a file or from a pattern: give one of the two")
    if file and Path(file).suffix not in ENDINGS:
        raise must("program.metrics_file", f"end in one of {', '.join(ENDINGS)}", file)
    if file and not own and "out" not in placeholders(file):
        raise UserError(
            f"every run would write the same {file}: write {{out}}/{Path(file).name}, or let the command work in the "
            "folder of its run, --folder {out}"
        )
    for pattern in patterns:
        try:
            groups = set(re.compile(pattern, re.MULTILINE).groupindex)
        except re.error as error:
            raise UserError(f"`program.metric_pattern`: {pattern!r} is not a regular expression: {error}") from None
        if not groups - {"step"}:
            raise must("program.metric_pattern", "name its groups: 'acc=(?P<accuracy>[-+.0-9e]+)'", pattern)


def from_file(path: Path, step: str) -> dict[str, Any]:
    """Return what a file says, for `returned.to_result`: a JSON object, or rows of CSV or JSON lines.

    Several rows are curves over the column `step`; a metric is the last value of its column.

    Raises
    ------
    UserError
        It is not there, cannot be read, or has several rows and no such column.
    """
    text = _text(path)
    if path.suffix == ".json":
        parsed = _json(text, path.name)
        if isinstance(parsed, Mapping):
            return dict(parsed) if isinstance(parsed.get("metrics"), Mapping) else _results(parsed)
        rows = parsed if isinstance(parsed, list) else [parsed]
    elif path.suffix in (".jsonl", ".ndjson"):
        lines = lines_of(text)
        rows = [_json(line, f"{path.name}, line {i}") for i, line in enumerate(lines, start=1) if line.strip()]
    else:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ",")
        rows = [{str(name).strip(): read_cell(cell) for name, cell in row.items()} for row in reader]
    if not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f"{path.name} must hold an object, or rows of them")
    return _from_rows([flat_params(row) for row in rows], step, path.name)


def object_in(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds, whatever its name ends in.

    Raises
    ------
    UserError
        It is not there, or holds something else.
    """
    parsed = _json(_text(path), path.name)
    if not isinstance(parsed, dict):
        raise must(path.name, "hold a JSON object, name -> number", parsed)
    return parsed


def _text(path: Path) -> str:
    if not path.is_file():
        there = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, there)
        raise UserError(f"it wrote no {path.name} into {path.parent}" + (f"; it wrote {near}" if near else ""))
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path.name} is not text in UTF-8") from None


def from_last_line(text: str, declared: Collection[str]) -> dict[str, Any]:
    """Return what the last line says: an object of JSON, `name=value` pairs, or the number of the one declared metric.

    Raises
    ------
    UserError
        It is nothing of this kind.
    """
    line = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    parsed: Any = read_cell(line)
    if line[:1] == "{":
        parsed = _json(line, "the last line of its output")
        return dict(parsed) if isinstance(parsed.get("metrics"), Mapping) else _results(parsed)
    if isinstance(parsed, float) or without_sign(parsed):
        if len(declared) != 1:
            raise UserError(f"the last line of its output is one number, but {len(declared)} metrics are declared")
        return {"metrics": {next(iter(declared)): parsed}}
    pairs: dict[str, Any] = {}
    for name, value in [(name, read_cell(value)) for name, value in _PAIR.findall(line)]:
        if name in declared and name in pairs and pairs[name] != value:
            raise UserError(
                f"the last line of its output gives {name!r} twice, {_shown(pairs[name])} and {_shown(value)}: "
                f"{line[:80]!r}; expected it once, or say which one is meant: --metric-pattern"
            )
        pairs[name] = value
    if not pairs:
        raise UserError(
            f"the last line of its output is not a metric: {line[:80]!r}; expected "
            '{"accuracy": 0.9}, accuracy=0.9 or a number, or say where they are: --metrics-file {out}/metrics.json, '
            "--metric-pattern"
        )
    return {"metrics": pairs}


def read_signs(found: dict[str, Any], declared: Collection[str], in_percent: Collection[str]) -> dict[str, Any]:
    """Return what was found with the per cent signs of metrics that are declared so taken off; `70%` of others is text.

    Parameters
    ----------
    found
        Of `from_file`, `from_pattern` or `from_last_line`; numbers with a sign are texts in it.
    in_percent
        The declared metrics whose unit is `percent`.

    Raises
    ------
    UserError
        A declared metric has a sign, and is not declared in per cent.
    """

    def read(name: str, value: Any) -> Any:
        if isinstance(value, list | tuple):  # a curve
            return type(value)(read(name, one) for one in value)
        number = without_sign(value) if name in declared else None
        if number is None:
            return value
        if name not in in_percent:
            raise sign_refused("what it reports", name, value)
        return read_cell(number)

    parts = ("metrics", "curves")
    signed = {part: found[part] for part in parts if isinstance(found.get(part), Mapping)}
    return found | {part: {name: read(name, value) for name, value in said.items()} for part, said in signed.items()}


def check_found(metrics: Mapping[str, Any], declared: Collection[str]) -> None:
    """Refuse a report that lacks a declared metric; a count of steps to a target may be missing, and so may null.

    Raises
    ------
    UserError
        Names what is there, and the nearest.
    """
    for name in declared:
        if name not in metrics and not complete_metric(Metric(name)).counts_to_target:
            near = nearest(name, map(str, metrics))
            error = UserError(
                f"it reports no {name!r}, only {', '.join(map(repr, metrics)) or 'nothing'}"
                + (f"; nearest match: {near!r}" if near else "")
            )
            error.absent = tuple(one for one in declared if one not in metrics)  # type: ignore[attr-defined]
            raise error


def _results(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of an object, nested names with dots, and the outcome where it says one."""
    values = flat_params(parsed)
    outcome = {"outcome": values.pop("outcome")} if isinstance(values.get("outcome"), str) else {}
    return {"metrics": {n: v for n, v in values.items() if _is_result(v)}, **outcome}


def _is_result(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or number or without_sign(value) is not None


def _from_rows(rows: Sequence[Mapping[str, Any]], step: str, name: str) -> dict[str, Any]:
    if not rows:
        raise UserError(f"{name} has no rows")
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if len(rows) == 1 and step not in columns:
        return _results(rows[0])
    if step not in columns:
        near = nearest(step, columns)
        raise UserError(
            f"{name} has {plural(len(rows), 'row')} and no column {step!r} (it has {', '.join(columns)}): say "
            "which one counts "
            "the steps, --step NAME" + (f"; nearest match: {near}" if near else "")
        )
    metrics: dict[str, Any] = {}
    curves: dict[str, tuple[list[Any], list[Any]]] = {}
    for column in columns:
        there = [row.get(column) for row in rows]
        filled = [i for i, value in enumerate(there) if value is not None]
        if column == step or not filled or not all(_is_result(there[i]) for i in filled):
            continue
        if filled == list(range(len(filled))) and 1 < len(filled) < len(rows):
            raise UserError(
                f"{column!r} is empty in the last rows of {name}: its last value is not known (a value that is not a "
                "number is written nan)"
            )
        metrics[column] = there[filled[-1]]
        curves[column] = ([rows[i].get(step) for i in filled], [there[i] for i in filled])
    return {"metrics": metrics, "curves": curves}


def _json(text: str, where: str) -> Any:
    try:
        return from_json(text, once=True)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}") from None


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
