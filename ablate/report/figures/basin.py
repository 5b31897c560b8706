"""Figure: steps to the target over the levels of a factor, both sides, with the stretch in which each learns well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from ablate.claims.kinds.basin_width import BasinClaim, BasinSides, SideBasin, side_basins
from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.panels import legend
from ablate.report.figures.style import DASHES, HUES, INK, LOOKS, MARKERS, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import apart
from ablate.report.level_texts import level_titles, short_levels, short_lists, shortened
from ablate.report.metric_names import metric_title
from ablate.report.pairs import judged_sides
from ablate.report.wording import verdict_effect
from ablate.stats.basin import level_edges
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.words.rulings import ruling_of

MOST_PANELS = 8
_ROOM = 1.32  # factor above the budget, where a target that was not reached is drawn


@dataclass(frozen=True)
class _Panel:
    """One cell of one verdict: `sides` are `against`, then `arm`, each with one cell; `budget` is what a run had.

    `cells` is how many cells the verdict is on.
    """

    title: str
    verdict: Verdict
    claim: BasinClaim
    levels: NDArray[np.float64]
    sides: tuple[SideBasin, SideBasin]
    budget: float
    cells: int


@register("figure", "basin")
@dataclass(frozen=True)
class Basin(Kind):
    """How wide the range is in which each side learns well."""

    place, order, unasked = "evidence", 20, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        return basin_figures(material.study, material.tables, material.verdicts, name=name)


def basin_figures(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict], *, name: str = "basin"
) -> list[Drawn]:
    """Draw one figure for each claim on the width of a basin, a panel per verdict and cell."""
    families: dict[str, list[_Panel]] = {}
    judged = [v for v in verdicts if v.kind == "basin_width" and v.details]
    for verdict, comparison, sides, end in judged_sides(study, tables, judged):
        claim = comparison.claim
        assert isinstance(claim, BasinClaim)
        assert isinstance(sides, BasinSides)
        basin = sides.basin
        arm, against = side_basins(sides, end)
        budget = end.fill[:, sides.columns]
        for position, cell in enumerate(comparison.cells):
            shown = {f: level for f, level in cell.items() if len(study.factors[f]) > 1}
            title = ", ".join(level_titles({f: short_levels([level])[level] for f, level in shown.items()}))
            pair = (against.cell(position), arm.cell(position))
            most = float(np.nanmax(budget)) if np.isfinite(budget).any() else math.nan
            families.setdefault(verdict.source_id, []).append(
                _Panel(title, verdict, claim, basin.levels, pair, most, len(comparison.cells))
            )
    figures = []
    for source, panels in families.items():
        with drawing():
            figure = _draw(panels[:MOST_PANELS])
        title = tr("{says}: where each side learns well", says=panels[0].verdict.says)
        wide = min(len(panels), 2)
        figures.append(Drawn(f"{name}-{source}", title, figure, _caption(panels), _alt(panels), floor=360 * wide))
    return figures


def _draw(panels: Sequence[_Panel]) -> Figure:
    columns = min(len(panels), 2)
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(5.2 * columns, 4.0 * rows + 0.5), layout="constrained")
    ratios = [3.2, 1.0] * rows
    grid = figure.subplots(2 * rows, columns, squeeze=False, sharex=True, gridspec_kw={"height_ratios": ratios})
    reached = [s[np.isfinite(s)] for panel in panels for s in (side.steps for side in panel.sides)]
    every = np.concatenate(reached) if reached else np.array([])
    top = max([panel.budget for panel in panels if math.isfinite(panel.budget)] + [float(every.max(initial=1.0))])
    low = max(float(every[every > 0].min(initial=top / 2.0)), 0.5)
    for position in range(rows * columns):
        upper, lower = grid[2 * (position // columns)][position % columns], grid[2 * (position // columns) + 1][
            position % columns
        ]  # fmt: skip
        if position >= len(panels):
            upper.set_visible(False)
            lower.set_visible(False)
            continue
        _steps(upper, panels[position], (low / 1.35, top * _ROOM * 1.12), top)
        _shares(lower, panels[position])
        lower.tick_params(labelbottom=True)
        if position % columns == 0:
            upper.set_ylabel(metric_title(panels[position].claim.metric), fontsize=9)
    first = panels[0].verdict
    within = tr("{within:g} × own best", within=panels[0].claim.within)
    more: list[Line2D | Patch] = [Line2D([], [], color=SOFT, linewidth=1.0, linestyle=(0, (2, 2)), label=within),
            Patch(facecolor=SOFT, alpha=0.22, label=tr("good in half of the seeds or more"))]  # fmt: skip
    legend(figure, [(0, short_lists(first.against_text)), (1, short_lists(first.arm_text))], "", False, more)
    apart(figure)
    return figure


def _steps(ax: Axes, panel: _Panel, ends: tuple[float, float], top: float) -> None:
    x = panel.levels
    edges = 10.0 ** level_edges(x)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(*ends)
    ax.set_xlim(edges[0] / 1.25, edges[-1] * 1.25)
    ax.axhline(top, color=SOFT, linewidth=0.8, zorder=1)
    for position, side in enumerate(panel.sides):
        colour, dash = HUES[position], DASHES[position]
        steps = side.steps[:, 0]
        best = np.median(steps.min(axis=1))
        if math.isfinite(best):
            line = panel.claim.within * float(best)
            ax.axhline(line, color=colour, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1.5, gid="allowed")
            for i in np.flatnonzero(side.good[:, 0].mean(axis=0) >= 0.5):
                ax.add_patch(Rectangle((edges[i], ends[0]), edges[i + 1] - edges[i], line - ends[0], facecolor=colour,
                                       alpha=0.16, linewidth=0, zorder=0.5, gid="good"))  # fmt: skip
        drawn = np.where(np.isfinite(steps), steps, np.nan)
        ax.plot(x, drawn.T, color=colour, linewidth=0.6, alpha=0.3, marker=".", markersize=2.4, zorder=2)
        median = np.median(steps, axis=0)
        there = np.isfinite(median)
        ax.plot(x, np.where(there, median, np.nan), color=colour, linewidth=1.7, linestyle=(0, dash) if dash else "-",
                marker=MARKERS[position], markersize=5.6, markeredgecolor=PAPER, zorder=4, gid="median")  # fmt: skip
        above = top * (_ROOM**0.33 if position else _ROOM**0.8)
        ax.plot(x[~there], np.full(int((~there).sum()), above), color=colour, linestyle="none",
                marker=MARKERS[position], markersize=4.4, markerfacecolor=PAPER, markeredgewidth=1.0, zorder=4,
                gid="not-reached")  # fmt: skip
    bare_axes(ax, grid="y")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    effect = verdict_effect(panel.verdict)
    outcome = tr(LOOKS[ruling_of(panel.verdict)][0]) + (f"{tr(': ')}{effect}" if effect else "")
    outcome += tr(", over {cells} cells", cells=panel.cells) if panel.cells > 1 else ""
    ax.annotate(outcome, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=8.6,
                color=INK, fontweight="bold")  # fmt: skip
    ax.annotate(panel.title, (0, 1), (0, 18), xycoords="axes fraction", textcoords="offset points", fontsize=9.5,
                color=INK)  # fmt: skip


def _shares(ax: Axes, panel: _Panel) -> None:
    """Draw in how many seeds each level is good: what the width sums, level by level."""
    edges = 10.0 ** level_edges(panel.levels)
    for position, side in enumerate(panel.sides):
        for i, share in enumerate(side.good[:, 0].mean(axis=0)):
            ax.add_patch(Rectangle((edges[i], position), edges[i + 1] - edges[i], 0.86 * share, alpha=0.75,
                                   facecolor=HUES[position], linewidth=0, zorder=2, gid="share"))  # fmt: skip
        ax.hlines(position, edges[0], edges[-1], color=SOFT, linewidth=0.7, zorder=3)
        least = "≥ " if _cut_off(side) else ""
        ax.annotate(f"{least}{float(side.width.mean()):.2f}", (1, position + 0.43), (3, 0), annotation_clip=False,
                    xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=8.6, color=HUES[position],
                    fontweight="bold", va="center")  # fmt: skip
    ax.annotate(tr("decades"), (1, 2.0), (3, 4), xycoords=("axes fraction", "data"), textcoords="offset points",
                fontsize=7.8, color=SOFT, va="bottom", annotation_clip=False)  # fmt: skip
    ax.set_ylim(-0.04, 2.0)
    ax.set_yticks([])
    bare_axes(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(tr("{factor} (log scale)", factor=panel.claim.over))
    ax.set_ylabel(tr("seeds in\nwhich good"), fontsize=8.2)


def _cut_off(side: SideBasin) -> bool:
    """Tell whether the levels run end a basin in any seed, where it may go on."""
    return bool(side.good[..., [0, -1]].any())


def _caption(panels: Sequence[_Panel]) -> str:
    first = panels[0]
    text = tr(
        "Marks: median over seeds of the steps to the target at each level; thin lines: seeds; hollow, above the "
        "line of the whole budget: half of the seeds or more did not reach it. Dotted: {within:g} times the "
        "side's own fewest steps (median over seeds); shaded: levels within it in at least half of the seeds, "
        "each compared with its own best. Below: the share of seeds in which each level is good; the area is the "
        "mean width in decades.",
        within=first.claim.within,
    )
    if any(_cut_off(side) for panel in panels for side in panel.sides):
        text += tr(" ≥: still good at the smallest or the largest level in some seeds, so the basin may go on beyond.")
    if len(panels) > MOST_PANELS:
        text += tr(" {n} panels are not drawn.", n=len(panels) - MOST_PANELS)
    return text


def _alt(panels: Sequence[_Panel]) -> str:
    words = []
    for panel in panels:
        where = shortened(panel.title) if panel.title else ""
        for side, name in zip(
            panel.sides, (short_lists(panel.verdict.against_text), short_lists(panel.verdict.arm_text)), strict=True
        ):
            good = panel.levels[side.good[:, 0].mean(axis=0) >= 0.5]
            told = {"side": name, "n": good.size, "of": panel.levels.size, "decades": float(side.width.mean())}
            words.append(
                (f"{where}{tr(': ')}" if where else "")
                + (
                    tr("{side} is good at {n} of {of} levels, from {low:.3g} to {high:.3g}, {decades:.2f} decades wide",
                       low=good[0], high=good[-1], **told)
                    if good.size
                    else tr("{side} is good at no level in half of the seeds, {decades:.2f} decades wide", **told)
                )
            )  # fmt: skip
    return tr("; ").join(words) + tr(".")
