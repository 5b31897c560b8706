"""Results you already have, as a plan and its finished runs: a study file and a table, one row per run.

Columns: every factor of the study by its name, `seed`, and the metrics that its claims are about. Optional: `outcome`
(see `Outcome`), `seconds`, `majority_rate` and `budget` (steps an arm may take), the last two the same in all rows of
an arm. Where no outcome is told, a count of steps to the target tells whether it was reached, with a number or with an
empty cell; without such a column it is `unknown`. Nothing else is filled in. Exports of Weights & Biases and MLflow,
and a `runs.csv` of ablate's own, can be read, too (see `import_columns`, `import_rest`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

from ablate.claims.parts import Levels
from ablate.errors import UserError
from ablate.identity import digest
from ablate.sources.cells import DECIMAL_COMMAS, decimal_commas, finite_number
from ablate.sources.choose import ChosenSource
from ablate.sources.contract import RunTable
from ablate.sweep.design.build import build_design
from ablate.sweep.import_columns import RESULTS, Taken, columns_of, head_fits, told_table
from ablate.sweep.import_endings import UNPLANNED
from ablate.sweep.import_rest import Rest, rest_of
from ablate.sweep.import_rows import (
    ImportedRun,
    by_arm,
    check_values_there,
    facts_of,
    numeric_cells,
    read_imported,
    seeds_to_import,
    shares_no_seeds,
)
from ablate.sweep.plan import arm_label
from ablate.sweep.study import Study
from ablate.track.names import check_factor_names, check_level_texts, check_metric_names
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.train.metric_values import without_sign
from ablate.train.outcome import FAILED

READING = 4
"""Part of an imported run's identity. Raise it when the same file is read as other runs than before."""


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
        Columns that differ between arms and are not factors.
    follows
        Columns about the runs that differ between arms.
    """

    record: StudyRecord
    runs: dict[str, list[SeedRecord]]
    metrics: frozenset[str]
    rows: int
    repairs: tuple[str, ...]
    columns: tuple[Taken, ...]
    settings: tuple[str, ...]
    follows: tuple[str, ...]


def import_runs(
    study: Study, chosen: ChosenSource, *, name: str, command: str, leave_out: Sequence[str] = ()
) -> Imported:
    """Read what stands at an address as the runs of a study.

    Parameters
    ----------
    chosen
        The address with the source that reads it (`sources.choose.source_for`).
    leave_out
        Columns that are passed over, whatever they hold.

    Raises
    ------
    UserError
        With file and line: it cannot be read; a column is missing, unknown or given twice; a level is none of the
        study's; a seed is not a whole number; a number is missing or not finite in a run that did not fail; a run is
        there twice, or did not finish; an arm of the design has no runs, or other seeds than the rest; a seed is none
        of those that the study names.
    """
    check_factor_names(study.factors, where=chosen.address)
    check_level_texts(study.factors, where=chosen.address)
    table = chosen.read(fits=lambda head: head_fits(study, head))
    columns = columns_of(study, table, leave_out)
    check_metric_names(columns.metrics, where=table.where)
    comma = table.commas and decimal_commas(table.where, numeric_cells(study, table, columns))
    rows = read_imported(study, table, columns, comma=comma)
    _check_signs(table, columns.metrics)
    failed = [row.result.outcome in FAILED or bool(row.no_result) for row in rows]
    # What a run without a result had set says nothing of the runs that are compared.
    use = [not row.no_result for row in rows]
    use = use if any(use) else [True] * len(rows)
    rest = rest_of(
        replace(table, lines=tuple(compress(table.lines, use))), columns.rest,
        list(compress((row.arm for row in rows), use)), list(compress((row.result.seed for row in rows), use)),
        list(compress(failed, use)), used=list(columns.metrics), comma=comma, results=columns.ours, about=columns.about,
    )  # fmt: skip
    by_endings = bool(columns.endings and study.claims) and not any(claim.reads_values for claim in study.claims)
    if not columns.metrics and not rest.extras and not by_endings:
        raise UserError(f"{table.where}: no column holds a metric")
    for row, line in zip(rows, table.lines, strict=True):
        if row.no_result:
            continue
        row.result.curves.update({_bare(name): curve for name, curve in table.curves.get(line.number, {}).items()})
        more = {name: finite_number(line.cells[place], comma=comma) for name, place in rest.extras.items()}
        row.result.metrics.update({name: value for name, value in more.items() if value is not None})
    check_values_there(study, table.where, rows, columns)
    cells = by_arm(study, table.where, rows)
    seeds = seeds_to_import(study, table.where, rows)
    told = (*columns.told, *rest.told)
    repairs = (*table.repairs, *([DECIMAL_COMMAS] if comma else []))
    sha = hashlib.sha256(table.text.encode()).hexdigest()
    read: dict[str, Any] = {
        "file": table.name,
        "sha256": sha,
        "rows": len(rows),
        "repairs": list(repairs),
        "columns": told_table(told),
    }
    if any(len(arm_rows) < len(seeds) for _, arm_rows in cells) and shares_no_seeds(study):
        read["unpaired"] = True
    record, runs = _record(study, table, sha, cells, rest, seeds=seeds, name=name, command=command, leave_out=leave_out)
    record = replace(record, design={**build_design(study).record(), "imported": read})
    metrics = frozenset([*columns.metrics, *rest.extras])
    return Imported(record, runs, metrics, len(rows), repairs, told, tuple(rest.settings), rest.follows)


def _check_signs(table: RunTable, metrics: Mapping[str, int]) -> None:
    """Raise `UserError` where a metric has per cent signs in some runs only: a number without one may be a share."""
    for name, place in metrics.items():
        cells = [(line.number, line.cells[place]) for line in table.lines]
        signs = [one for one in cells if without_sign(one[1])]
        plain = [one for one in cells if finite_number(one[1], comma=True) is not None]
        if signs and plain:
            raise UserError(
                f"{table.where}: {name!r} is {signs[0][1]!r} in line {signs[0][0]} and {plain[0][1]!r} in line "
                f"{plain[0][0]}; expected a per cent sign in every cell of a column or in none"
            )


def _bare(column: str) -> str:
    """Return the name of a metric without the prefix under which programs export it."""
    return next((column.removeprefix(prefix) for prefix in RESULTS if column.startswith(prefix)), column)


_SINCE = (("population", "all"), ("leaves_out_at_most", None))
"""Keys of claims that came later, with the values that mean what was meant before."""


def _record(
    study: Study,
    table: RunTable,
    sha: str,
    cells: Sequence[tuple[Levels, list[ImportedRun]]],
    rest: Rest,
    *,
    seeds: tuple[int, ...],
    name: str,
    command: str,
    leave_out: Sequence[str],
) -> tuple[StudyRecord, dict[str, list[SeedRecord]]]:
    label = (
        f"Imported from {table.name} (SHA-256 {sha[:12]}…): these runs were made elsewhere. Nothing was registered "
        "before they were known, and that runs with the same seed share data and draws is the word of those who made "
        "them."
    )
    if leave_out:
        label += f" Columns of the file that were left out as asked: {', '.join(leave_out)}."
    labels = [label]
    if rest.follows:
        labels.append(
            f"What the file says about the runs differs between arms: {', '.join(rest.follows)}. That they differ in "
            "nothing but the factors is the word of those who made them."
        )
    definition = {**study.model_dump(mode="json"), "confounds": [*labels, *study.confounds]}
    base, names = study.base_levels(), study.names()
    arms, runs = [], {}
    for levels, arm_rows in cells:
        what = {"imported": sha, "reading": READING, "study": name, "levels": levels}
        facts: dict[str, Any] = {"fingerprint": sha, "imported": True, "imported_from": table.name, "vouches": []}
        told_by = [row.outcome_from for row in arm_rows if row.outcome_from]
        facts |= {"outcome_from": told_by[0]} if told_by else {}
        for fact, value in facts_of(table.where, arm_rows).items():
            facts |= {"steps": int(value)} if fact == "budget" else {fact: value}
        arm_of = arm_rows[0].arm
        settings = {column: by_arm[arm_of] for column, by_arm in rest.settings.items() if arm_of in by_arm}
        lost = {str(row.result.seed): row.no_result for row in arm_rows if row.no_result in ("lost", "unfinished")}
        facts |= {"lost": lost} if lost else {}
        unplanned = [row.result.seed for row in arm_rows if row.no_result == UNPLANNED]
        facts |= {UNPLANNED: unplanned} if unplanned else {}
        arm = ArmRecord(
            id=digest(what)[:12],
            label=arm_label(levels, base, names),
            levels=levels,
            config={"imported_from": table.name, **study.fixed, **levels},
            facts=facts | ({"settings": settings} if settings else {}),
            baseline=levels == base,
        )
        arms.append(arm)
        runs[arm.id] = [
            SeedRecord(digest({**what, "seed": row.result.seed}), row.result) for row in arm_rows if not row.no_result
        ]
    without_code = {part: said for part, said in definition.items() if part != "uses"}  # nothing is run by it here
    # Claims had a `stance` once, and no population; so imports of earlier releases are found again.
    without_code["claims"] = [
        {name: content for name, content in {**claim, "stance": "agrees"}.items() if (name, content) not in _SINCE}
        for claim in definition["claims"]
    ]
    record = StudyRecord(
        name=name,
        key=digest({"imported": sha, "reading": READING, "name": name, "definition": without_code})[:16],
        definition=definition,
        arms=tuple(arms),
        seeds=seeds,
        command=command,
        note=f"**{label}**\n",
    )
    return record, runs
