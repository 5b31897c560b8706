"""Figure: effective step sizes over log t with AdaGrad's guide line, and the share of weights left unchanged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from ablate.lang import counted, tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.layout import PanelArms, layout
from ablate.report.figures.observed import middle, observed_titles, over_seeds
from ablate.report.figures.panels import legend, room_for
from ablate.report.figures.style import DASHES, HUES, INK, MARKERS, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import apart
from ablate.report.figures.titles import title
from ablate.report.wording import NONE, Unit, plain_number
from ablate.sweep.figures import StepSizes
from ablate.track.record import StudyTables

MOST_PANELS = 4

_Lines = dict[str, tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]  # steps, effective, unchanged


@register("figure", "step_sizes")
@dataclass(frozen=True)
class UpdateSizes(Kind):
    """What an update does, where runs observed it."""

    place, order, unasked = "own", 80, True
    recorded = True
    wanted: StepSizes | None = None

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        wanted = self.wanted or StepSizes()
        return step_sizes(material.tables, wanted, contrast=material.contrast, name=name)


def step_sizes(
    tables: StudyTables, wanted: StepSizes, *, contrast: str | None = None, name: str = "step-sizes"
) -> Drawn | None:
    """Draw what updates do at the steps of the log-spaced grid; None where no run stored it."""
    steps = over_seeds(tables, "steps/step")
    if not steps:
        return None
    effective, unchanged = over_seeds(tables, "steps/effective"), over_seeds(tables, "steps/unchanged")
    # The last column of layers is all of them together.
    lines: _Lines = {arm: (steps[arm][0], effective[arm][:, :, -1], unchanged[arm][:, :, -1]) for arm in steps}
    plan = layout(tables, contrast)
    panels = plan.panels[:MOST_PANELS]
    with drawing():
        figure = _draw(panels, list(plan.hues), plan.hue_title, lines)
    left = len(plan.panels) - len(panels)
    caption = tr(
        "Above: what the gradient is multiplied by (the learning rate with its schedule; η / (√h + ε) for "
        "AdaGrad and similar optimizers), median over the weights with a gradient that is not 0. Dotted: slope "
        "−½, which AdaGrad has while gradients keep their size. Below: share of those weights whose stored value "
        "the update left as it was, to the bit. Weights of inputs that are always 0 are left out. Lines: median "
        "over seeds; bands: from the lowest to the highest seed."
    ) + (tr(" {panels} not drawn.", panels=counted(left, "further panel")) if left else "")
    title = wanted.title or tr("Effective step sizes")
    return Drawn(name, title, figure, caption, _alt(tables, lines), floor=560 if len(panels) <= 2 else 680)


def _draw(panels: tuple[PanelArms, ...], hues: list[str], hue_title: str, lines: _Lines) -> Figure:
    columns = len(panels)
    spacing = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.02, hspace=0.03)
    figure = Figure(figsize=(7.6 if columns == 1 else min(10.6, 1.2 + 3.2 * columns), 5.6), layout=spacing)
    grid = figure.subplots(2, columns, sharex=True, sharey="row", squeeze=False, height_ratios=[1.7, 1])
    drawn: set[int] = set()
    shares = [share for _, _, unchanged in lines.values() for share in unchanged.ravel() if np.isfinite(share)]
    highest = max(0.02, *shares) if shares else 1.0
    for column, panel in enumerate(panels):
        top, bottom = grid[0, column], grid[1, column]
        for ax in (top, bottom):
            bare_axes(ax)
            ax.set_xscale("log")
        top.set_yscale("log")
        title(top, panel.title, inches=room_for(float(figure.get_figwidth()), columns))
        for position, arm in panel.arms:
            if arm in lines:
                steps, effective, unchanged = lines[arm]
                _line(top, steps, effective, position)
                _line(bottom, steps, unchanged, position)
                drawn.add(position)
        _guide(top, [lines[arm] for _, arm in panel.arms if arm in lines])
        bottom.set_ylim(-0.03 * highest, 1.05 * highest)
        bottom.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}"))
    grid[0, 0].set_ylabel(tr("effective step (log scale)"), color=INK)
    grid[1, 0].set_ylabel(tr("unchanged (%)"), color=INK)
    figure.supxlabel(tr("optimizer step t (log scale)"), fontsize=9.5, color=INK)
    legend(figure, [(i, hues[i]) for i in sorted(drawn)], hue_title, failures=False)
    apart(figure)
    return figure


def _line(ax: Axes, steps: NDArray[np.int64], values: NDArray[np.float64], position: int) -> None:
    center, low, high = middle(values)
    colour = HUES[position % len(HUES)]
    ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0, zorder=2)
    dashes = DASHES[position % len(DASHES)] or (None, None)
    ax.plot(steps, center, color=colour, linewidth=1.6, dashes=dashes, zorder=4)
    finite_at = np.flatnonzero(np.isfinite(center))
    at = finite_at[:: max(finite_at.size // 4, 1)]
    ax.plot(
        steps[at], center[at], linestyle="none", marker=MARKERS[position % len(MARKERS)], markersize=4, color=colour,
        markeredgecolor=PAPER, markeredgewidth=0.5, zorder=5,
    )  # fmt: skip


def _guide(ax: Axes, lines: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]) -> None:
    """Draw slope −½ above all lines, over the steps that `observe/step_slope` is fitted to."""
    end = max((int(steps[-1]) for steps, _, _ in lines), default=0)
    begin = min(10, end)
    above = [
        middle(effective)[2][steps >= begin] * np.sqrt(steps[steps >= begin] / begin) for steps, effective, _ in lines
    ]
    height = max((float(h) for values in above for h in values if np.isfinite(h)), default=0.0)
    if not height > 0.0:
        return
    at = np.geomspace(begin, end, 20)
    values = 1.3 * height * np.sqrt(begin / at)
    ax.plot(at, values, color=SOFT, linestyle=(0, (1, 2)), linewidth=1.1, zorder=3, gid="guide")
    ax.annotate(
        tr("slope −½"), (at[0], values[0]), (2, 3), textcoords="offset points", fontsize=7.8, color=SOFT, va="bottom",
    )  # fmt: skip


def _alt(tables: StudyTables, lines: _Lines) -> str:
    titles = observed_titles(tables)
    seeds = tables.seeds
    slopes = pd.to_numeric(seeds["observe/step_slope"]) if "observe/step_slope" in seeds else pd.Series(dtype=float)
    words = []
    for arm, (_, _, unchanged) in lines.items():
        slope = slopes[seeds["arm_id"].astype(str) == arm].mean() if len(slopes) else math.nan
        share = middle(unchanged)[0][-1]
        last = NONE if math.isnan(share) else f"{100 * share:.2g} %"
        words.append(
            tr(
                "{arm}: slope {slope}, {share} unchanged at the last step",
                arm=titles[arm],
                slope=plain_number(slope, Unit(decimals=2)),
                share=last,
            )
        )
    return tr("Effective step sizes over log t. ") + tr(". ").join(words) + tr(".")
