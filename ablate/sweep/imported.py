"""Results you already have, as a plan and its finished runs: a study file and a tidy CSV, one row per run.

Columns: every factor of the study by its name, `seed`, and the metrics that its claims are about. Optional: `outcome`
(see `Outcome`; by default `reached` where a count of steps to the target has a value, else `censored`), `seconds`,
`majority_rate` and `budget` (optimizer steps an arm may take), the last two the same in all rows of an arm. Exports of
Weights & Biases and MLflow, and a `runs.csv` of ablate's own, can be read, too (see `import_columns`, `import_rest`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ablate.errors import UserError, unknown
from ablate.identity import digest
from ablate.sweep.claim_parts import Level, Levels
from ablate.sweep.design.build import build_design
from ablate.sweep.import_columns import (
    FACTS,
    STATES,
    Columns,
    Taken,
    columns_of,
    counts_to_target,
    fits,
    told_table,
)
from ablate.sweep.import_rest import Rest, rest_of
from ablate.sweep.level_cells import BLANK, level_in
from ablate.sweep.plan import arm_label, show
from ablate.sweep.study import Study
from ablate.sweep.table_file import Line, TableFile, decimal_commas, number, read_table, whole
from ablate.track.names import check_factor_names, check_metric_names
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult

READING = 2
"""Part of an imported run's identity. Raise it when the same file is read as other runs than before."""

FAILED = (Outcome.DIVERGED, Outcome.CRASHED)
MOST_SEED = 2**63


@dataclass(frozen=True)
class Imported:
    """A study record whose every run is there already.

    Attributes
    ----------
    runs
        Arm id -> its seed runs, seeds ascending.
    metrics
        Names of the metric columns.
    rows
        Runs in the file.
    repairs
        What was done to read it.
    columns
        What became of every column.
    settings
        Columns that differ between arms and are no factors.
    """

    record: StudyRecord
    runs: dict[str, list[SeedRecord]]
    metrics: frozenset[str]
    rows: int
    repairs: tuple[str, ...]
    columns: tuple[Taken, ...]
    settings: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    line: int
    levels: Levels
    result: RunResult
    facts: dict[str, float]
    known: bool  # whether a run that did not fail is known to have reached its target or not

    @property
    def arm(self) -> tuple[tuple[str, Level], ...]:
        return tuple(self.levels.items())


def import_csv(study: Study, path: Path, *, name: str, command: str, leave_out: Sequence[str] = ()) -> Imported:
    """Read a CSV as the runs of a study.

    Parameters
    ----------
    leave_out
        Columns that are passed over, whatever they hold.

    Raises
    ------
    UserError
        With file and line: it cannot be read; a column is missing, unknown or given twice; a level is none of the
        study's; a seed is no whole number; a number is missing or not finite in a run that did not fail; a run is
        there twice, or did not finish; an arm of the design has no runs, or other seeds than the rest.
    """
    check_factor_names(study.factors, where=str(path))
    table = read_table(path, fits=lambda head: fits(study, head))
    columns = columns_of(study, table, leave_out)
    check_metric_names(columns.metrics, where=str(path))
    comma = decimal_commas(path, _numeric(study, table, columns))
    rows = _rows(study, table, columns, comma=comma)
    rest = rest_of(
        table, columns.rest, [row.arm for row in rows], [row.result.seed for row in rows],
        [row.result.outcome in FAILED for row in rows], used=list(columns.metrics), comma=comma,
    )  # fmt: skip
    if not columns.metrics and not rest.extras:
        raise UserError(f"{path}: no column holds a metric")
    for row, line in zip(rows, table.lines, strict=True):
        more = {name: number(line.cells[place], comma=comma) for name, place in rest.extras.items()}
        row.result.metrics.update({name: value for name, value in more.items() if value is not None})
    cells = _by_arm(study, path, rows)
    told = (*columns.told, *rest.told)
    repairs = (*table.repairs, *(["numbers have decimal commas"] if comma else []))
    sha = hashlib.sha256(table.text.encode()).hexdigest()
    read = {"file": path.name, "sha256": sha, "rows": len(rows), "repairs": list(repairs), "columns": told_table(told)}
    record, runs = _record(study, path, sha, cells, rest, name=name, command=command, leave_out=leave_out)
    record = replace(record, design={**build_design(study).record(), "imported": read})
    metrics = frozenset([*columns.metrics, *rest.extras])
    return Imported(record, runs, metrics, len(rows), repairs, told, tuple(rest.settings))


def _record(
    study: Study,
    path: Path,
    sha: str,
    cells: Sequence[tuple[Levels, list[_Row]]],
    rest: Rest,
    *,
    name: str,
    command: str,
    leave_out: Sequence[str],
) -> tuple[StudyRecord, dict[str, list[SeedRecord]]]:
    label = (
        f"Imported from {path.name} (SHA-256 {sha[:12]}…): these runs were made elsewhere. Nothing was registered "
        "before they were known, and that runs with the same seed share data and draws is the word of those who made "
        "them."
    )
    if leave_out:
        label += f" Columns of the file that were left out as asked: {', '.join(leave_out)}."
    definition = {**study.model_dump(mode="json"), "confounds": [label, *study.confounds]}
    base = study.base_levels()
    arms, runs = [], {}
    for levels, own in cells:
        what = {"imported": sha, "reading": READING, "study": name, "levels": levels}
        facts: dict[str, Any] = {"dataset": path.name, "fingerprint": sha, "imported": True}
        if not all(row.known for row in own):
            facts["outcome_known"] = False
        facts |= {"steps" if fact == "budget" else fact: value for fact, value in _facts(path, own).items()}
        settings = {column: list(by_arm[own[0].arm]) for column, by_arm in rest.settings.items()}
        arm = ArmRecord(
            id=digest(what)[:12],
            label=arm_label(levels, base),
            levels=levels,
            config={"imported_from": path.name, **study.fixed, **levels},
            facts=facts | ({"settings": settings} if settings else {}),
            baseline=levels == base,
        )
        arms.append(arm)
        runs[arm.id] = [SeedRecord(digest({**what, "seed": row.result.seed}), row.result) for row in own]
    record = StudyRecord(
        name=name,
        key=digest({"imported": sha, "reading": READING, "name": name, "definition": definition})[:16],
        definition=definition,
        arms=tuple(arms),
        seeds=tuple(row.result.seed for row in cells[0][1]),
        command=command,
        note=f"**{label}**\n",
    )
    return record, runs


def _numeric(study: Study, table: TableFile, columns: Columns) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the cells that have to be numbers."""
    numeric = [place for factor, place in columns.factors.items() if any(map(_is_number, study.factors[factor]))]
    for place in (*numeric, columns.seed, *columns.metrics.values(), *columns.facts.values()):
        for line in table.lines:
            yield line.number, line.cells[place]


def _is_number(level: Level) -> bool:
    return isinstance(level, int | float) and not isinstance(level, bool)


def _rows(study: Study, table: TableFile, columns: Columns, *, comma: bool) -> list[_Row]:
    counts = [name for name in columns.metrics if counts_to_target(study, name)]
    known: dict[tuple[str, str], Level] = {}  # a file of 10,000 rows has a handful of different levels

    def level(where: str, factor: str, text: str) -> Level:
        if (factor, text) not in known:
            known[factor, text] = level_in(where, factor, text, study.factors[factor], comma=comma)
        return known[factor, text]

    rows = []
    for line in table.lines:
        where = f"{table.path}, line {line.number}"
        levels = {factor: level(where, factor, line.cells[place]) for factor, place in columns.factors.items()}
        given = _outcome(where, line, columns)
        numbers = {name: number(line.cells[place], comma=comma) for name, place in columns.metrics.items()}
        timed = any(numbers[name] is not None for name in counts)
        outcome = given or (Outcome.REACHED if timed else Outcome.CENSORED)
        for name, value in numbers.items():
            text = line.cells[columns.metrics[name]]
            if value is None and outcome not in FAILED and not (name in counts and _holds_nothing(text)):
                raise UserError(
                    f"{where}: {name!r} must be a finite number, got {text!r}; a run that failed is told by its "
                    "`outcome`, diverged or crashed"
                )
        facts = {name: _fact(where, name, line.cells[place], comma=comma) for name, place in columns.facts.items()}
        _check_budget(where, {name: numbers[name] for name in counts}, facts.get("budget", math.nan))
        seconds = facts.pop("seconds", math.nan)
        values = {name: value for name, value in numbers.items() if value is not None}
        seed = _seed(where, line.cells[columns.seed])
        result = RunResult(seed, outcome, values, seconds=0.0 if math.isnan(seconds) else seconds)
        rows.append(_Row(line.number, levels, result, facts, known=given is not None or bool(counts)))
    return rows


def _seed(where: str, text: str) -> int:
    found = whole(text)
    if found is None or not 0 <= found < MOST_SEED:
        raise UserError(f"{where}: `seed` must be a whole number >= 0{' and < 2^63' if found else ''}, got {text!r}")
    return found


def _outcome(where: str, line: Line, columns: Columns) -> Outcome | None:
    """Return how a run ended by its own column; None where that says nothing of whether it reached its target."""
    text = "" if columns.outcome is None else line.cells[columns.outcome]
    if columns.states:
        stands = STATES[text.lower()] if text else "finished"
        if stands == "unfinished":
            raise UserError(
                f"{where}: the run is {text.lower()}, so its numbers are not those of a finished run; expected "
                "finished, failed or crashed. Take its seed out for all arms, or add a column `outcome`"
            )
        return Outcome.CRASHED if stands == "failed" else None
    if text in BLANK:
        return None
    known = [outcome.value for outcome in Outcome]
    if text.lower() not in known:
        raise UserError(f"{where}: {unknown('outcome', text, known)}")
    return Outcome(text.lower())


def _holds_nothing(text: str) -> bool:
    """Whether a count of steps says that the target was not reached: nothing, or never."""
    return text in BLANK or text.lower().lstrip("+") in ("inf", "infinity")


def _fact(where: str, name: str, text: str, *, comma: bool) -> float:
    value = number(text, comma=comma)
    if value is None and text not in BLANK:
        raise UserError(f"{where}: {name!r} must be a finite number or empty, got {text!r}")
    return math.nan if value is None else value


def _check_budget(where: str, counts: Mapping[str, float | None], budget: float) -> None:
    for name, value in counts.items():
        if value is not None and value > budget:
            raise UserError(f"{where}: {name!r} is {value:g}, above the budget of {budget:g} steps")


def _by_arm(study: Study, path: Path, rows: Sequence[_Row]) -> list[tuple[Levels, list[_Row]]]:
    """Return the rows of every arm of the design, seeds ascending; every arm has the same seeds."""
    planned = {tuple(levels.items()): dict(levels) for levels in build_design(study).arms}
    found: dict[Any, dict[int, _Row]] = {key: {} for key in planned}
    for row in rows:
        if row.arm not in found:
            raise UserError(f"{path}, line {row.line}: the study's design has no arm {_text(row.levels)}")
        seed = row.result.seed
        before = found[row.arm].get(seed)
        if before is not None:
            raise UserError(
                f"{path}, line {row.line}: the run of {_text(row.levels)} with seed {seed} is there already, in "
                f"line {before.line}"
            )
        found[row.arm][seed] = row
    every = sorted({row.result.seed for row in rows})
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
        values = {row.facts[name] for row in rows if not math.isnan(row.facts.get(name, math.nan))}
        if len(values) > 1:
            raise UserError(f"{path}: {name!r} differs between runs of {_text(rows[0].levels)}: it belongs to the arm")
        if values:
            facts[name] = values.pop()
    return facts


def _text(levels: Mapping[str, Level]) -> str:
    return ", ".join(f"{factor}={show(level)}" for factor, level in levels.items()) or "the only arm"
