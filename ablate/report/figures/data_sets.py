"""Figure: a forest by data set: each one's effect, the average over them, and what is to be expected of a new one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.style import BAND, HUES, INK, PAPER, RULE, SOFT, Drawn, drawing
from ablate.report.metric_names import metric_title
from ablate.report.wording import effect_text, unit, with_unit
from ablate.words.amounts import amount

_ROW, _WIDTH, _LEFT, _RIGHT = 0.34, 10.0, 1.9, 3.2  # inches
_OVER = 1.6  # of the widest solid bar: where the prediction is cut off, with an arrow


@register("figure", "data_sets")
@dataclass(frozen=True)
class DataSets(Kind):
    """Claims over data sets."""

    place, order, unasked = "verdicts", 40, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw one for each claim that has an effect."""
        judged = [v for v in material.verdicts if v.kind == "over_datasets" and v.details.get("data_sets")]
        return [_drawn(v, f"{name}-{v.source_id}" + _nth(v, judged)) for v in judged]


@dataclass(frozen=True)
class _Row:
    label: str
    effect: float
    low: float
    high: float
    look: str  # "one", "against", "these", "new"


def _nth(verdict: Verdict, every: Sequence[Verdict]) -> str:
    same = [v.claim_id for v in every if v.source_id == verdict.source_id]
    return f"-{same.index(verdict.claim_id) + 1}" if len(same) > 1 else ""


def _drawn(v: Verdict, name: str) -> Drawn:
    rows = _rows(v.details)
    with drawing():
        figure = _draw(v, rows)
    title = tr("{says}: data set by data set", says=v.says)
    title += f" [{v.claim_id.split('[', 1)[1]}" if "[" in v.claim_id else ""
    caption = tr(
        "More than 0 is the direction that the claim predicts; bars: 95 % intervals over seeds. An open diamond: "
        "the effect goes the other way there. Square: the average over these data sets, each counted alike. "
        "Dashed: where the effect on a new data set like these lies with a chance of 95 %; more seeds do not "
        "make it narrow. An arrow: it continues beyond the axis. Grey: within ±δ."
    )
    told = tr("; ").join(f"{row.label} {effect_text(row.effect, row.low, row.high, v.unit)}" for row in rows)
    return Drawn(name, title, figure, caption, tr("Effects by data set. ") + told + tr("."), floor=560)


def _rows(details: dict[str, Any]) -> list[_Row]:
    rows = [
        _Row(one["data_set"], *_three(one), "against" if one["effect"] < 0 else "one") for one in details["data_sets"]
    ]
    rows.append(_Row(tr("these {n}", n=len(rows)), *_three(details["these"]), "these"))
    if details["new"] is not None:
        rows.append(_Row(tr("a new one"), *_three(details["new"]), "new"))
    return rows


def _three(estimate: dict[str, Any]) -> tuple[float, float, float]:
    return float(estimate["effect"]), float(estimate["low"]), float(estimate["high"])


def _draw(v: Verdict, rows: Sequence[_Row]) -> Figure:
    top, bottom = 0.15, 0.62
    at = [position + (0.5 if row.look in ("these", "new") else 0.0) for position, row in enumerate(rows)]
    height = top + bottom + _ROW * (at[-1] + 1.2)
    figure = Figure(figsize=(_WIDTH, height))
    across = (_WIDTH - _LEFT - _RIGHT) / _WIDTH
    ax = figure.add_axes((_LEFT / _WIDTH, bottom / height, across, (height - top - bottom) / height))
    shown = unit(v.unit)
    scale = shown.scale
    ends = [x * scale for row in rows if row.look != "new" for x in (row.effect, row.low, row.high) if math.isfinite(x)]
    ends += [0.0, -1.3 * v.delta * scale, 1.3 * v.delta * scale]
    middle, half = (max(ends) + min(ends)) / 2.0, max((max(ends) - min(ends)) / 2.0, 1e-12)
    low, high = middle - _OVER * half, middle + _OVER * half
    ax.set_xlim(low, high)
    ax.set_ylim(at[-1] + 0.6, -0.6)
    if v.delta:
        ax.axvspan(-v.delta * scale, v.delta * scale, color=BAND, linewidth=0, zorder=0)
    ax.axvline(0.0, color=SOFT, linewidth=0.9, zorder=1)
    for y, row in zip(at, rows, strict=True):
        _row(ax, y, row, scale, (low, high))
        _margins(ax, y, row, v.unit)
    ax.axhline(at[-1 - sum(row.look == "new" for row in rows)] - 0.75, color=RULE, linewidth=0.8)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x", color=RULE, linewidth=0.5)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    label = with_unit(tr("effect on {metric}", metric=metric_title(v.metric)), shown.difference)
    ax.set_xlabel(label + (tr(";  δ = {delta}", delta=amount(v.delta, v.unit)) if v.delta else ""), fontsize=9)
    return figure


_LOOKS = {"one": ("o", True, HUES[0]), "against": ("D", False, HUES[1]), "these": ("s", True, INK),
          "new": ("s", False, INK)}  # fmt: skip


def _row(ax: Axes, at: float, row: _Row, scale: float, ends: tuple[float, float]) -> None:
    marker, filled, colour = _LOOKS[row.look]
    low, high = row.low * scale, row.high * scale
    style = (0, (3, 1.6)) if row.look == "new" else "-"
    ax.plot([max(low, ends[0]), min(high, ends[1])], [at, at], color=colour, linewidth=1.7, linestyle=style,
            solid_capstyle="butt", zorder=3)  # fmt: skip
    for bound, edge, arrow, beyond in ((low, ends[0], "<", low < ends[0]), (high, ends[1], ">", high > ends[1])):
        if beyond or math.isinf(bound):
            ax.plot([edge], [at], marker=arrow, markersize=6, color=colour, clip_on=False, zorder=4,
                    gid="open-interval")  # fmt: skip
    ax.plot([min(max(row.effect * scale, ends[0]), ends[1])], [at], marker=marker, markersize=7, markeredgewidth=1.5,
            markerfacecolor=colour if filled else PAPER, markeredgecolor=colour, zorder=5, clip_on=False)  # fmt: skip


def _margins(ax: Axes, at: float, row: _Row, unit_name: str) -> None:
    strong = "bold" if row.look in ("these", "new") else "normal"
    number = effect_text(row.effect, row.low, row.high, unit_name)
    # Numbers are not bold: a bold unit in Chinese is wider than matplotlib measures it, and would be cut off.
    for x, text, ha, offset, weight in ((0.0, row.label, "right", -10, strong), (1.0, number, "left", 12, "normal")):
        ax.annotate(text, (x, at), (offset, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                    va="center", ha=ha, fontsize=8.8, color=INK, fontweight=weight, annotation_clip=False)  # fmt: skip
