"""The lines of an imported file as runs of a study's arms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ablate.claims.parts import Level, Levels
from ablate.errors import UserError, plural
from ablate.levels import NO_NAMES, levels_text
from ablate.sources.cells import finite_number, whole
from ablate.sources.contract import Line, RunTable
from ablate.sweep.design.build import build_design
from ablate.sweep.found.cells import cell_number
from ablate.sweep.import_columns import FACTS, Columns, counts_to_target
from ablate.sweep.import_endings import NO_RESULT, UNPLANNED, ended
from ablate.sweep.level_cells import BLANK, level_in
from ablate.sweep.metrics import Metrics
from ablate.sweep.study import Study
from ablate.train.config import MOST_SEED, check_seed_count
from ablate.train.metric import PERCENT, has_reached, own_targets
from ablate.train.metric_values import check_count, check_metric_value, sign_refused, without_sign
from ablate.train.outcome import FAILED, LARGEST, Outcome
from ablate.train.program import RunResult


@dataclass(frozen=True)
class ImportedRun:
    """One run: the line it stands in, the levels of its arm, its result, and what it says of its arm.

    `outcome_from` names the count of steps that told its outcome, where nothing else did; `counts` holds the steps.
    `no_result` is one of `import_endings.NO_RESULT` where `outcome` says that the run has no result.
    """

    line: int
    levels: Levels
    result: RunResult
    facts: dict[str, float]
    outcome_from: str = ""
    counts: Mapping[str, float] = field(default_factory=dict)
    no_result: str = ""

    @property
    def arm(self) -> tuple[tuple[str, Level], ...]:
        """The arm, to be found by."""
        return tuple(self.levels.items())


def numeric_cells(study: Study, table: RunTable, columns: Columns) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the cells that have to be numbers."""
    numeric = [place for factor, place in columns.factors.items() if any(map(_is_number, study.factors[factor]))]
    for place in (*numeric, columns.seed, *columns.metrics.values(), *columns.facts.values()):
        for line in table.lines:
            text = line.cells[place]
            yield line.number, (without_sign(text) or text)


def _is_number(level: Level) -> bool:
    return isinstance(level, int | float) and not isinstance(level, bool)


def read_imported(study: Study, table: RunTable, columns: Columns, *, comma: bool) -> list[ImportedRun]:
    """Read every line; raises `UserError` with the line for what is not a level, seed, outcome or number."""
    counts = [name for name in columns.metrics if counts_to_target(study, name)]
    meant = Metrics(study.metrics)
    percents = {name for name in columns.metrics if meant.of(name).unit == PERCENT}
    level_cache: dict[tuple[str, str], Level] = {}  # a file of 10,000 rows has a handful of different levels

    def level(where: str, factor: str, text: str) -> Level:
        if (factor, text) not in level_cache:
            level_cache[factor, text] = level_in(where, factor, text, study.factors[factor], comma=comma)
        return level_cache[factor, text]

    rows = []
    for index, line in enumerate(table.lines):
        where = f"{table.where}, line {line.number}"
        levels = {factor: level(where, factor, line.cells[place]) for factor, place in columns.factors.items()}
        nothing = next((str(one.says[index]) for one in columns.endings if one.own), "")
        if nothing in NO_RESULT:
            seed = _seed(where, line.cells[columns.seed])
            rows.append(ImportedRun(line.number, levels, RunResult(seed, Outcome.UNKNOWN), {}, no_result=nothing))
            continue
        given = _outcome(where, index, line, columns)
        numbers = {
            name: cell_number(line.cells[place], percent=name in percents, comma=comma)
            for name, place in columns.metrics.items()
        }
        outcome, told_by = (given, "") if given else _outcome_by_count(counts, numbers)
        _check_target(where, outcome, counts, numbers)
        for name, value in numbers.items():
            text = line.cells[columns.metrics[name]]
            if value is None and outcome not in FAILED and not (name in counts and _holds_nothing(text)):
                if without_sign(text):
                    raise sign_refused(where, name, text)
                raise UserError(
                    f"{where}: {name!r} must be a finite number, got {text!r:.60}; mark a failed run by its "
                    "`outcome`, diverged or crashed"
                )
            if value is not None and abs(value) > LARGEST:
                if outcome not in FAILED:
                    raise UserError(
                        f"{where}: {name!r} must lie within ±{LARGEST:g}, got {text!r:.60}: larger numbers cannot "
                        "be computed with"
                    )
                numbers[name] = None
        facts = {name: _fact(where, name, line.cells[place], comma=comma) for name, place in columns.facts.items()}
        _check_facts(where, facts)
        steps = {name: numbers[name] for name in counts if meant.of(name).counts_to_target}
        for name, value in steps.items():  # of others the budget is not known
            check_count(where, name, value)
        for name in (name for name in counts if name not in steps):
            value = numbers[name]
            if value is not None and value <= 0.0:
                raise UserError(
                    f"{where}: {name!r} must be > 0, got {value:g}: a claim compares how many times as long it took"
                )
        seconds = facts.pop("seconds", math.nan)
        values = {name: value for name, value in numbers.items() if value is not None}
        for name, value in values.items() if outcome not in FAILED else ():
            check_metric_value(meant.of(name), value, where)
        seed = _seed(where, line.cells[columns.seed])
        result = RunResult(seed, outcome, values, seconds=seconds)
        taken = {name: value for name, value in steps.items() if value is not None}
        rows.append(ImportedRun(line.number, levels, result, facts, told_by, taken))
    return rows


def _seed(where: str, text: str) -> int:
    seed = whole(text)
    if seed is None or not 0 <= seed <= MOST_SEED:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise UserError(f"{where}: `seed` must be a whole number from 0 to {MOST_SEED} (2^63 - 1), got {shown!r}")
    return seed


def _outcome(where: str, row: int, line: Line, columns: Columns) -> Outcome | None:
    """Return how a run ended by its own columns; None where they say nothing of whether it reached its target."""
    return ended(where, [(one.name, one.says[row], line.cells[one.place]) for one in columns.endings])


def _outcome_by_count(counts: Sequence[str], numbers: Mapping[str, float | None]) -> tuple[Outcome, str]:
    """Return the outcome of a run of which none is told, and the count of steps to its target that tells it."""
    targets = own_targets(counts)
    if not targets:
        return Outcome.UNKNOWN, ""
    reached = has_reached(targets, [name for name in targets if numbers[name] is not None])
    return Outcome.REACHED if reached else Outcome.CENSORED, targets[0]


def _check_target(where: str, outcome: Outcome, counts: Sequence[str], numbers: Mapping[str, float | None]) -> None:
    """Refuse a run that reached its target in no number of steps, or that did not reach it and took some."""
    targets = own_targets(counts)
    reached = [name for name in targets if numbers[name] is not None]
    if outcome is Outcome.REACHED and targets and not reached:
        raise UserError(
            f"{where}: the run reached its target, but {targets[0]!r} is empty; expected the steps that it took, or "
            "another outcome (censored: its budget ended first)"
        )
    if outcome in (Outcome.CENSORED, Outcome.STALLED) and reached and len(reached) == len(targets):
        raise UserError(
            f"{where}: the run is {outcome}, so it did not reach its target, but {reached[0]!r} is "
            f"{numbers[reached[0]]:g}; expected an empty cell, or the outcome reached"
        )


def _holds_nothing(text: str) -> bool:
    """Whether a count of steps says that the target was not reached: nothing, or never."""
    return text in BLANK or text.lower().lstrip("+") in ("inf", "infinity")


def _fact(where: str, name: str, text: str, *, comma: bool) -> float:
    value = finite_number(text, comma=comma)
    if value is None and text not in BLANK:
        raise UserError(f"{where}: {name!r} must be a finite number or empty, got {text!r:.60}")
    return math.nan if value is None else value


def _check_facts(where: str, facts: Mapping[str, float]) -> None:
    """Refuse what cannot be a time, a rate or a budget; NaN is one that is not told."""
    if facts.get("seconds", 0.0) < 0.0:
        raise UserError(f"{where}: 'seconds' must be >= 0, got {facts['seconds']:g}")
    rate, budget = facts.get("majority_rate", math.nan), facts.get("budget", math.nan)
    if rate < 0.0 or rate > 1.0:
        raise UserError(f"{where}: 'majority_rate' must be a share between 0 and 1, got {rate:g}")
    if budget < 1.0 or (budget > 0.0 and budget != int(budget)):
        raise UserError(f"{where}: 'budget' must be a whole number of steps >= 1, or empty, got {budget:g}")


def check_values_there(study: Study, where: str, rows: Sequence[ImportedRun], columns: Columns) -> None:
    """Refuse a claim on a column that is there, but in which no run has a value although some did not fail."""
    meant = Metrics(study.metrics)
    for claim in study.claims:
        for name in claim.metrics:
            if name not in columns.metrics or meant.of(name).counts_to_target:
                continue
            ran = [row.result for row in rows if not row.no_result]
            if any(name in result.metrics for result in ran) or all(result.outcome in FAILED for result in ran):
                continue
            raise UserError(
                f"{where}: claim {claim.id}: the column {name!r} is there, but empty in every run; expected "
                f"numbers, or `metrics: {{{name}: {{better: lower, failed_counts_as: budget}}}}` with a column "
                "`budget`, if it counts up to a target that no run reached"
            )


def shares_no_seeds(study: Study) -> bool:
    """Tell whether every claim is on runs that are in no pairs, and the study names no seeds: none is missing then."""
    claims = study.claims
    named = "seeds" in study.model_fields_set
    return bool(claims) and not named and not any(claim.by_seeds for claim in claims)


def by_arm(study: Study, where: str, rows: Sequence[ImportedRun]) -> list[tuple[Levels, list[ImportedRun]]]:
    """Return the rows of every arm of the design, seeds ascending: where runs are paired, the same in every arm."""
    planned = {tuple(levels.items()): dict(levels) for levels in build_design(study).arms}
    arm_rows: dict[Any, dict[int, ImportedRun]] = {key: {} for key in planned}
    for row in rows:
        if row.arm not in arm_rows:
            raise UserError(f"{where}, line {row.line}: the study's design has no arm {_text(row.levels)}")
        seed = row.result.seed
        before = arm_rows[row.arm].get(seed)
        if before is not None:
            raise UserError(
                f"{where}, line {row.line}: the run of {_text(row.levels)} with seed {seed} is there already, in "
                f"line {before.line}"
            )
        arm_rows[row.arm][seed] = row
    every = sorted({row.result.seed for row in rows})
    check_seed_count(len(every), f"{where}: seed")
    for key, by_seed in arm_rows.items():
        missing = [seed for seed in every if seed not in by_seed]
        if missing and not (by_seed and shares_no_seeds(study)):
            listed = ", ".join(map(str, missing[:8])) + (" …" if len(missing) > 8 else "")
            what = "no runs" if not by_seed else f"no run with seed {listed}"
            raise UserError(
                f"{where}: {_text(planned[key])} has {what}, which other arms have; arms are compared seed by seed. A "
                "run that failed belongs in the file, with its outcome, and so does one that was lost (`lost`) or "
                "never made (`missing`, or `unplanned` where nobody meant to); or take out a seed for all arms, or a "
                "level from the study"
            )
    return [(planned[key], [by_seed[seed] for seed in every if seed in by_seed]) for key, by_seed in arm_rows.items()]


def seeds_to_import(study: Study, where: str, rows: Sequence[ImportedRun]) -> tuple[int, ...]:
    """Return the seeds that a study names, of which runs may be missing; else those of the file.

    A mere count, `seeds: 8`, names none: results that were made elsewhere have their own numbers. Fewer than it asks
    for are told: the rest of the plan is missing.

    Raises
    ------
    UserError
        A run has a seed that the study does not name; it plans seeds, and a run is said to be unplanned.
    """
    if "seeds" not in study.model_fields_set:
        return tuple(sorted({row.result.seed for row in rows}))
    for row in rows:
        if row.no_result == UNPLANNED:
            raise UserError(
                f"{where}, line {row.line}: the run is `unplanned`, but the study plans the seeds of every arm "
                "(`seeds`); expected `missing`, or a study without `seeds`"
            )
    if not isinstance(study.seeds, list):
        there = {row.result.seed for row in rows}
        free = (seed for seed in itertools.count() if seed not in there)
        return tuple(sorted([*there, *itertools.islice(free, max(0, study.seeds - len(there)))]))
    planned = tuple(study.seeds)
    named = set(planned)
    for row in rows:
        if row.result.seed not in named:
            said = f"{plural(len(planned), 'seed')}, {min(planned)} to {max(planned)}" if planned else "no seeds"
            raise UserError(
                f"{where}, line {row.line}: seed {row.result.seed} is not one of the study's (`seeds`: {said}); "
                "expected the seeds that the study names: `seeds: {first: 100, count: 20}` or a list; without "
                "`seeds` those of the file count"
            )
    return planned


def facts_of(where: str, rows: Sequence[ImportedRun]) -> dict[str, float]:
    """Return what the runs of an arm say of it; they must agree."""
    facts = {}
    for name in FACTS:
        values = {row.facts[name] for row in rows if not math.isnan(row.facts.get(name, math.nan))}
        if len(values) > 1:
            raise UserError(f"{where}: {name!r} differs between runs of {_text(rows[0].levels)}: it belongs to the arm")
        if values:
            facts[name] = values.pop()
    for row in rows:
        for name, value in row.counts.items():
            check_count(f"{where}, line {row.line}", name, value, facts.get("budget"))
    return facts


def _text(levels: Mapping[str, Level]) -> str:
    return levels_text(levels, NO_NAMES) or "the only arm"
