"""Small panels of learning curves: the drawing that the curve figures share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from ablate.lang import tr
from ablate.report.figures.margins import legend_columns
from ablate.report.figures.series import Series
from ablate.report.figures.sheets import row_height
from ablate.report.figures.style import DASHES, HUES, INK, MARKERS, PAPER, SOFT, bare_axes
from ablate.report.figures.titles import head, side_title
from ablate.report.metric_names import metric_title
from ablate.report.wording import with_unit
from ablate.train.metric import Metric

# Beyond this many points the thin lines go into the SVG as a picture: 2 MB of path data would help nobody.
_VECTOR_POINTS = 40_000


@dataclass(frozen=True)
class Panel:
    """One axes: a title and the arms in it, each with the position of its hue."""

    title: str
    arms: tuple[tuple[int, Series], ...]


def draw_panels(
    panels: Sequence[Panel],
    hues: Sequence[str],
    metric: Metric,
    *,
    steps: str,
    hue_title: str = "",
    every: Sequence[Series] | None = None,
) -> Figure:
    """Draw panels that share both axes.

    Parameters
    ----------
    panels
        At least one.
    hues
        Names of the hues, in palette order; position says colour, marker and dash together.
    metric
        Curve metric; where lower is better, nothing is below 0 and it has no greatest value (a loss), the axis is
        logarithmic.
    steps
        What the horizontal axis counts.
    every
        The arms that the axes are for, where they are more than those in the panels.
    """
    columns = columns_for(len(panels))
    rows = math.ceil(len(panels) / columns)
    width = 7.6 if columns == 1 else min(10.6, 1.2 + 2.5 * columns if columns > 2 else 9.0)
    height = row_height(4.1 if columns == 1 else 2.05 if columns > 2 else 2.9, rows, around=1.05) * rows + 1.05
    spacing = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.02, hspace=0.03)
    figure = Figure(figsize=(width, height), layout=spacing)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    axes: list[Axes] = list(grid.flat)
    points = sum(one.runs.size for panel in panels for _, one in panel.arms)
    every = [one for panel in panels for _, one in panel.arms] if every is None else every
    scale = _Scale.of(metric, every)
    _limits(axes, scale, max((float(one.steps[-1]) for one in every if one.steps.size), default=1.0))
    for ax, panel in zip(axes, panels, strict=False):
        _panel(
            ax, panel, hues, scale, raster=points > _VECTOR_POINTS, room=room_for(width, columns),
        )  # fmt: skip
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    for position in range(len(panels)):  # the last panel of a column is not always in the last row
        if position + columns >= len(panels):
            axes[position].tick_params(labelbottom=True)
    figure.supxlabel(steps, fontsize=9.5, color=INK)
    side_title(figure, scale.label)
    shown = sorted({position for panel in panels for position, _ in panel.arms})
    legend(figure, [(i, hues[i]) for i in shown], hue_title, any(one.failures for p in panels for _, one in p.arms))
    return figure


def limits_note(panels: Sequence[Panel], metric: Metric, every: Sequence[Series] | None = None) -> str:
    """Return a sentence on what lies outside the axes, empty where nothing does: no axis is cut in silence.

    `every`: see `draw_panels`.
    """
    drawn = [one for panel in panels for _, one in panel.arms]
    scale = _Scale.of(metric, drawn if every is None else every)
    outside = sum(int(np.nanmax(v, initial=-np.inf) > scale.high) for one in drawn for v in one.runs)
    notes = []
    if outside == 1:
        notes.append(tr("The axis ends at {end:.3g}; 1 run goes above it.", end=scale.high))
    elif outside:
        notes.append(tr("The axis ends at {end:.3g}; {n} runs go above it.", end=scale.high, n=outside))
    if scale.zeros:
        notes.append(tr("A value of 0 has no place on a logarithmic axis; it is drawn at its lower end."))
    return " ".join(notes)


@dataclass(frozen=True)
class _Scale:
    label: str
    low: float
    high: float
    log: bool
    zeros: bool = False  # some values are 0, which a logarithmic axis has no place for
    factor: float = 1.0
    top: float = 0.0  # of a share: the largest value that it can have
    whole: float = 0.0  # of a share: what stands for 100 %

    @property
    def floor(self) -> float:
        """Where a curve that goes below the axis is drawn; −∞ where it may be cut."""
        return self.low if self.log else -math.inf

    @classmethod
    def of(cls, metric: Metric, every: Sequence[Series]) -> _Scale:
        parts = [one.runs[np.isfinite(one.runs)] for one in every]
        values = np.concatenate(parts) if parts else np.empty(0)
        title, least, most = metric_title(metric.name), *metric.limits
        if metric.is_share and least == 0.0:
            top = most if math.isfinite(most) else metric.whole
            return cls(with_unit(title, "%"), -0.02 * top, 1.03 * top, log=False, top=top, whole=metric.whole)
        if not values.size:
            return cls(title, 0.0, 1.0, log=False)
        if metric.better == "lower" and math.isinf(most) and (values >= 0).all() and (values > 0).any():
            positive = values[values > 0]
            starts = np.concatenate([one.runs[:, :1].ravel() for one in every if one.runs.size])
            starts = starts[np.isfinite(starts)]
            # A diverging run reaches 1e30; ten times the usual start keeps the others readable (and is noted).
            usual = 10.0 * float(np.median(starts)) if starts.size else float(positive.max())
            high = min(float(positive.max()), max(usual, float(np.quantile(positive, 0.9)))) * 1.3
            zeros = bool((values == 0).any())  # these lie at the lower end of the axis, apart from what is above 0
            low = float(positive.min()) / (3.0 if zeros else 1.3)
            return cls(tr("{title} (log scale)", title=title), low, high, log=True, zeros=zeros)
        spread = float(np.ptp(values)) or 1.0
        return cls(title, float(values.min()) - 0.05 * spread, float(values.max()) + 0.05 * spread, log=False)


def _limits(axes: Sequence[Axes], scale: _Scale, end: float) -> None:
    """Set limits and ticks of shared axes, once: each of the panels hands on to all others what is set on it."""
    ax = axes[0]
    if scale.log:
        ax.set_yscale("log")
    ax.set_ylim(scale.low, scale.high)
    end = end or 1.0  # curves of one point, at step 0
    ax.set_xlim(-0.02 * end, 1.03 * end)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    if scale.log:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    elif scale.whole:
        ax.set_yticks(np.linspace(0, scale.top, 5))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value / scale.whole:.3g}"))


def _panel(ax: Axes, panel: Panel, hues: Sequence[str], scale: _Scale, *, raster: bool, room: float) -> None:
    bare_axes(ax)
    # Each of the data in a panel has its own rate: a mean over data sets would be that of none.
    for chance in sorted({one.chance for _, one in panel.arms if math.isfinite(one.chance)}):
        ax.axhline(chance, color=SOFT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.5)
    for position, one in panel.arms:
        colour = HUES[position % len(HUES)]
        lines = [np.column_stack([one.steps, np.clip(v, scale.floor, scale.high * 2)]) for v in one.runs]
        thin = LineCollection(lines, colors=colour, linewidths=0.55, alpha=0.28, zorder=2, rasterized=raster)
        ax.add_collection(thin, autolim=False)
        if np.isfinite(one.low).any():
            low, high = (np.maximum(end, scale.low) for end in (one.low, one.high))
            ax.fill_between(one.steps, low, high, color=colour, alpha=0.2, linewidth=0, zorder=2.5)
    _means(ax, panel, hues, scale)
    for position, one in panel.arms:
        _failures(ax, one, HUES[position % len(HUES)], scale)
    _counts(ax, panel, room)


def _means(ax: Axes, panel: Panel, hues: Sequence[str], scale: _Scale) -> None:
    parts = []
    for position, one in panel.arms:
        finite = np.isfinite(one.mean)
        parts.append(
            pd.DataFrame(
                {"step": one.steps[finite], "mean": np.maximum(one.mean[finite], scale.floor), "hue": str(position)}
            )
        )
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        return
    names = [str(i) for i in range(len(hues))]
    shown = [name for name in names if (table["hue"] == name).any()]
    # `hue` and `style` carry the same variable: an arm is told by colour and by dash. errorbar=None because
    # seaborn would bootstrap rows; the band above is the engine's own t interval.
    sns.lineplot(
        table, x="step", y="mean", hue="hue", style="hue", hue_order=shown, style_order=shown, ax=ax,
        palette={n: HUES[int(n) % len(HUES)] for n in shown}, dashes={n: _dash(int(n)) or "" for n in shown},
        errorbar=None, estimator=None, sort=False, linewidth=1.7, legend=False, zorder=4,
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    for position, one in panel.arms:
        at = _marked(one.mean, position, len(panel.arms))
        ax.plot(
            one.steps[at], np.maximum(one.mean[at], scale.floor), linestyle="none",
            marker=MARKERS[position % len(MARKERS)], markersize=4.2,
            color=HUES[position % len(HUES)], markeredgecolor=PAPER, markeredgewidth=0.5, zorder=5,
        )  # fmt: skip


def _marked(mean: NDArray[np.float64], position: int, of: int) -> NDArray[np.intp]:
    """Choose about four evaluations to mark, shifted by arm so that markers of equal curves do not hide each other."""
    finite_at = np.flatnonzero(np.isfinite(mean))
    if finite_at.size <= 4:
        return finite_at
    shift = (position + 1) / (of + 1)
    return np.unique(
        finite_at[np.clip(((np.arange(4) + shift) / 4 * finite_at.size).astype(int), 0, finite_at.size - 1)]
    )


def _failures(ax: Axes, one: Series, colour: str, scale: _Scale) -> None:
    if not one.failures:
        return
    x = np.array([end[0] for end in one.failures])
    y = np.array([end[1] for end in one.failures])
    unknown = one.chance if math.isfinite(one.chance) else scale.high
    y = np.clip(np.where(np.isfinite(y), y, unknown), scale.low, scale.high)
    x = np.clip(x, *ax.get_xlim())
    ax.plot(x, y, linestyle="none", marker="x", markersize=6, markeredgewidth=2.6, color=PAPER, zorder=6, clip_on=False)
    ax.plot(
        x, y, linestyle="none", marker="x", markersize=5.4, markeredgewidth=1.4, color=colour, zorder=6.1,
        clip_on=False, gid="failure",
    )  # fmt: skip


def _counts(ax: Axes, panel: Panel, room: float) -> None:
    texts = []
    for position, one in panel.arms:
        text = f"{one.well}/{one.planned}"
        text += f" ×{one.failed}" if one.failed else ""
        missing = one.outcomes.get("missing", 0)
        texts.append((position, text + (f" ∅{missing}" if missing else "")))
    head(ax, panel.title, texts, inches=room)


def legend(
    figure: Figure, hues: Sequence[tuple[int, str]], title: str, failures: bool, more: Sequence[Line2D | Patch] = ()
) -> None:
    """Name the hues above a figure, by line, dash and marker; `failures` adds the ×, `more` stands behind."""
    handles: list[Line2D | Patch] = [
        Line2D(
            [], [], color=HUES[i % len(HUES)], linestyle=(0, _dash(i)) if _dash(i) else "-", linewidth=1.8, label=name,
            marker=MARKERS[i % len(MARKERS)], markersize=5, markeredgecolor=PAPER, markeredgewidth=0.5,
        )
        for i, name in hues
    ]  # fmt: skip
    if failures:
        handles.append(
            Line2D(
                [], [], linestyle="none", marker="x", color=INK, markersize=5.4, markeredgewidth=1.4, label=tr("failed")
            )
        )
    handles += more
    names = [str(handle.get_label()) for handle in handles]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=legend_columns(names, figure), title=title or None, fontsize=9,
        title_fontsize=9, alignment="left", handlelength=3.2, columnspacing=1.8, borderaxespad=0.2,
    )  # fmt: skip


def columns_for(panels: int) -> int:
    """Return how many panels stand side by side."""
    if panels <= 2:
        return panels
    return 3 if panels in {3, 5, 6, 9} else 2 if panels == 4 else 4


def room_for(width: float, columns: int) -> float:
    """Return the inches a panel's title may take: its share of the figure's width, less the labels at the left."""
    return (width - 0.7) / columns - 0.12


def _dash(position: int) -> tuple[float, ...]:
    return DASHES[position % len(DASHES)]
