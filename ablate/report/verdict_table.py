"""The verdicts as a table for a paper: what was compared, effect and interval, margin, p, pairs, verdict."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.report.level_texts import shortened
from ablate.report.metric_names import metric_title
from ablate.report.templating import Column, Table, TextRow
from ablate.report.wording import NONE, delta_text, p_value, verdict_effect
from ablate.words.amounts import percent
from ablate.words.because import method_text
from ablate.words.rulings import label_of, ruling_of, ruling_word, seen


def verdict_table(verdicts: Sequence[Verdict], *, title: str = "") -> Table:
    """Return a row per verdict; what all rows have in common stands in the note."""
    metrics = list(dict.fromkeys(v.metric for v in verdicts))
    several = len(metrics) > 1
    columns = [Column(tr("comparison"))]
    columns += [Column(tr("metric"))] if several else []
    columns += [
        Column(tr("effect [interval]"), "n"), Column("δ", "n"), Column(tr("Holm p"), "n"), Column(tr("pairs"), "n"),
        Column(tr("verdict"), "verdict"),
    ]  # fmt: skip
    rows = [_row(v, several=several) for v in verdicts]
    # What every row says is said once: a narrow column has no room for it.
    same = [
        place
        for place, column in enumerate(columns)
        if column.title in ("δ", tr("pairs")) and len(rows) > 1 and len({row.cells[place] for row in rows}) == 1
    ]
    told = [tr("{what}: {value} in every row.", what=columns[at].title, value=rows[0].cells[at]) for at in same]
    kept = [place for place in range(len(columns)) if place not in same]
    return Table(
        title or tr("Verdicts"),
        tuple(columns[place] for place in kept),
        tuple(TextRow(tuple(row.cells[place] for place in kept)) for row in rows),
        " ".join(filter(None, [_note(verdicts, metrics), *told])),
    )


def _row(v: Verdict, *, several: bool) -> TextRow:
    sides = tr("{arm} against {against}", arm=v.arm_text, against=v.against_text) if v.against_text else v.arm_text
    where = tr(" at {where}", where=shortened(v.where_text)) if v.where_text else ""
    word, label = ruling_word(ruling_of(v)), label_of(v)
    word += f" ({label})" if label else ""
    pairs = f"{v.pairs}/{v.planned_pairs}"
    if "unpaired" in v.details:
        pairs = "{arm} + {against}".format(**v.details["unpaired"])
    cells = [shortened(sides) + where, *([metric_title(v.metric)] if several else [])]
    return TextRow((*cells, verdict_effect(v) or NONE, delta_text(v), p_value(v.p_adjusted), pairs, word))


def _note(verdicts: Sequence[Verdict], metrics: Sequence[str]) -> str:
    """Say what the numbers are: the metric, how intervals are made and at which level, what is corrected for."""
    tested = [v for v in verdicts if v.effect is not None]
    parts = [tr("Metric: {metric}.", metric=metric_title(metrics[0]))] if len(metrics) == 1 else []
    if tested:
        methods = tr("; ").join(dict.fromkeys(method_text(v.method) for v in tested))
        levels = sorted({v.interval_level for v in tested})
        spread = " – ".join(dict.fromkeys(percent(level) for level in (levels[0], levels[-1])))
        message = msg("Effects are positive in the direction that the claim predicts; intervals: {methods}, {level}.")
        if all(map(seen, tested)):
            message = msg("Exploratory: nobody predicted these. Effects are positive where the metric is better; "
                          "intervals: {methods}, {level}.")  # fmt: skip
        parts.append(tr(message, methods=methods, level=spread))
    if verdicts and verdicts[0].family > 1:
        parts.append(tr("Holm over {n} claims.", n=verdicts[0].family))
    return " ".join(parts)
