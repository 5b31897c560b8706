"""A table of runs as a study and the runs of it: what `ablate import` would be given, made from what was found."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.claims.parts import Level
from ablate.errors import UserError
from ablate.lang import msg
from ablate.levels import factor_names, levels_alike
from ablate.sources.contract import Curves, Done, Line, RunTable
from ablate.sources.nested import unfolded
from ablate.sweep.found.as_set import AS_SET, truths_read
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.baseline import Baseline, baseline_of, by_factor
from ablate.sweep.found.cells import one_number
from ablate.sweep.found.compared import alone_in_cells, every_level, factors_that_vary, no_arms
from ablate.sweep.found.counts import counts
from ablate.sweep.found.derived import REACH, Derived, derive, drawn, without_areas
from ablate.sweep.found.histories import ended_early
from ablate.sweep.found.moments import Moments
from ablate.sweep.found.names import bare_name as names_bare
from ablate.sweep.found.placed import arms_apart
from ablate.sweep.found.roles import find_column, roles_of
from ablate.sweep.found.rows import Run, kept_lines, level_cell_key, number_runs, one_per_seed, runs_in
from ablate.sweep.found.stated import claims_of, of_sides, stated_sides, with_factors
from ablate.sweep.found.steps import last_steps
from ablate.sweep.found.tidy import row_per_run
from ablate.sweep.found.wide import melted
from ablate.sweep.found.written import read_so, two_scales
from ablate.sweep.import_columns import EXTRA, FACTOR, FACTS, LEFT, Taken
from ablate.sweep.import_endings import UNPLANNED
from ablate.track.columns import factor_column, metric_column
from ablate.train.metric import Metric
from ablate.values import plain

FOLLOWS, SETTINGS_TOLD = msg("follows {value}"), msg("a setting that is not a factor")
NOT_CLAIMED = msg(
    "Nobody claimed these comparisons before the runs were known: they show what is worth claiming. What they find is "
    "shown again on new seeds, or it may be the luck of these."
)
NOT_REGISTERED = msg(
    "The comparison is judged as it was asked for: nothing here shows that it was asked before the runs were seen."
)


@dataclass(frozen=True)
class Found:
    """What was found of a table.

    Attributes
    ----------
    study
        The study it is judged as, as a study file holds it.
    table
        Its runs: a row for every planned run, under the names of the study; what differs beside stays in it.
    columns
        What became of every column of the table that was given.
    done
        What was done with its rows.
    base
        The baseline and why it is that.
    """

    study: dict[str, Any]
    table: RunTable
    columns: tuple[Taken, ...]
    done: tuple[Done, ...]
    base: Baseline


def found_in(table: RunTable, asked: Asked, *, name: str) -> Found:
    """Make a study of a table of runs, and the runs that it is judged by.

    Raises
    ------
    UserError
        Something that is asked for is not there; no direction of a metric is known; no two runs differ in one factor
        alone; see also `roles_of` and `runs_in`.
    """
    asked = with_factors(asked)
    table = melted(table, asked)
    table, done = kept_lines(unfolded(table), asked)
    table, passed_over = row_per_run(table, asked)
    done += passed_over
    table = truths_read(table, plain := without_areas(table, asked))
    roles = roles_of(table, plain)
    judged = list(plain.metrics) or [next(iter(roles.metrics))]
    judged = [
        next(m for m in roles.metrics if m == one or roles.metrics[m][0] == find_column(table, one, "--metric"))
        for one in judged
    ]
    table = read_so(table, roles.written, roles.settings.values(), [place for place, _ in roles.metrics.values()])
    table, stepped = last_steps(table, roles, roles.factors)
    runs = runs_in(table, roles, roles.factors, judged, asked)
    sides = None if asked.stated is None else stated_sides(asked.stated, table, roles, runs)
    apart = arms_apart(table, runs, list(roles.factors), roles.named)
    said = asked.baseline
    if sides is not None:
        sides, runs, passed = of_sides(table.where, sides, runs)
        done += passed
        said = {**said, **{name: str(level) for name, level in sides.against.items()}}
    compared = () if sides is None else (*sides.arm, *sides.each)
    factors, follows = factors_that_vary(runs, apart, roles.named, compared)
    if not factors:
        raise no_arms(table, roles)
    runs = [replace(run, levels={name: run.levels[name] for name in factors}) for run in runs]
    early = list[Done]()
    if not asked.early_stopping:
        runs, early = ended_early(runs, table, table.head[roles.metrics[judged[0]][0]])
    found_along = derive(runs, table, roles.metrics, judged, asked)
    runs = found_along.runs
    runs, repeated = one_per_seed(table.where, runs, asked, judged[0], Moments(table, roles.times))
    if roles.seed is None:
        runs = number_runs(runs)
        done.append(Done(msg("no seeds: runs are not paired, and numbered within their arm"), len(runs)))
    elif asked.unpaired:
        done.append(Done(msg("runs with the same seed are not paired, as asked"), len(runs)))
    base = baseline_of(runs, factors, by_factor(said, factors, {f: table.head[roles.factors[f]] for f in factors}))
    levels = {name: _ordered([run.levels[name] for run in runs], base.levels[name]) for name in factors}
    for factor, of_factor in levels.items():
        if twins := levels_alike(of_factor):
            raise UserError(
                f"{table.where}: {factor} has the levels {twins[0]!r} and {twins[1]!r}, which no table keeps apart"
            )
        if factor not in roles.named and (twins := one_number(of_factor)):
            raise UserError(
                f"{table.where}: {factor} has the levels {twins[0]!r} and {twins[1]!r}, one number beside texts; write "
                f"it in one way, or say --factor {factor} where they are two levels"
            )
    unpaired = asked.unpaired or roles.seed is None
    claimed = _claimed(asked, plain, judged, found_along)
    metrics = {one: metric for one, (_, metric) in roles.metrics.items() if one in judged or _complete(one, runs)}
    metrics |= {one: metric for one, metric in found_along.metrics.items() if one in claimed or _complete(one, runs)}
    if asked.failed_counts_as is not None:
        metrics[judged[0]] = replace(metrics[judged[0]], failed_counts_as=asked.failed_counts_as)
    if sides is not None:
        claims, told_of, paired = claims_of(
            sides, runs, levels, names=factor_names(levels), asked=asked, metrics=claimed, unpaired=unpaired
        )
        done += told_of
    else:
        asked_of = {one: metrics[one] for one in claimed}
        claims, paired = every_level(
            table.where, runs, levels, base=base, claimed=asked_of, delta=asked.by_at_least, unpaired=unpaired
        )
        done += alone_in_cells(claims)
    study: dict[str, Any] = {
        "title": f"{name}: {'every level against the baseline' if sides is None else claims[0]['says']}",
        "factors": levels,
        "baseline": base.levels,
        "metrics": {one: metrics[one].as_dict() for one in [*claimed, *(m for m in metrics if m not in claimed)]},
        "claims": claims,
        "not_concluded": [NOT_CLAIMED if sides is None else NOT_REGISTERED],
    }
    arms = {level_cell_key(run.levels): run.levels for run in runs}
    if len(arms) < math.prod(map(len, levels.values())):
        study["design"] = [{"kind": "listed", "arms": list(arms.values())}]
    settings = {**{table.head[roles.factors[one]]: roles.factors[one] for one in follows}, **roles.settings}
    curves = drawn(runs, table, {one: table.head[roles.metrics[one][0]] for one in [*judged, *roles.metrics]})
    clean, absent = _clean(table, runs, levels, metrics, settings, budget=found_along.budget, curves=curves,
                           paired=not all(claim["kind"].endswith("_unpaired") for claim in claims))  # fmt: skip
    told = [_factor_told(one, table.head[roles.factors[one]], levels[one]) for one in factors]
    told += [Taken(table.head[roles.factors[one]], LEFT, FOLLOWS, other) for one, other in follows.items()]
    constant = [one for one in roles.factors if one not in factors and one not in follows]
    told += [Taken(table.head[roles.factors[one]], LEFT, msg("the same in all runs that count")) for one in constant]
    set_places = {table.head.index(one) for one in roles.settings if names_bare(one) not in (*roles.unknown, *FACTS)}
    told += [Taken(table.head[place], LEFT, SETTINGS_TOLD) for place in sorted(set_places)]
    told += [Taken(one, EXTRA, msg("its direction is not known: not judged")) for one in roles.unknown]
    scales = two_scales(
        table.where,
        {one: roles.metrics[one][1] for one in judged},
        [run.values for run in runs],
        [] if sides is None else [sides.is_arm(run) for run in runs],
    )
    done = [
        *table.done,
        *done,
        *stepped,
        *scales,
        *([Done(AS_SET, len(roles.as_set), ", ".join(roles.as_set))] if roles.as_set else []),
        *early,
        *found_along.done,
        *repeated,
        *counts(table, roles, runs, paired=paired),
        *absent,
    ]
    return Found(study, clean, (*told, *roles.told), tuple(done), base)


def _factor_told(name: str, column: str, levels: Sequence[Level]) -> Taken:
    """Return what is told of a factor."""
    return Taken(column, FACTOR, msg("{value} levels"), str(len(levels))) if column == name else Taken(
        column, FACTOR, "{value}", name)  # fmt: skip


def _ordered(levels: Sequence[Level], base: Level) -> list[Level]:
    """Return the levels of a factor, numbers ascending, others as in the file; the baseline's first."""
    every = list({level_cell_key({"": level}): level for level in levels}.values())
    if all(isinstance(level, int | float) and not isinstance(level, bool) for level in every):
        every = sorted(every, key=lambda level: float(str(level)))
    return [base, *(level for level in every if level_cell_key({"": level}) != level_cell_key({"": base}))]


def _complete(metric: str, runs: Sequence[Run]) -> bool:
    return all(metric in run.values for run in runs if run.outcome in ("finished", "unknown", "reached", "censored"))


def _clean(
    table: RunTable, runs: Sequence[Run], levels: Mapping[str, Sequence[Level]], metrics: Mapping[str, Metric],
    settings: Mapping[str, int], *, budget: int | None, curves: Mapping[int, Curves], paired: bool,
) -> tuple[RunTable, list[Done]]:  # fmt: skip
    """Return the runs as a table that `ablate import` reads, with a row for every arm and seed.

    That other arms have a seed plans none of this one: such a row says so, and where runs are in no pairs none is.
    """
    told_budget = () if budget is None else ("budget",)
    taken = {*levels, *metrics, "seed", "outcome", *told_budget}
    beside = {name: place for name, place in settings.items() if name not in taken}
    own_columns = (*map(factor_column, levels), "seed", "outcome", *told_budget)
    head = (*own_columns, *(metric_column(one, levels) for one in metrics), *beside)
    arms = {level_cell_key(run.levels): run.levels for run in runs}
    seeds = sorted({run.seed for run in runs if run.seed is not None})
    at = {(level_cell_key(run.levels), run.seed): run for run in runs}
    lines, absent, along = list[Line](), 0, dict[int, Curves]()
    for key, arm in arms.items():
        for seed in seeds:
            run = at.get((key, seed))
            if run is None and not paired:
                continue
            texts = [level_shown(arm[name], levels[name]) for name in levels]
            limit = () if budget is None else (str(budget),)
            if run is None:
                absent += 1
                # What was set for the arm is known; what came out of a run that was not made is not.
                own_cells = [{one.line.cells[place] for one in runs if level_cell_key(one.levels) == key}
                             for place in beside.values()]  # fmt: skip
                rest = [next(iter(values)) if len(values) == 1 else "" for values in own_cells]
                cells = [*texts, str(seed), UNPLANNED, *limit, *([""] * len(metrics)), *rest]
            else:
                numbers = [repr(run.values[one]) if one in run.values else "" for one in metrics]
                outcome = "" if run.outcome == "unknown" else run.outcome
                cells = [
                    *texts,
                    str(seed),
                    outcome,
                    *limit,
                    *numbers,
                    *(run.line.cells[place] for place in beside.values()),
                ]
                if run.line.number in curves:
                    along[len(lines) + 2] = curves[run.line.number]
            lines.append(Line(len(lines) + 2, tuple(cells)))
    told = [Done(msg("not there: arms with fewer runs than others"), absent)] if absent else []
    clean = RunTable(table.where, table.name, csv_text(head, lines), head, tuple(lines), table.repairs, curves=along)
    return clean, told


def _claimed(asked: Asked, plain: Asked, judged: Sequence[str], along: Derived) -> list[str]:
    """Return the metrics that comparisons are made on: those asked for, or the main one; and the steps to a target."""
    column = dict(zip(plain.metrics, judged, strict=False))
    named = [name if name in along.metrics else column[name] for name in asked.metrics]
    times = [name for name in along.metrics if name.startswith(REACH)]
    return list(dict.fromkeys([*(named or judged), *times]))


def level_shown(level: Level, levels: Sequence[Level]) -> str:
    """Return the cell that means a level and no other: a text that would read as something else in quotes."""
    if level is None:
        return ""
    if isinstance(level, bool):
        return "true" if level else "false"
    if isinstance(level, int | float):
        return repr(level)
    numbers = any(isinstance(other, int | float) for other in levels if other is not level)
    try:
        other = not isinstance(plain(str(level)), str)
    except ValueError:
        other = True
    return json.dumps(level) if numbers and other else str(level)


def csv_text(head: Sequence[str], lines: Sequence[Line]) -> str:
    """Return a table as a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(line.cells for line in lines)
    return out.getvalue()
