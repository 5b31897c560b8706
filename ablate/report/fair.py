"""The tuning section in words and tables: where values were looked for, what was chosen, fixed against tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.judge.fairness import FixedTuned, Mean
from ablate.lang import counted, msg, tr
from ablate.report.level_texts import shortened
from ablate.report.templating import Column, Table, TextRow
from ablate.report.tuning_notes import (
    estimand,
    in_every_seed,
    numbers_of_trials,
    trials_alike,
    tuning_notes,
    value_text,
)
from ablate.report.vouched import made_here, vouched
from ablate.report.wording import NONE, Unit, effect_text, listed, plain_number, unit_of
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.track.tuned import EDGE_SHARE
from ablate.train.vouched import Fact
from ablate.words.amounts import decades_text, ratio_text

EDGE = msg("on the edge")

_GIVEN = msg("Every arm was given the same values of everything that is not a factor, and ablate tuned none of them.")
_USED = msg(
    " Only those who wrote the training know what it does with its settings, and whether it tunes others itself."
)
_UNTOLD = msg(
    "Only those who made the runs know what the arms have in common besides their factors, and whether anything "
    "was tuned for some of them."
)


_TRIALS = {
    "trials": msg("Every tuned arm had the same trials in every seed, on the training part of that seed; "),
    "number": msg(
        "Every tuned arm had as many trials in every seed, in its own search space, on the training part of that seed; "
    ),
    "nothing": msg(
        "Tuned arms had different numbers of trials in every seed, on the training part of that seed, as the study "
        "declares; "
    ),
}


@dataclass(frozen=True)
class Tuning:
    """The section: what was chosen, warnings, and for a study run both ways each claim fixed and tuned."""

    notes: tuple[str, ...]
    chosen: Table
    both: Table | None


def tuning_section(study: Study, tables: StudyTables, both: Sequence[FixedTuned]) -> Tuning | None:
    """Return the section; None where no arm was tuned."""
    cells = _cells(tables)
    if not cells:
        return None
    return Tuning(tuple(tuning_notes(study, tables, cells)), _chosen(tables, cells), _both(both) if both else None)


def _cells(tables: StudyTables) -> list[dict[str, Any]]:
    """Return the facts of every tuning once: arms that share one appear together."""
    cells: dict[str, dict[str, Any]] = {}
    for facts in tables.facts.values():
        how = facts.get("tuning")
        if isinstance(how, Mapping):
            cells.setdefault(str(how["cell"]), {"tuned": facts["tuned"], **how})
    return list(cells.values())


def _chosen(tables: StudyTables, cells: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    metric = str(cells[0]["metric"])
    shown, is_test = unit_of(tables, metric), vouched(tables, Fact.DATA)
    for cell in cells:
        for key, value in cell["tuned"].items():
            mean = NONE if cell["mean"] is None else _value(float(cell["mean"]), shown)
            budget = tr("{n} trials × {seeds}", n=cell["trials"], seeds=counted(len(cell["seeds"]), "seed"))
            chosen = _counts(value) if in_every_seed(cell) else value_text(value["chosen"])
            failed = tr("{n} of {all}", n=cell["failed"], all=cell["runs"]) if cell["failed"] else "0"
            rows.append(
                TextRow((
                    str(cell["cell"]), key, str(cell["space"][key]), budget, value_text(cell["fixed"].get(key)),
                    chosen, tr(EDGE) if value["edge"] else tr("inside"), mean, failed,
                ))
            )  # fmt: skip
    columns = (
        Column(tr("arm")),
        Column(tr("tuned")),
        Column(tr("search space")),
        Column(tr("budget")),
        Column(tr("fixed value"), "n"),
        Column(tr("chosen"), "n"),
        Column(tr("place")),
        Column(tr("its mean {metric}", metric=metric), "n"),
        Column(tr("failed tuning runs"), "n"),
    )
    return Table(tr("What was tuned"), columns, tuple(rows), _how(cells, known=is_test))


def _how(cells: Sequence[Mapping[str, Any]], *, known: bool) -> str:
    """Say how values were chosen; `known`: that what is called a test part is one."""
    cell = cells[0]
    if in_every_seed(cell):
        return tr(_TRIALS[trials_alike(cells)]) + tr(
            "the trial with the best {metric} on the seed's own validation part won, and its run is judged. The "
            "test part was not read for trials that were not chosen. A failed run counts as the worst. On the "
            "edge: more than {share} of the seeds chose the least or the greatest value tried, and no other "
            "value has a better mean rank over the seeds. A better value may lie beyond.",
            metric=cell["metric"],
            share=f"{100 * EDGE_SHARE:.0f} %",
        )
    return tr(
        "Every tuned arm had the same trials, on the tuning seeds {seeds}, which judge nothing; the best "
        "mean {metric} won, ties went to the smaller value, and a failed run counts as the worst. "
        "{kept} On the edge: the least or the greatest value tried, so that "
        "a better one may lie beyond.",
        seeds=", ".join(map(str, cell["seeds"])),
        metric=cell["metric"],
        kept=tr("Nothing of the test part was kept.") if known else tr("No metric with `test` in its name was kept."),
    )


def _counts(value: Mapping[str, Any]) -> str:
    """Write every value that a seed chose, the most frequent first, with the number of seeds."""
    counts = value.get("counts")
    if not counts:
        return tr("{value} (every seed)", value=value_text(value["chosen"]))
    ordered = sorted(counts, key=lambda one: -one[1])
    return tr(", ").join(tr("{value} ({n})", value=value_text(chosen), n=n) for chosen, n in ordered)


def _both(both: Sequence[FixedTuned]) -> Table:
    rows = tuple(
        TextRow((shortened(one.id), one.says, *(mean_text(mean, one) for mean in (one.fixed, one.tuned, one.change))))
        for one in both
    )
    columns = (
        Column(tr("claim")),
        Column(tr("says")),
        Column(tr("effect, all arms fixed"), "n"),
        Column(tr("effect, each arm tuned"), "n"),
        Column(tr("tuned − fixed"), "n"),
    )
    note = tr(
        "Positive where the claim is right. Intervals: 95 %, each on its own, paired by seed; they are "
        "not adjusted for the number of claims, which the verdicts above are. Tuned − fixed is what "
        "tuning changes, seed by seed."
    )
    return Table(tr("Fixed against tuned, claim by claim"), columns, rows, note)


def mean_text(mean: Mean, one: FixedTuned) -> str:
    """Print a mean with its interval on the scale of a comparison."""
    if one.scale == "difference":
        return effect_text(mean.effect, mean.low, mean.high, one.unit)
    if one.scale == "log ratio":
        texts = [f"×{ratio_text(value)}" for value in (mean.effect, mean.low, mean.high)]
    elif one.scale == "decades":
        texts = [decades_text(value, signed=True) for value in (mean.effect, mean.low, mean.high)]
        return f"{texts[0]} [{texts[1]}, {texts[2]}]" + tr(" decades")
    else:
        texts = [plain_number(value, signed=True) for value in (mean.effect, mean.low, mean.high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def fairness_note(study: Study, tables: StudyTables) -> str:
    """Say whose values the arms have: what a sceptic of a comparison asks first."""
    if not made_here(tables):
        return tr(_UNTOLD)
    if study.fairness == "fixed" and not vouched(tables, Fact.SETTINGS):
        return tr(_GIVEN) + tr(_USED)
    if study.fairness == "fixed":
        return tr(
            "Every arm uses the same values of everything that is not a factor. No hyperparameter was tuned "
            "for any arm, so a difference may belong to the shared values as much as to the component."
        )
    cells = _cells(tables)
    if not cells:
        return tr("The study asks for tuned values, but none of its arms has been tuned yet.")
    cell = cells[0]
    keys = listed(list(dict.fromkeys(key for one in cells for key in one["tuned"])))
    was = msg("{keys} was tuned for every arm on its own: {n} trials each, on {seeds} that judge nothing, by the best "
              "mean {metric}. ")  # fmt: skip
    were = msg("{keys} were tuned for every arm on its own: {n} trials each, on {seeds} that judge nothing, by the "
               "best mean {metric}. ")  # fmt: skip
    if in_every_seed(cell):
        first = tr(
            "{keys}: every seed of every arm ran {n} trials on its own training part and kept the best by its own "
            "{metric}; the run it kept is the one that is judged. ",
            keys=keys, n=numbers_of_trials(cells), metric=cell["metric"],
        )  # fmt: skip
        if trials_alike(cells) != "trials":
            first += tr("What only some arms have was tuned for these; the table of what was tuned names each arm's. ")
    else:
        first = tr(
            was if len(cell["tuned"]) == 1 else were,
            keys=keys, n=cell["trials"], seeds=counted(len(cell["seeds"]), "seed"), metric=cell["metric"],
        )  # fmt: skip
    how = first + estimand(cell) + " " + tr(
        "Everything else that is not a factor is the same in all arms. A tuned difference is between the arms as well "
        "as this search found them, and rests on its space and budget; with another budget it may be another."
    )  # fmt: skip
    tune = study.tune
    if tune is not None and tune.share:
        how += tr(
            " Arms that differ only in {share} share one tuning, done at the baseline's level.",
            share=listed(tune.share),
        )
    if tune is not None and tune.where:
        told = ", ".join(f"{factor}: {'|'.join(map(str, levels))}" for factor, levels in tune.where.items())
        how += tr(" Only arms with {levels} were tuned; the others keep the fixed values.", levels=told)
    if study.fairness == "both":
        how = tr(
            "Every arm was run twice: with the fixed values that all arms share, and with its own tuned "
            "ones. {how} A fixed difference may belong to the shared values as much as to the component.",
            how=how,
        )
    return how if vouched(tables, Fact.SETTINGS) else how + tr(_USED)


def _value(value: float, shown: Unit) -> str:
    return f"{plain_number(value, shown)}{' %' if shown.value == '%' else ''}"
