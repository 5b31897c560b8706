"""Runs of Sacred's `FileStorageObserver`, a row each: `config.json`, `run.json`, `metrics.json` in a numbered folder.

Sacred keeps objects of Python's as jsonpickle does. None is made: numbers of NumPy and tuples are read as what they
hold, anything else is left out, and told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Done, Fits, RunTable, Source
from ablate.sources.log_files import PYTHON, FileNotes, json_of, without_objects
from ablate.sources.logs import RunLog, first_names, flat_settings, folder_at, in_order, log_table

_NO_RUNS = ("_sources", "_resources")


@register("source", "sacred")
@dataclass(frozen=True)
class SacredRuns(Source):
    """Runs below a folder: `sacred:runs/`."""

    schemes = ("sacred",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the runs by their numbers."""
        del fits
        root, where, told = folder_at(address, "sacred"), f"sacred:{address}", FileNotes()
        names = _runs(root)
        if not names:
            raise UserError(f"{where}: no runs: expected folders with run.json or config.json in {root} or below it")
        logs, damaged = [], list[str]()
        for name in names:
            log = RunLog(name, told_by="")
            try:
                _read(log, root / name, told)
            except UserError:  # a run that was killed while it wrote
                log.status = "unfinished"
                damaged.append(name)
            logs.append(log)
        done = [Done(msg("runs with a damaged file: they count as not finished"), len(damaged), first_names(damaged))]
        empty = "no run has a result or a metric that is a number"
        return log_table(where, root.resolve().name, logs, [*(done if damaged else []), *told.done()], empty=empty)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with all that they have in their configuration."""
        for i, run in enumerate(runs, start=1):
            place = folder / "runs" / str(i)
            place.mkdir(parents=True)
            for name, content in (("config", run), ("run", {"result": 1.0, "status": "COMPLETED"}), ("metrics", {})):
                (place / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        return f"sacred:{folder / 'runs'}"


def _runs(root: Path) -> list[str]:
    names = []
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NO_RUNS]
        if "run.json" in files or ("config.json" in files and "metrics.json" in files):
            name = Path(place).relative_to(root).as_posix()
            names.append("" if name == "." else name)
    return in_order(names)


def _read(log: RunLog, folder: Path, told: FileNotes) -> None:
    if (folder / "config.json").is_file():
        log.settings = without_objects(flat_settings(str(folder), _plain(_mapping(folder / "config.json"))), told)
    run = _mapping(folder / "run.json") if (folder / "run.json").is_file() else {}
    log.status = str(run.get("status") or "unfinished").lower()
    log.started = run.get("start_time")
    result = _plain(run.get("result"))
    results = flat_settings(str(folder), result) if isinstance(result, Mapping) else {"result": result}
    for name, value in without_objects(results, told).items():
        if isinstance(value, bool | int | float):
            log.results[name] = int(value) if isinstance(value, bool) else value
        elif value is not None:
            told.texts.append(name)
    if (folder / "metrics.json").is_file():
        for name, curve in _mapping(folder / "metrics.json").items():
            steps, values = (_plain(curve.get(part)) for part in ("steps", "values"))
            if not isinstance(steps, list) or not isinstance(values, list) or len(steps) != len(values):
                raise UserError(f"{folder}: {name} has no steps and values of one length")
            points = [(step, float(value)) for step, value in zip(steps, values, strict=True)
                      if isinstance(step, int) and isinstance(value, int | float)]  # fmt: skip
            if points:
                log.history[name] = points


def _mapping(path: Path) -> Mapping[str, Any]:
    parsed = json_of(path)
    if not isinstance(parsed, Mapping):
        raise UserError(f"{path}: expected a mapping, got {type(parsed).__name__}")
    return parsed


def _plain(value: Any) -> Any:
    """Return what jsonpickle wrote as plain values; what only Python could make is marked."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if "py/tuple" in value:
        return _plain(value["py/tuple"])
    if "dtype" in value and "value" in value:  # a number of NumPy's
        return value["value"]
    if any(str(key).startswith("py/") for key in value):
        return PYTHON
    return {key: _plain(one) for key, one in value.items()}
