"""The ablation tables: what each arm has in it, what it reached, and how far that is from the baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.errors import UserError
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import endpoint, metric_names
from ablate.judge.summary import summary
from ablate.judge.verdict import Verdict
from ablate.lang import counted, tr
from ablate.report.arms import arm_levels, arm_title, arm_titles, baseline_arm, factor_levels, varying
from ablate.report.level_texts import short_levels
from ablate.report.metric_names import metric_heading, metric_title
from ablate.report.templating import Column, Table, TextRow
from ablate.report.wording import NONE, interval, p_value, plain_number, seconds, unit_of
from ablate.sweep.metrics import metrics_in
from ablate.track.record import Level, StudyTables
from ablate.words.reasons import said

MOST_NAMED = 6  # arms a note names; more are counted


def claimed_metrics(tables: StudyTables, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the metrics of the claims that are numbers of a run, else the first of `other_metrics`."""
    metrics = set(metric_names(tables))
    return [name for name in dict.fromkeys(v.metric for v in verdicts) if name in metrics] or other_metrics(tables)[:1]


def other_metrics(tables: StudyTables, besides: Sequence[str] = ()) -> list[str]:
    """Return every metric of the runs that is not among `besides`, the main one first.

    The main one is the first that the study or its Program declares: of our own Programs test accuracy where they have
    it. What only checks or times a run is left out; a metric that nobody declares comes last.
    """
    declared = metrics_in(tables)
    metrics = [name for name in metric_names(tables) if declared.of(name).summarised and name not in besides]
    order = {name: i for i, name in enumerate(declared.names)}
    return sorted((name for name in metrics if name != "seconds"), key=lambda name: order.get(name, len(order)))


def described(tables: StudyTables, metric: str) -> pd.DataFrame | None:
    """Return the `summary` of one metric; None where the runs do not know it."""
    try:
        return summary(tables, metric)
    except UserError:
        return None


def ablation_table(
    tables: StudyTables, metric: str, frame: pd.DataFrame | None, *, seconds_too: bool = True
) -> Table | None:
    """Return the table of one metric; None where the runs do not know it.

    A factor with two levels of which one is absence (`none`, off) becomes a column of ✓ and –; others show levels.
    Arms whose program does not measure the metric are left out; a column that says the same of every arm is a
    sentence below the table.

    Parameters
    ----------
    frame
        Its `described`.
    seconds_too
        With the time a seed took, which is the same whatever the metric.
    """
    if frame is None:
        return None
    records = _measured(frame)
    shown = unit_of(tables, metric)
    marks = _marks(tables)
    of_value, of_difference = (
        tr(" ({text})", text=shown.value) if shown.value else "",
        tr(" ({text})", text=shown.difference) if shown.difference else "",
    )
    alike = len({row["planned"] for row in records}) == 1  # arms that no open claim compares are not run on
    whole = alike and all(row["n"] == row["planned"] and not row["filled"] and not row["undefined"] for row in records)
    none_diverged = not any(row["diverged"] for row in records)
    told = not any(row["unknown"] for row in records)
    seconds_too = seconds_too and any(math.isfinite(row["seconds"]) for row in records)
    columns = [
        *([Column(title, css) for title, css, _ in marks] or [Column(tr("arm"))]),
        Column(tr("mean") + of_value, "n"), Column("± 95 %", "n"), Column(tr("to baseline") + of_difference, "n"),
        Column(tr("95 % jointly"), "n"), Column(tr("Holm p"), "n"),
        *([] if whole else [Column("n", "n")]),
        *([] if none_diverged else [Column(tr("diverged"), "n")]),
        *([Column(tr("s / seed"), "n")] if seconds_too else []),
    ]  # fmt: skip
    levels = arm_levels(tables)
    base = baseline_arm(tables)
    data = {arm: facts.get("dataset") for arm, facts in tables.facts.items()}
    rows, elsewhere = [], False
    for record in records:
        level_of = levels[str(record["arm_id"])]
        is_base = record["arm_id"] == base
        # On other data the difference to the baseline is one of tasks, which no component makes.
        other_data = data.get(str(record["arm_id"])) != data.get(str(base))
        elsewhere |= other_data
        alone = is_base or other_data
        gain = plain_number(record["difference"], shown, signed=True)
        gain = tr("baseline") if is_base else NONE if other_data else gain
        cells = [
            *([mark(level_of) for _, _, mark in marks] or [arm_title(str(record["arm"]))]),
            plain_number(record["mean"], shown),
            plain_number((record["high"] - record["low"]) / 2.0, shown),  # a t interval is symmetric
            gain,
            NONE if alone else interval(record["joint_low"], record["joint_high"], shown),
            NONE if alone else p_value(record["p_adjusted"]),
            *([] if whole else [
                f"{record['n']}/{record['planned']}" + ("*" if record["filled"] or record["undefined"] else "")
            ]),
            *([] if none_diverged else [f"{record['diverged']}/{record['planned'] - record['missing']}"]),
            *([seconds(record["seconds"]).removesuffix(" s")] if seconds_too else []),
        ]  # fmt: skip
        rows.append(TextRow(tuple(cells), "base" if is_base else ""))
    notes = []
    if whole and records:
        notes.append(tr("Every arm has all its {seeds}.", seeds=counted(int(records[0]["planned"]), "seed")))
    if none_diverged and told:
        notes.append(tr("No run diverged."))
    if len(records) < len(frame):
        notes.append(tr("Left out: {arms} that do not measure it.", arms=counted(len(frame) - len(records), "arm")))
    if other_lengths(tables, metric):
        notes.append(tr("A mean over a run is not compared with one over a run of another length."))
    if elsewhere:
        notes.append(tr("Arms on other data than the baseline's are not compared with it."))
    notes += [_floor(frame), _filled(records)]
    return Table(_title(metric), tuple(columns), tuple(rows), " ".join(note for note in notes if note))


def other_lengths(tables: StudyTables, metric: str) -> bool:
    """Tell whether a metric is a mean over a whole run, and the arms' runs differ in length."""
    return bool(horizons(tables, endpoint(tables, metric), np.arange(len(tables.planned))[None, :]))


def means_table(tables: StudyTables, metrics: Sequence[str]) -> Table | None:
    """Return the means of several metrics side by side, an arm to a row; None without a metric."""
    if not metrics:
        return None
    marks, levels, base = _marks(tables), arm_levels(tables), baseline_arm(tables)
    means = {metric: _means(tables, metric) for metric in metrics}
    columns = [Column(title, css) for title, css, _ in marks] or [Column(tr("arm"))]
    for metric in metrics:
        shown = unit_of(tables, metric)
        columns.append(Column(metric_title(metric) + (tr(" ({text})", text=shown.value) if shown.value else ""), "n"))
    rows = [
        TextRow(
            (
                *([mark(levels[arm]) for _, _, mark in marks] or [title]),
                *(plain_number(means[metric][arm], unit_of(tables, metric)) for metric in metrics),
            ),
            "base" if arm == base else "",
        )
        for arm, title in arm_titles(tables).items()
    ]
    note = tr("Means over seeds; a dash where a run that ended has no value. Intervals can be made from runs.csv.")
    return Table(tr("Every other metric"), tuple(columns), tuple(rows), note)


def _means(tables: StudyTables, metric: str) -> dict[str, float]:
    """Return an arm's mean by arm id, as `summary` has it; NaN where a run that ended has no value."""
    end = endpoint(tables, metric)
    finite = np.isfinite(end.value)
    usable = finite.any(axis=0) & ~end.undefined.any(axis=0)
    sums = np.where(finite, end.value, 0.0).sum(axis=0)
    values = np.where(usable, sums / np.maximum(finite.sum(axis=0), 1), np.nan)
    return dict(zip(map(str, end.arm_ids), map(float, values), strict=True))


def table_note() -> str:
    """Return what the columns of every ablation table mean."""
    return tr(
        "Mean over seeds with its 95 % t interval, each on its own. The difference to the baseline is within a "
        "seed; its interval holds together with those of all other rows at 95 % (it inverts the sign-flip test, "
        "and is Student's where the seeds are too few for that). p of “no difference”, Holm over the arms. This "
        "describes the runs: verdicts are on claims only. n: seeds with a value / planned."
    )


def _measured(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """Leave out arms whose every run ended well without the metric: their program does not measure it."""
    records = frame.to_dict("records")
    kept = [r for r in records if r["n"] or r["missing"] == r["planned"] or r["diverged"] or r["crashed"]]
    return kept or records


def _filled(records: Sequence[dict[Any, Any]]) -> str:
    """Say which arms have seeds that count as something else than what they measured, and as what."""
    arms: dict[str, list[str]] = {}
    for row in records:
        if row["filled"] or row["undefined"]:
            arms.setdefault(tr("; ").join(map(said, row["notes"])), []).append(arm_title(str(row["arm"])))
    told = [
        (tr("; ").join(names) if len(names) <= MOST_NAMED else counted(len(names), "arm")) + tr(": ") + note
        for note, names in arms.items()
    ]
    return f"* {tr('; ').join(told)}{tr('.')}" if told else ""


def _floor(frame: pd.DataFrame) -> str:
    """Say where Holm over the arms cannot come below 5 % with so few seeds, whatever they show."""
    compared = frame[frame["p_adjusted"].notna()]
    tested = len(compared)
    pairs = int(compared["pairs"].max()) if tested else 0
    least = min(1.0, tested * 2.0 / 2.0**pairs)
    if not tested or least <= 0.05:
        return ""
    return tr(
        "With {pairs} and {comparisons} no Holm p here can be below {least:.2g}, however "
        "large the difference: read the intervals, or claim the comparison that matters.",
        pairs=counted(pairs, "pair"),
        comparisons=counted(tested, "comparison"),
        least=least,
    )


def _title(metric: str) -> str:
    named = metric_title(metric) == metric
    return metric_heading(metric) + ("" if named else tr(" ({text})", text=metric))


def _marks(tables: StudyTables) -> list[tuple[str, str, Callable[[dict[str, Level]], str]]]:
    columns: list[tuple[str, str, Callable[[dict[str, Level]], str]]] = []
    every = factor_levels(tables)
    for factor in varying(tables):
        levels = every[factor]
        present = [level for level in levels if not (level is None or level is False or level in ("none", "off"))]
        if len(levels) == 2 and len(present) == 1:
            title = factor if present[0] is True else f"{factor}: {present[0]}"
            columns.append((title, "mark", lambda levels, f=factor, on=present[0]: "✓" if levels[f] == on else NONE))  # type: ignore[misc]
        else:
            texts = short_levels(levels)
            numeric = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels)
            columns.append((factor, "n" if numeric else "", lambda levels, f=factor, t=texts: t[levels[f]]))  # type: ignore[misc]
    return columns
