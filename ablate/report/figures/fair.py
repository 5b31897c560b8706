"""Figure: each claim's effect with the same values for all arms, and with every arm tuned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ablate.claims.estimate import Scale
from ablate.judge.fairness import FixedTuned, Mean, fixed_and_tuned
from ablate.lang import tr
from ablate.registry import register
from ablate.report.fair import mean_text
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.style import BAND, HUES, INK, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import ratio_ticks
from ablate.report.level_texts import shortened
from ablate.report.metric_names import metric_title
from ablate.report.wording import unit_on, with_unit

MOST_ROWS = 24
_FIXED, _TUNED = HUES[1], HUES[0]


@register("figure", "fixed_tuned")
@dataclass(frozen=True)
class FixedTunedBars(Kind):
    """What tuning changes about every claim."""

    place, order, unasked = "tuning", 10, True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return fixed_against_tuned(fixed_and_tuned(material.study, material.tables), name=name)


def fixed_against_tuned(both: Sequence[FixedTuned], *, name: str = "fixed-tuned") -> Drawn | None:
    """Draw one row per comparison, a strip per metric; None for a study that is not run both ways."""
    shown = list(both)[:MOST_ROWS]
    if not shown:
        return None
    strips: dict[tuple[str, Scale], list[FixedTuned]] = {}
    for one in shown:
        strips.setdefault((one.metric, one.scale), []).append(one)
    with drawing():
        figure = _draw(strips)
    left = tr(" {n} comparisons are in the table only.", n=len(both) - len(shown)) if len(both) > len(shown) else ""
    caption = tr(
        "Squares: the effect where all arms share the fixed values; circles: where each arm has its own "
        "tuned ones; the line between them is what tuning changes. Bars: 95 % intervals over seeds, each "
        "on its own. Positive where the claim is right; grey: within ±δ.{left}",
        left=left,
    )
    words = [
        tr(
            "{claim}: fixed {fixed}, tuned {tuned}",
            claim=shortened(one.id),
            fixed=mean_text(one.fixed, one),
            tuned=mean_text(one.tuned, one),
        )
        for one in shown
    ]
    return Drawn(name, tr("Fixed against tuned"), figure, caption, tr("; ").join(words) + tr("."), floor=600)


def _draw(strips: dict[tuple[str, Scale], list[FixedTuned]]) -> Figure:
    heights = [len(rows) + 0.9 for rows in strips.values()]
    figure = Figure(figsize=(8.6, 0.52 * sum(heights) + 0.7), layout="constrained")
    axes = figure.subplots(len(strips), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, ((metric, scale), rows) in zip(axes, strips.items(), strict=True):
        _strip(ax, metric, scale, rows)
    line = {"markersize": 6, "linewidth": 1.3}
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=_FIXED, marker="s", markerfacecolor=PAPER, label=tr("all arms fixed"), **line),  # type: ignore[arg-type]
        Line2D([], [], color=_TUNED, marker="o", label=tr("each arm tuned"), **line),  # type: ignore[arg-type]
    ]
    if any(one.delta > 0 for rows in strips.values() for one in rows):
        handles.append(Patch(facecolor=BAND, label=tr("within ±δ")))
    figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize=8.6)
    return figure


def _strip(ax: Axes, metric: str, scale: Scale, rows: Sequence[FixedTuned]) -> None:
    bare_axes(ax, grid="x")
    shown = unit_on(scale, rows[0].unit)
    factor = shown.scale
    for at, one in enumerate(rows):
        if math.isfinite(one.delta) and one.delta > 0 and scale in ("difference", "decades"):
            ax.fill_between([-one.delta * factor, one.delta * factor], at - 0.5, at + 0.5, color=BAND, linewidth=0)
        fixed, tuned = one.fixed.effect * factor, one.tuned.effect * factor
        ax.plot([fixed, tuned], [at - 0.14, at + 0.14], color=SOFT, linewidth=0.9, zorder=2)
        _bar(ax, one.fixed, at - 0.14, factor, _FIXED, marker="s", face=PAPER)
        _bar(ax, one.tuned, at + 0.14, factor, _TUNED, marker="o", face=_TUNED)
    ax.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), [shortened(one.id) for one in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(with_unit(tr("effect on {metric}", metric=metric_title(metric)), shown.difference))
    finite = [
        end * factor
        for one in rows
        for mean in (one.fixed, one.tuned)
        for end in (mean.effect, mean.low, mean.high)
        if math.isfinite(end)
    ]
    room = 0.06 * (max(*finite, 0.0) - min(*finite, 0.0)) or 1.0
    low, high = min(*finite, 0.0) - room, max(*finite, 0.0) + room
    ax.set_xlim(low, high)
    if scale == "log ratio":
        ratio_ticks(ax.xaxis, low, high, most=8)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(8))


def _bar(ax: Axes, mean: Mean, at: float, factor: float, colour: str, *, marker: str, face: str) -> None:
    low, high = mean.low * factor, mean.high * factor
    if math.isfinite(low) and math.isfinite(high):  # too few seeds for 95 %: the table says so
        ax.plot([low, high], [at, at], color=colour, linewidth=1.6, zorder=3, solid_capstyle="butt")
    ax.plot([mean.effect * factor], [at], marker=marker, markersize=6.5, color=colour, markerfacecolor=face,
            markeredgewidth=1.4, zorder=4)  # fmt: skip
