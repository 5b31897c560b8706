"""Results you already have, as a plan and its finished runs: a study file and a tidy CSV, one row per run.

Columns: every factor of the study by its name, `seed`, and the metrics. Optional: `outcome` (see `Outcome`; by default
`reached` where `ttt/steps` has a value, else `censored`), `seconds`, `majority_rate` and `budget` (optimizer steps an
arm may take), the last two the same in all rows of an arm. A `runs.csv` of ablate's own can be read, too.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, nearest, unknown
from ablate.identity import digest
from ablate.levels import level_name, level_names, levels_text, written_as
from ablate.sweep.claim_parts import Level, Levels
from ablate.sweep.design.build import build_design
from ablate.sweep.plan import arm_label
from ablate.sweep.study import Study
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult

FACTS = ("majority_rate", "budget")
OWN = ("seed", "outcome", "seconds", *FACTS)
IGNORED = ("arm_id", "arm", "baseline", "run_id", "identity", "first_nonfinite_step")
FAILED = (Outcome.DIVERGED, Outcome.CRASHED)


@dataclass(frozen=True)
class Imported:
    """A study record whose every run is there already.

    Attributes
    ----------
    runs
        Arm id -> its seed runs, seeds ascending.
    metrics
        Names of the metric columns.
    """

    record: StudyRecord
    runs: dict[str, list[SeedRecord]]
    metrics: frozenset[str]


@dataclass(frozen=True)
class _Row:
    line: int
    levels: Levels
    seed: int
    result: RunResult
    facts: dict[str, float]


def import_csv(study: Study, path: Path, *, name: str, command: str) -> Imported:
    """Read a CSV as the runs of a study.

    Raises
    ------
    UserError
        With file and line: it cannot be read; a column is missing, unknown or given twice; a level is none of the
        study's; a seed is no whole number; a number is missing or not finite in a run that did not fail; a run is
        there twice; an arm of the design has no runs, or other seeds than the rest.
    """
    text = _read(path)
    lines = list(csv.reader(text.splitlines()))
    if len(lines) < 2:
        raise UserError(f"{path}: expected a line of column names and a line per run, got {len(lines)} lines")
    head = [cell.strip() for cell in lines[0]]
    metrics = _metrics(study, path, head, lines[1:])
    rows = [_row(study, path, number, dict(zip(head, cells, strict=True)), metrics)
            for number, cells in _full(path, head, lines[1:])]  # fmt: skip
    cells = _by_arm(study, path, rows)
    sha = hashlib.sha256(text.encode()).hexdigest()
    label = (
        f"Imported from {path.name} (SHA-256 {sha[:12]}…): these runs were made elsewhere. Nothing was registered "
        "before they were known, and that runs with the same seed share data and draws is the word of those who made "
        "them."
    )
    definition = {**study.model_dump(mode="json"), "confounds": [label, *study.confounds]}
    base, names = study.base_levels(), study.names()
    arms, runs = [], {}
    for levels, own in cells:
        what = {"imported": sha, "study": name, "levels": levels}
        facts: dict[str, Any] = {"dataset": path.name, "fingerprint": sha, "imported": True}
        facts |= {"steps" if fact == "budget" else fact: value for fact, value in _facts(path, own).items()}
        arm = ArmRecord(
            id=digest(what)[:12],
            label=arm_label(levels, base, names),
            levels=levels,
            config={**study.fixed, **levels, "imported_from": path.name},
            facts=facts,
            baseline=levels == base,
        )
        arms.append(arm)
        runs[arm.id] = [SeedRecord(digest({**what, "seed": row.seed}), row.result) for row in own]
    record = StudyRecord(
        name=name,
        key=digest({"imported": sha, "name": name, "definition": definition})[:16],
        definition=definition,
        arms=tuple(arms),
        seeds=tuple(row.seed for row in cells[0][1]),
        command=command,
        note=f"**{label}**\n",
        design={**build_design(study).record(), "imported": {"file": path.name, "sha256": sha}},
    )
    return Imported(record, runs, frozenset(metrics))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text") from None


def _metrics(study: Study, path: Path, head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns that are neither factors nor ours; refuse those that cannot be metrics."""
    for column in head:
        if head.count(column) > 1:
            raise UserError(f"{path}: the column {column!r} is there twice")
    for needed in (*study.factors, "seed"):
        if needed not in head:
            hint = nearest(needed, [column for column in head if column not in study.factors])
            raise UserError(f"{path}: no column {needed!r}" + (f"; nearest: {hint}" if hint else ""))
    found = [column for column in head if column not in (*study.factors, *OWN, *IGNORED)]
    for column in found:
        values = [cells[head.index(column)] for cells in lines if len(cells) == len(head)]
        if not column or not any(_is_number(value) for value in values):
            known = [*study.factors, *OWN]
            hint = nearest(column, known)
            raise UserError(
                f"{path}: unknown column {column!r}: expected a factor of the study, a metric (numbers), or one of "
                f"{', '.join(OWN)}" + (f"; nearest match: {hint}" if hint else "")
            )
    if not found:
        raise UserError(f"{path}: no column holds a metric")
    return found


def _full(path: Path, head: Sequence[str], lines: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    kept = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(lines, start=2) if cells]
    for number, cells in kept:
        if len(cells) != len(head):
            raise UserError(f"{path}, line {number}: {len(cells)} cells under {len(head)} columns")
    return kept


def _row(study: Study, path: Path, line: int, cells: Mapping[str, str], metrics: Sequence[str]) -> _Row:
    where = f"{path}, line {line}"
    levels = {factor: _level(where, factor, cells[factor], known) for factor, known in study.factors.items()}
    if not cells["seed"].isdecimal():
        raise UserError(f"{where}: `seed` must be a whole number >= 0, got {cells['seed']!r}")
    given = cells.get("outcome", "")
    if given and given not in [outcome.value for outcome in Outcome]:
        raise UserError(f"{where}: {unknown('outcome', given, [outcome.value for outcome in Outcome])}")
    timed = _is_number(cells.get("ttt/steps", ""))
    outcome = Outcome(given) if given else Outcome.REACHED if timed else Outcome.CENSORED
    values = {}
    for metric in metrics:
        text = cells[metric]
        if _is_number(text) and math.isfinite(float(text)):
            values[metric] = float(text)
        elif metric != "ttt/steps" and outcome not in FAILED:  # who never reached the target has no time to it
            raise UserError(
                f"{where}: {metric!r} must be a finite number, got {text!r}; a run that failed is told by its "
                "`outcome`, diverged or crashed"
            )
    numbers = {}
    for name in ("seconds", *FACTS):
        text = cells.get(name, "")
        if text and not (_is_number(text) and math.isfinite(float(text))):
            raise UserError(f"{where}: {name!r} must be a finite number or empty, got {text!r}")
        numbers[name] = float(text) if text else math.nan
    seconds = numbers.pop("seconds")
    result = RunResult(int(cells["seed"]), outcome, values, seconds=0.0 if math.isnan(seconds) else seconds)
    return _Row(line, levels, result.seed, result, numbers)


def _level(where: str, factor: str, text: str, known: Sequence[Level]) -> Level:
    found = written_as(text, known)
    if not found:
        raise UserError(f"{where}: {unknown(f'level of {factor}', text, level_names(known).values())}")
    if len(found) > 1:
        told = " and ".join(level_name(level) for level in found)
        raise UserError(f"{where}: {factor} {text!r} may stand for the levels {told}; write a text in double quotes")
    return found[0]


def _by_arm(study: Study, path: Path, rows: Sequence[_Row]) -> list[tuple[Levels, list[_Row]]]:
    """Return the rows of every arm of the design, seeds ascending; every arm has the same seeds."""
    planned = {tuple(levels.items()): dict(levels) for levels in build_design(study).arms}
    found: dict[Any, dict[int, _Row]] = {key: {} for key in planned}
    for row in rows:
        key = tuple(row.levels.items())
        if key not in found:
            raise UserError(f"{path}, line {row.line}: the study's design has no arm {_text(row.levels)}")
        before = found[key].get(row.seed)
        if before is not None:
            raise UserError(
                f"{path}, line {row.line}: the run of {_text(row.levels)} with seed {row.seed} is there already, in "
                f"line {before.line}"
            )
        found[key][row.seed] = row
    every = sorted({row.seed for row in rows})
    for key, own in found.items():
        missing = [seed for seed in every if seed not in own]
        if missing:
            listed = ", ".join(map(str, missing[:8])) + (" …" if len(missing) > 8 else "")
            what = "no runs" if not own else f"no run with seed {listed}"
            raise UserError(
                f"{path}: {_text(planned[key])} has {what}, which other arms have; arms are compared seed by seed. A "
                "run that failed belongs in the file, with its outcome; take out a seed for all arms, or a level from "
                "the study"
            )
    return [(planned[key], [own[seed] for seed in every]) for key, own in found.items()]


def _facts(path: Path, rows: Sequence[_Row]) -> dict[str, float]:
    facts = {}
    for name in FACTS:
        values = {row.facts[name] for row in rows if not math.isnan(row.facts[name])}
        if len(values) > 1:
            raise UserError(f"{path}: {name!r} differs between runs of {_text(rows[0].levels)}: it belongs to the arm")
        if values:
            facts[name] = values.pop()
    return facts


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(levels: Mapping[str, Level]) -> str:
    return levels_text(levels, {}) or "the only arm"
