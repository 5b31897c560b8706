"""Jobs of a Hydra multirun, a row each: their composed configuration, and the files of results that they wrote.

Settings are `.hydra/config.yaml`, typed, and the options that were chosen of groups (`.hydra/hydra.yaml`). What is set
inside of a chosen option and was not overridden belongs to the option: it is not a setting beside it. Results are files
called `results.json`, `metrics.csv`, `history.jsonl` and the like anywhere in a job's folder; `hydra:FOLDER#NAME` reads
that one alone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, nearest
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Done, Fits, RunTable, Source
from ablate.sources.log_files import FileNotes, history_of, result_rows, yaml_of, yaml_settings
from ablate.sources.logs import RunLog, first_names, folder_at, in_order, log_table

RESULTS = re.compile(r"(results?|metrics|history|log|scores|summary)\.(json|jsonl|ndjson|csv)")
"""Names of files of results; `config.json` and others are none."""

_STATES = ("status", "state", "outcome")
_CONFIG = Path(".hydra", "config.yaml")


@register("source", "hydra")
@dataclass(frozen=True)
class HydraJobs(Source):
    """Jobs below a folder: `hydra:multirun/DATE/TIME`, or `hydra:FOLDER#FILE` where results have another name."""

    schemes = ("hydra",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the jobs by their folders."""
        del fits
        place, _, wanted = address.partition("#")
        root, where, told = folder_at(place, "hydra"), f"hydra:{address}", FileNotes()
        jobs = _jobs(root)
        if not jobs:
            raise UserError(f"{where}: no jobs: expected folders with {_CONFIG.as_posix()} in {root} or below it")
        logs, choices, overridden = [], [], set[str]()
        for name in jobs:
            folder = root / name
            log = RunLog(name, yaml_settings(folder / _CONFIG, told), told_by="")
            choices.append(_choices(folder))
            overridden |= set(_overridden(folder))
            _read_results(log, folder, wanted, where, told)
            logs.append(log)
        belonging = _chosen(logs, choices, overridden)
        if wanted and all(log.is_silent for log in logs):
            raise UserError(f"{where}: no job has a file {wanted}{_hint(root, jobs, wanted)}")
        sweeps = {name.rpartition("/")[0] for name in jobs}
        done = [
            (msg("sweeps read together"), sorted(sweeps) if len(sweeps) > 1 else []),
            (msg("settings that belong to the chosen option of a group: only the option is compared"), belonging),
        ]
        notes = [Done(what, len(which), first_names(which)) for what, which in done if which]
        empty = (
            "no job wrote a file of results with a number: expected results.json, metrics.csv, history.jsonl or the "
            "like; say which with hydra:FOLDER#FILE" + _hint(root, jobs, wanted)
        )
        return log_table(where, root.resolve().name, logs, [*notes, *told.done()], empty=empty)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with all that they have in their configuration."""
        for i, run in enumerate(runs):
            place = folder / "multirun" / str(i)
            (place / ".hydra").mkdir(parents=True)
            (place / _CONFIG).write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
            (place / "results.json").write_text('{"written": 1.0}', encoding="utf-8")
        return f"hydra:{folder / 'multirun'}"


def _jobs(root: Path) -> list[str]:
    names = []
    for place, folders, _ in os.walk(root):
        if (Path(place) / _CONFIG).is_file():
            name = Path(place).relative_to(root).as_posix()
            names.append("" if name == "." else name)
            folders.clear()  # what is in a job's folder is the job's
    return in_order(names)


def _read_results(log: RunLog, folder: Path, wanted: str, where: str, told: FileNotes) -> None:
    """Add the files of results of a job: one row is its results, several are its history."""
    for path in _files(folder, wanted, where):
        curves, results = history_of(result_rows(path, told), f"{log.name}/{path.name}", told)
        for state in _STATES:
            if isinstance(results.get(state), str):
                log.status = results.pop(state)
        for name, logged in [*curves.items(), *results.items()]:
            before = log.history.get(name, log.results.get(name))
            if before is not None and before != logged:
                raise UserError(
                    f"{where}: {name} is in several files of {folder}; say which with hydra:FOLDER#{path.name}"
                )
        log.history |= curves
        for name, value in results.items():
            if isinstance(value, bool | int | float):
                log.results[name] = int(value) if isinstance(value, bool) else value
            elif value is not None:
                told.texts.append(name)


def _files(folder: Path, wanted: str, where: str) -> list[Path]:
    if wanted:
        return [folder / wanted] if (folder / wanted).is_file() else []
    every = [path for path in sorted(folder.rglob("*")) if RESULTS.fullmatch(path.name.lower()) and path.is_file()]
    every = [path for path in every if ".hydra" not in path.parts]
    for path in every:
        twins = [other.relative_to(folder).as_posix() for other in every if other.name == path.name]
        if len(twins) > 1:
            raise UserError(f"{where}: {folder} has {' and '.join(twins)}; say which with hydra:FOLDER#{twins[0]}")
    return every


def _hint(root: Path, jobs: Sequence[str], wanted: str) -> str:
    """Return what files there are, and the one most like what is wanted."""
    there = {path.relative_to(root / name).as_posix() for name in jobs[:20] for path in (root / name).rglob("*")
             if path.is_file() and ".hydra" not in path.parts}  # fmt: skip
    hint = nearest(wanted, there) if wanted else None
    if hint:
        return f"; nearest match: {hint}"
    return f"; the jobs hold {first_names(sorted(there))}" if there else "; the jobs hold no files of their own"


def _choices(folder: Path) -> dict[str, str]:
    """Return package -> the option that was chosen of a group, but for Hydra's own."""
    path = folder / ".hydra" / "hydra.yaml"
    parsed = yaml_of(path) if path.is_file() else {}
    for key in ("hydra", "runtime", "choices"):
        parsed = parsed.get(key) if isinstance(parsed, Mapping) else None
    if not isinstance(parsed, Mapping):
        return {}
    return {
        str(group).rpartition("@")[2].replace("/", "."): str(option)
        for group, option in parsed.items()
        if option is not None and not str(group).startswith("hydra/")
    }


def _overridden(folder: Path) -> Iterable[str]:
    path = folder / ".hydra" / "overrides.yaml"
    parsed = yaml_of(path) if path.is_file() else []
    return [str(word).partition("=")[0].lstrip("+~") for word in parsed] if isinstance(parsed, list) else []


def _chosen(logs: Sequence[RunLog], choices: Sequence[Mapping[str, str]], overridden: set[str]) -> list[str]:
    """Make the chosen options settings, and take out what is set in them alone; returns the names of that."""
    out = set[str]()
    for group in dict.fromkeys(group for picked in choices for group in picked):
        options = [picked.get(group) for picked in choices]
        if len(set(options)) < 2:
            continue
        inside = {key for log in logs for key in log.settings if key.startswith(f"{group}.")}
        for key in inside - overridden:
            values: dict[Any, set[str]] = {}
            for log, option in zip(logs, options, strict=True):
                values.setdefault(option, set()).add(repr(log.settings.get(key)))
            if all(len(picked) == 1 for picked in values.values()):
                out.add(key)
        for log, option in zip(logs, options, strict=True):
            if option is not None:
                log.settings = {group: option, **log.settings}
    for log in logs:
        log.settings = {key: value for key, value in log.settings.items() if key not in out}
    return sorted(out)
