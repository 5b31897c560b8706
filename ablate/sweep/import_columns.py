"""Which column of an imported file holds what: by the names that the study declares, never by what looks like it.

Factors, `seed` and the metrics of the study are found under their names, or under the names that Weights & Biases and
MLflow export them by (`config.lr`, `params.lr`, `summary.acc`, `metrics.acc`). Everything else is left to
`import_rest`, which takes no column for a factor or a metric that decides anything.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.errors import UserError, nearest
from ablate.lang import msg
from ablate.sources.cells import whole
from ablate.sources.contract import RunTable
from ablate.sweep.import_endings import Ending, ending_columns
from ablate.sweep.level_cells import BLANK
from ablate.sweep.metrics import Metrics
from ablate.sweep.study import Study
from ablate.track.columns import METRIC, factor_column
from ablate.train.metric import KNOWN

FACTS = ("majority_rate", "budget")
OWN = ("outcome", "seconds", *FACTS)
OURS = ("arm_id", "arm", "baseline", "run_id", "identity", "first_nonfinite_step")
SETTINGS = ("config.", "params.", "config/", "params/")
RESULTS = ("summary.", "metrics.", "summary/", "metrics/")

_ABOUT_RUNS = (
    "Name", "ID", "Notes", "User", "Tags", "Created", "Updated", "Runtime", "Sweep", "Host", "Group", "Job Type",
    "Run ID", "Start Time", "Duration", "Source Type", "Source Name", "experiment_id", "artifact_uri", "start_time",
    "end_time", "run_name",
)  # fmt: skip
_INDEX = re.compile(r"index|level_\d+|Unnamed: \d+")


FACTOR, SEED, OUTCOME, FACT = msg("factor"), msg("seed"), msg("outcome"), msg("fact")
DECLARED, EXTRA, LEFT = msg("metric"), msg("undeclared metric"), msg("left out")


@dataclass(frozen=True)
class Taken:
    """What became of a column.

    Attributes
    ----------
    column
        Its name in the file.
    role
        One of the words above.
    what
        Why, as a message with `{value}` in it where there is a value; of a factor or metric empty, or `{value}`: the
        name in the study, where that is another one.
    """

    column: str
    role: str
    what: str = ""
    value: str = ""


@dataclass(frozen=True)
class Columns:
    """Places of the columns in the head.

    Attributes
    ----------
    factors, metrics, facts
        Name in the study -> place.
    endings
        Every column that says how runs ended.
    ours
        Whether ablate wrote the file, in which every column that is none of its own is a result.
    rest
        Places of the columns that the study says nothing about.
    about
        Those of them that say something about the runs, by their names.
    told
        What became of the others.
    """

    factors: dict[str, int]
    seed: int
    endings: tuple[Ending, ...]
    metrics: dict[str, int]
    facts: dict[str, int]
    ours: bool
    rest: tuple[int, ...]
    about: tuple[int, ...]
    told: tuple[Taken, ...]


def declared_metrics(study: Study) -> list[str]:
    """Return the metrics that a study speaks of: in claims, their gates, `metrics:` and figures."""
    metrics: list[str] = []
    for claim in study.claims:
        metrics += [claim.metric, getattr(claim, "ties_by", "")]
        metrics += [str(getattr(gate, "metric", "")) for gate in claim.gates]
    metrics += list(study.metrics)
    metrics += [str(getattr(figure, "metric", "")) for figure in study.figures]
    return [name for name in dict.fromkeys(metrics) if name not in ("", "outcome")]


def counts_to_target(study: Study, name: str) -> bool:
    """Whether a metric counts up to a target, so that a run without a value has not reached it.

    It is declared so, or a claim about the time to a target is made on it.
    """
    if Metrics(study.metrics).of(name).counts_to_target:
        return True
    return any(claim.to_target and claim.metric == name for claim in study.claims)


def head_fits(study: Study, head: Sequence[str]) -> bool:
    """Whether a head holds every factor of a study, and the seed."""
    return all(_names(name, factor_column(name), SETTINGS) & set(head) for name in (*study.factors, "seed"))


def columns_of(study: Study, table: RunTable, leave_out: Iterable[str] = ()) -> Columns:
    """Find the columns that a study names.

    Raises
    ------
    UserError
        A factor or `seed` is not there, or twice with different cells; a column has no name, but values; the name of
        one is nearly that of a column which is not there; a column to leave out is not there, or is needed.
    """
    told: list[Taken] = []
    taken: set[int] = set()

    def take(name: str, marked: str, prefixes: Sequence[str], role: str) -> int | None:
        place = _find(table, name, marked, prefixes)
        if place is not None:
            taken.add(place)
            told.append(Taken(table.head[place], role, *(("{value}", name) if table.head[place] != name else ())))
        return place

    factors = {name: _there(table, name, take(name, factor_column(name), SETTINGS, FACTOR)) for name in study.factors}
    seed = _there(table, "seed", take("seed", "seed", SETTINGS, SEED))
    to_target = [name for name in table.head if name in KNOWN and KNOWN[name].counts_to_target]
    asked = [name for name in dict.fromkeys([*declared_metrics(study), *to_target])
             if name not in study.factors or METRIC + name in table.head]  # fmt: skip
    place_of = {name: take(name, METRIC + name, RESULTS, DECLARED) for name in asked if name != "seed"}
    metrics = {name: place for name, place in place_of.items() if place is not None}
    there = [name for name in (*FACTS, "seconds") if name in table.head and name not in leave_out]
    facts = {name: place for name in there if (place := table.head.index(name)) not in taken}
    out = {table.head.index(name) for name in leave_out if name in table.head}
    ours = _is_ours(table.head)
    ends = ending_columns(table, taken | out, ours=ours)
    taken |= {one.place for one in ends}
    told += [Taken(one.name, OUTCOME, "" if one.own else msg("how a run stands")) for one in ends]
    taken |= set(facts.values())
    told += [Taken(name, FACT) for name in facts]
    told += _left(table, taken, study, leave_out)
    rest = tuple(place for place in range(len(table.head)) if place not in taken)
    _check_near(table, rest, [name for name in OWN if name not in table.head])
    known_runs = any(not one.own for one in ends) or "run_id" in table.head
    about = tuple(place for place in rest if known_runs and _is_about_runs(table.head[place]))
    return Columns(factors, seed, tuple(ends), metrics, facts, ours, rest, about, tuple(told))


def _is_about_runs(name: str) -> bool:
    return name in _ABOUT_RUNS or name.startswith("tags.")


def _is_ours(head: Sequence[str]) -> bool:
    return {"arm_id", "identity"} <= set(head)


def _names(name: str, marked: str, prefixes: Sequence[str]) -> set[str]:
    return {marked, name, *(prefix + name for prefix in prefixes)}


def _find(table: RunTable, name: str, marked: str, prefixes: Sequence[str]) -> int | None:
    """Return where a name stands: as ablate marks it, as itself, or under a prefix; equal cells under two are one."""
    if marked != name and marked in table.head:
        return table.head.index(marked)
    there = [column for column in (name, *(prefix + name for prefix in prefixes)) if column in table.head]
    for other in there[1:]:
        if table.column(other) != table.column(there[0]):
            raise UserError(
                f"{table.where}: {there[0]!r} and {other!r} both stand for {name!r}, and differ; expected one"
            )
    return table.head.index(there[0]) if there else None


def _there(table: RunTable, name: str, place: int | None) -> int:
    if place is None:
        hint = nearest(name, [column for column in table.head if column])
        raise UserError(f"{table.where}: no column {name!r}" + (f"; nearest: {hint}" if hint else ""))
    return place


def _left(table: RunTable, taken: set[int], study: Study, leave_out: Iterable[str]) -> list[Taken]:
    """Return the columns that are left out by their name, and add them to `taken`."""
    told = []
    for name in leave_out:
        if name not in table.head:
            raise UserError(f"{table.where}: no column {name!r} to leave out" + _hint(name, table.head))
        if table.head.index(name) in taken:
            raise UserError(f"{table.where}: the column {name!r} cannot be left out: the study needs it")
        told.append(Taken(name, LEFT, msg("as asked")))
    for place, name in enumerate(table.head):
        if place in taken or name in leave_out:
            continue
        cells = table.column(name) if name else [line.cells[place] for line in table.lines]
        bare = next((name.removeprefix(prefix) for prefix in SETTINGS + RESULTS if name.startswith(prefix)), "")
        why = ""
        if all(cell in BLANK for cell in cells):
            why = msg("empty")
        elif (not name or _INDEX.fullmatch(name)) and all(whole(cell) is not None for cell in cells):
            why = msg("numbers the rows")
        elif name in OURS and _is_ours(table.head):
            why = msg("written by ablate, not needed")
        elif bare and (bare in study.factors or bare == "seed"):
            why = msg("the same as {value}")
        elif not name:
            raise UserError(
                f"{table.where}: column {place + 1} has no name, but holds {cells[0]!r}; expected a name for it"
            )
        if why:
            told.append(Taken(name or f"(column {place + 1})", LEFT, why, bare if "{value}" in why else ""))
            taken.add(place)
    taken |= {table.head.index(name) for name in leave_out}
    return told


def _check_near(table: RunTable, rest: Sequence[int], absent: Sequence[str]) -> None:
    """Refuse a column whose name is nearly that of one that is not there: it is meant, and would not count."""
    for place in rest:
        name = table.head[place]
        for wanted in absent:
            if difflib.SequenceMatcher(a=name.lower(), b=wanted.lower()).ratio() >= 0.85:
                raise UserError(
                    f"{table.where}: unknown column {name!r}: expected a factor of the study, a metric of its claims, "
                    f"or one of {', '.join(('seed', *OWN))}; nearest match: {wanted}"
                )


def _hint(name: str, head: Sequence[str]) -> str:
    closest = nearest(name, [column for column in head if column])
    return f"; nearest: {closest}" if closest else ""


def told_table(columns: Iterable[Taken]) -> list[list[Any]]:
    """Return what became of the columns as rows of texts, JSON-ready."""
    return [[one.column, one.role, one.what, one.value] for one in columns]
