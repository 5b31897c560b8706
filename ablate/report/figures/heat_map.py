"""Figure: two factors as a map, one square per arm; hatched where runs diverged, dotted where they stalled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from ablate.errors import unknown
from ablate.judge.summary import ENDS, ledger, summary
from ablate.lang import counted, msg, tr
from ablate.registry import register
from ablate.report.arms import arm_levels, factor_levels, varying
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.jointly import means_together
from ablate.report.figures.style import INK, SOFT, Drawn, drawing
from ablate.report.figures.ticks import apart
from ablate.report.figures.titles import title as set_title
from ablate.report.level_texts import level_titles, short_levels
from ablate.report.metric_names import metric_heading, metric_title
from ablate.report.vouched import vouched
from ablate.report.wording import NONE, capitalised, plain_number, unit_of, with_unit
from ablate.sweep.figures import HeatMap
from ablate.track.record import Level, StudyTables
from ablate.train.outcome import FAILED
from ablate.train.vouched import Fact

MOST_PANELS = 9
_LETTER = 0.075  # inches a letter of a tick's label takes
# Ink on a square must not follow the page's dark mode, as the square does not: near-black, near-white.
_Scale = tuple[Normalize, Colormap]
_DARK, _LIGHT = "#101214", "#fcfcfc"


_STALLED = msg(
    "Each square is one arm: {what}, mean over the seeds that were run. Hatched: at least one run "
    "failed (heavier: at least half); dots: at least half of the runs stalled at the "
    "majority rate.{more}"
)
_FAILED = msg(
    "Each square is one arm: {what}, mean over the seeds that were run. Hatched: at least one run failed "
    "(heavier: at least half); dots: at least half of the runs stalled.{more}"
)


@dataclass(frozen=True)
class _Square:
    value: float
    text: str
    diverged: float  # share of the runs
    stalled: float


@register("figure", "heat_map")
@dataclass(frozen=True)
class HeatMaps(Kind):
    """Two factors as a map, as a study asks for it."""

    place, order, unasked = "own", 20, False
    wanted: HeatMap | None = None

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return None if self.wanted is None else heat_map(material.tables, self.wanted, name=name)


@register("figure", "heat_map_success")
@dataclass(frozen=True)
class SuccessMap(Kind):
    """Where runs reach the target, over the first two numeric factors; not beside a map that a study asks for."""

    place, order, unasked = "evidence", 70, True

    def applies(self, material: Material) -> bool:
        """Tell whether the study asks for no map."""
        return not any(isinstance(wanted, HeatMap) for wanted in material.study.figures)

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        metrics = default_maps(material.tables)
        return heat_map(material.tables, metrics[0], name=name) if metrics else None


def default_maps(tables: StudyTables) -> list[HeatMap]:
    """Return a map of success over the first two numeric factors of three levels or more; none without two."""
    levels = factor_levels(tables)
    numeric = [
        f
        for f in varying(tables)
        if len(levels[f]) > 2 and all(isinstance(x, int | float) and not isinstance(x, bool) for x in levels[f])
    ]
    return [HeatMap(x=numeric[1], y=numeric[0])] if len(numeric) > 1 else []


def heat_map(tables: StudyTables, wanted: HeatMap, *, name: str = "heat-map") -> Drawn | None:
    """Draw the map a study asks for; every combination of the other factors is a panel, six at most.

    None where no run of the study has ended, or none has a value of the metric.

    Raises
    ------
    UserError
        The study has no such factor or metric.
    """
    levels = factor_levels(tables)
    for factor in (wanted.x, wanted.y):
        if factor not in levels:
            raise unknown("factor of a heat map", factor, levels)
    squares = _squares(tables, wanted.metric)
    if not any(math.isfinite(one.value) for one in squares.values()):
        return None
    panels = _panels(tables, wanted)
    shown = dict(list(panels.items())[:MOST_PANELS])
    with drawing():
        figure = _draw(tables, wanted, shown, squares)
    what = tr("share of seeds that reached the target") if wanted.metric == "outcome" else metric_title(wanted.metric)
    more = tr(
        " {combinations} of other factors not drawn.", combinations=counted(len(panels) - len(shown), "combination")
    ) * (len(panels) > len(shown))
    more += means_together(tables, wanted.metric, [arm for cells in shown.values() for arm in cells.values()])
    caption = tr(_STALLED if vouched(tables, Fact.ENDINGS) else _FAILED, what=what, more=more)
    first = capitalised(what) if wanted.metric == "outcome" else metric_heading(wanted.metric)
    title = capitalised(wanted.title) or tr("{what} over {x} and {y}", what=first, x=wanted.x, y=wanted.y)
    alt = _alt(tables, wanted, shown, squares)
    return Drawn(name, title, figure, caption, alt, floor=520 if len(shown) == 1 else 680)


def _squares(tables: StudyTables, metric: str) -> dict[str, _Square]:
    ends = ledger(tables).set_index("arm_id")
    values: dict[str, tuple[float, str]] = {}
    if metric == "outcome":
        for arm, row in ends.iterrows():
            ran = int(row["planned"] - row["missing"])
            told = ran and not row["finished"] and not row["unknown"]  # else nobody knows what share reached a target
            values[str(arm)] = (row["reached"] / ran, f"{row['reached']}/{ran}") if told else (math.nan, NONE)
    else:
        shown = unit_of(tables, metric)
        for record in summary(tables, metric).to_dict("records"):
            values[str(record["arm_id"])] = (float(record["mean"]), plain_number(record["mean"], shown))
    squares = {}
    for arm, row in ends.iterrows():
        ran = max(1, int(sum(row[e] for e in ENDS if e != "missing")))
        failed = sum(row[e] for e in FAILED) / ran
        squares[str(arm)] = _Square(*values[str(arm)], float(failed), float(row["stalled"] / ran))
    return squares


def _panels(tables: StudyTables, wanted: HeatMap) -> dict[str, dict[tuple[Level, Level], str]]:
    others = [f for f in varying(tables) if f not in (wanted.x, wanted.y)]
    texts = {f: short_levels(levels) for f, levels in factor_levels(tables).items()}
    panels: dict[str, dict[tuple[Level, Level], str]] = {}
    for arm, at in arm_levels(tables).items():
        title = ", ".join(level_titles({f: texts[f][at[f]] for f in others}))
        panels.setdefault(title, {})[at[wanted.x], at[wanted.y]] = arm
    return panels


def _draw(
    tables: StudyTables, wanted: HeatMap, panels: dict[str, dict[tuple[Level, Level], str]], squares: dict[str, _Square]
) -> Figure:
    levels = factor_levels(tables)
    xs, ys = ascending(levels[wanted.x]), ascending(levels[wanted.y])
    columns = min(len(panels), 1 if len(xs) > 10 else 2 if len(xs) > 5 else 3)
    rows = math.ceil(len(panels) / columns)
    names = list(short_levels(xs).values())
    longest = max(map(len, names)) * _LETTER
    side = max(1.9, 0.9 + _LETTER * max(len(text) for text in short_levels(ys).values()))  # names at the left, the bar
    columns_wide = min(10.6 - side, columns * max(1.6, min(0.9, max(0.62, longest)) * len(xs)))
    width = side + columns_wide
    figure = Figure(figsize=(width, rows * (0.75 + 0.42 * len(ys)) + 1.0), layout="constrained")
    axes: list[Axes] = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat)
    norm, colours = _scale(wanted.metric, [squares[arm].value for cells in panels.values() for arm in cells.values()])
    for ax, (title, cells) in zip(axes, panels.items(), strict=False):
        for i, x in enumerate(xs):
            for j, y in enumerate(ys):
                _square(ax, (i, j), squares.get(cells.get((x, y), "")), (norm, colours))
        ax.set_xlim(-0.5, len(xs) - 0.5)
        ax.set_ylim(-0.5, len(ys) - 0.5)
        set_title(ax, title, inches=columns_wide / columns - 0.1)
        ax.set_xticks(range(len(xs)), names)
        ax.set_yticks(range(len(ys)), list(short_levels(ys).values()))
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    for position, ax in enumerate(axes):  # the last panel of a column is not always in the last row
        ax.set_visible(position < len(panels))
        if position + columns >= len(panels):
            ax.tick_params(labelbottom=True)
    figure.supxlabel(wanted.x, fontsize=9.5, color=INK)
    figure.supylabel(wanted.y, fontsize=9.5, color=INK)
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes[: len(panels)], fraction=0.03, pad=0.02, aspect=25)
    bar.outline.set_visible(False)
    of = 100.0 if wanted.metric == "outcome" else unit_of(tables, wanted.metric).scale
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * of:.4g}"))
    bar.set_label(_bar_label(tables, wanted.metric), fontsize=8.6, color=INK)
    every = [squares[arm] for cells in panels.values() for arm in cells.values()]
    keys = []
    if any(one.diverged for one in every):
        keys.append(Patch(facecolor="none", edgecolor=SOFT, hatch="////", label=tr("runs failed")))
    if any(one.stalled >= 0.5 for one in every):
        keys.append(Patch(facecolor="none", edgecolor=SOFT, hatch="..", label=tr("at least half stalled")))
    if keys:
        figure.legend(handles=keys, loc="outside upper left", ncols=2, fontsize=8.6, handlelength=2.2)
    apart(figure, names=figure.axes)
    return figure


def _square(ax: Axes, at: tuple[int, int], one: _Square | None, scale: _Scale) -> None:
    if one is None:
        return  # not an arm of the design: left empty
    (i, j), (norm, colours) = at, scale
    finite = math.isfinite(one.value)
    face: Any = colours(norm(one.value)) if finite else "none"
    ink = ink_on(face) if finite else INK
    hatch = ("/////" if one.diverged >= 0.5 else "//") if one.diverged else ".." if one.stalled >= 0.5 else None
    ax.add_patch(Rectangle((i - 0.48, j - 0.46), 0.96, 0.92, facecolor=face, edgecolor="none" if finite else SOFT,
                           linewidth=0.6))  # fmt: skip
    if hatch:
        tint = (*(int(ink[k : k + 2], 16) / 255 for k in (1, 3, 5)), 0.38)
        ax.add_patch(Rectangle((i - 0.48, j - 0.46), 0.96, 0.92, fill=False, hatch=hatch, edgecolor=tint, linewidth=0,
                               gid="failure" if one.diverged else "stalled"))  # fmt: skip
    ax.text(i, j, one.text, ha="center", va="center", fontsize=7.6, color=ink, fontweight="bold",
            bbox={"boxstyle": "round,pad=0.12", "facecolor": face, "edgecolor": "none"} if hatch else None)  # fmt: skip


def ink_on(face: Any) -> str:
    """Return near-black or near-white, whichever reads better on a colour; neither follows the page's dark mode."""
    return _DARK if float(np.dot((0.299, 0.587, 0.114), to_rgb(face))) > 0.5 else _LIGHT


def _scale(metric: str, values: list[float]) -> _Scale:
    # Without its black end, which is not a square on the dark page.
    colours = LinearSegmentedColormap.from_list("squares", sns.color_palette("mako", 12)[2:])
    if metric == "outcome":
        return Normalize(0.0, 1.0), colours
    finite = np.array([x for x in values if math.isfinite(x)])
    low, high = float(finite.min()), float(finite.max())
    return Normalize(low, high if high > low else low + 1.0), colours


def _bar_label(tables: StudyTables, metric: str) -> str:
    if metric == "outcome":
        return tr("reached the target (%)")
    shown = unit_of(tables, metric)
    return with_unit(metric_title(metric), shown.value)


def ascending(levels: list[Level]) -> list[Level]:
    """Return numeric levels in order, others as they come."""
    if all(isinstance(level, int | float) for level in levels):
        return sorted(levels, key=lambda level: float(level or 0))
    return levels


def _alt(
    tables: StudyTables, wanted: HeatMap, panels: dict[str, dict[tuple[Level, Level], str]], squares: dict[str, _Square]
) -> str:
    texts = {f: short_levels(levels) for f, levels in factor_levels(tables).items()}
    words = []
    for title, cells in panels.items():
        each = [
            tr(
                "{x} {x_level} and {y} {y_level}: {text}",
                x=wanted.x,
                x_level=texts[wanted.x][x],
                y=wanted.y,
                y_level=texts[wanted.y][y],
                text=squares[arm].text,
            )
            + (tr(" ({rate} % failed)", rate=round(100 * squares[arm].diverged)) if squares[arm].diverged else "")
            for (x, y), arm in cells.items()
        ]
        words.append((f"{title}: " if title else "") + tr("; ").join(each))
    return tr("Map. ") + tr(". ").join(words) + tr(".")
