"""The ablation table: what each arm has in it, what it reached, and how far that is from the baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from ablate.errors import UserError
from ablate.lang import tr
from ablate.report.arms import arm_levels, arm_title, baseline_arm, factor_levels, varying
from ablate.report.templating import Column, Row, Table
from ablate.report.wording import NONE, interval, levels_text, metric_title, p_value, plain, seconds, unit
from ablate.stats.endpoint import metrics_of
from ablate.stats.summary import summary
from ablate.stats.verdict import Verdict
from ablate.track.record import Level, StudyTables


def table_metrics(tables: StudyTables, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the metrics worth a table: those of the claims first, then every `final/…` and `ttt/…` one."""
    claimed = [v.metric for v in verdicts]
    known = metrics_of(tables)
    others = [name for name in known if name.startswith(("final/", "ttt/", "aulc/"))]
    others.sort(key=lambda name: ("test" not in name, "accuracy" not in name, known.index(name)))
    return list(dict.fromkeys([*claimed, *others]))


def ablation_table(tables: StudyTables, metric: str) -> Table | None:
    """Return the table of one metric; None where the runs do not know it.

    A factor with two levels of which one is absence (`none`, off) becomes a column of ✓ and –; others show levels.
    """
    try:
        frame = summary(tables, metric)
    except UserError:
        return None
    shown = unit(metric)
    marks = _marks(tables)
    of_value, of_difference = (
        tr(" ({text})", text=shown.value) if shown.value else "",
        tr(" ({text})", text=shown.difference) if shown.difference else "",
    )
    columns = [
        *([Column(title, css) for title, css, _ in marks] or [Column(tr("arm"))]),
        Column(tr("mean") + of_value, "n"), Column("± 95 %", "n"), Column(tr("to baseline") + of_difference, "n"),
        Column(tr("95 % interval"), "n"), Column(tr("Holm p"), "n"),
        Column("n", "n"), Column(tr("diverged"), "n"), Column(tr("s / seed"), "n"),
    ]  # fmt: skip
    levels = arm_levels(tables)
    base = baseline_arm(tables)
    rows = []
    for record in frame.to_dict("records"):
        own = levels[str(record["arm_id"])]
        is_base = record["arm_id"] == base
        cells = [
            *([mark(own) for _, _, mark in marks] or [arm_title(str(record["arm"]))]),
            plain(record["mean"], shown),
            plain((record["high"] - record["low"]) / 2.0, shown),  # a t interval is symmetric
            tr("baseline") if is_base else plain(record["difference"], shown, signed=True),
            NONE if is_base else interval(record["difference_low"], record["difference_high"], shown),
            NONE if is_base else p_value(record["p_adjusted"]),
            f"{record['n']}/{record['planned']}" + ("*" if record["filled"] or record["undefined"] else ""),
            f"{record['diverged']}/{record['planned'] - record['missing']}",
            seconds(record["seconds"]).removesuffix(" s"),
        ]
        rows.append(Row(tuple(cells), "base" if is_base else ""))
    noted = [row for row in frame.to_dict("records") if row["filled"] or row["undefined"]]
    notes = [f"{arm_title(row['arm'])}: {row['note']}" for row in noted]
    note = tr(
        "Mean over seeds with its 95 % t interval; difference to the baseline within a seed, with the "
        "interval that inverts the sign-flip test; p of “no difference”, Holm over the arms. It "
        "describes; claims are judged above. n: seeds with a value / planned. "
    )
    note += _floor(frame)
    note += f"* {tr('; ').join(notes)}{tr('.')}" if notes else ""
    return Table(_title(metric), tuple(columns), tuple(rows), note.strip())


def _floor(frame: pd.DataFrame) -> str:
    """Say where Holm over the arms cannot come below 5 % with so few seeds, whatever they show."""
    compared = frame[frame["p_adjusted"].notna()]
    tested = len(compared)
    pairs = int(compared["pairs"].max()) if tested else 0
    least = min(1.0, tested * 2.0 / 2.0**pairs)
    if not tested or least <= 0.05:
        return ""
    return tr(
        "With {pairs} pairs and {tested} comparisons no Holm p here can be below {least:.2g}, however "
        "large the difference: read the intervals, or claim the comparison that matters. ",
        pairs=pairs,
        tested=tested,
        least=least,
    )


def _title(metric: str) -> str:
    words = metric_title(metric)
    return words[:1].upper() + words[1:] + tr(" ({text})", text=metric)


def _marks(tables: StudyTables) -> list[tuple[str, str, Callable[[dict[str, Level]], str]]]:
    found: list[tuple[str, str, Callable[[dict[str, Level]], str]]] = []
    every = factor_levels(tables)
    for factor in varying(tables):
        levels = every[factor]
        present = [level for level in levels if not (level is None or level is False or level in ("none", "off"))]
        if len(levels) == 2 and len(present) == 1:
            title = factor if present[0] is True else f"{factor}: {present[0]}"
            found.append((title, "mark", lambda own, f=factor, on=present[0]: "✓" if own[f] == on else NONE))  # type: ignore[misc]
        else:
            texts = levels_text(levels)
            numeric = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels)
            found.append((factor, "n" if numeric else "", lambda own, f=factor, t=texts: t[own[f]]))  # type: ignore[misc]
    return found
