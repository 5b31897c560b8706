"""Figure: paths of optimizers on a surface of two variables, over its contours (the book's figures 6-3 to 6-8)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ablate.errors import unknown
from ablate.lang import counted, tr
from ablate.registry import register
from ablate.report.arms import arm_levels, arm_titles, factor_levels
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.style import HUES, INK, PAPER, RULE, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.titles import title as set_title
from ablate.report.level_texts import level_titles, short_levels
from ablate.sweep.figures import Paths
from ablate.track.record import StudyTables

MOST_PANELS = 8
_REACH = 1.5  # times the largest coordinate of a start: a path that diverges must not shrink the others to a dot
LEVELS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 7.0, 11.0, 16.0)

Path = NDArray[np.float64]  # (steps + 1, 2), NaN from where the run diverged


@register("figure", "paths")
@dataclass(frozen=True)
class SurfacePaths(Kind):
    """Paths over the contours of a surface, as a study asks for them."""

    place, order, unasked = "own", 30, False
    recorded = True
    wanted: Paths | None = None

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return None if self.wanted is None else paths(material.tables, self.wanted, name=name)


def paths(tables: StudyTables, wanted: Paths, *, name: str = "paths") -> Drawn | None:
    """Draw one panel of contours for each arm, with the path of every seed; None where no run logged one.

    Raises
    ------
    UserError
        The study has no such factor.
    """
    levels = factor_levels(tables)
    if wanted.hue not in levels:
        raise unknown("factor of the paths", wanted.hue, levels)
    every = {arm: arm_paths for arm in tables.planned["arm_id"].astype(str) if (arm_paths := _paths(tables, arm))}
    if not every:
        return None
    shown = dict(list(every.items())[:MOST_PANELS])
    texts = short_levels(levels[wanted.hue])
    first = min(min(arm_paths) for arm_paths in shown.values())
    at = arm_levels(tables)
    with drawing():
        columns = min(2, len(shown))
        rows = math.ceil(len(shown) / columns)
        figure = Figure(figsize=(4.6 * columns, 2.9 * rows + 0.5), layout="constrained")
        axes: list[Axes] = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
        low, high = _limits(list(shown.values()))
        for ax, (arm, arm_paths) in zip(axes, shown.items(), strict=False):
            colour = HUES[list(texts.values()).index(texts[at[arm][wanted.hue]]) % len(HUES)]
            _panel(ax, arm_paths, colour, wanted.coefficients, (low, high))
            others = level_titles(
                {f: short_levels([v])[v] for f, v in at[arm].items() if f != wanted.hue and len(levels[f]) > 1}
            )
            set_title(ax, ", ".join([texts[at[arm][wanted.hue]], *others]), inches=4.2, size=9.2)
        for position, ax in enumerate(axes):  # the last panel of a column is not always in the last row
            ax.set_visible(position < len(shown))
            if position + columns >= len(shown):
                ax.tick_params(labelbottom=True)
        figure.supxlabel("x", fontsize=9.5, color=INK)
        figure.supylabel("y", fontsize=9.5, color=INK)
        handles = [
            Line2D([], [], color=INK, marker="o", markersize=3.4, linewidth=1.3, label=tr("seed {n}", n=first)),
            Line2D([], [], color=SOFT, linewidth=0.6, alpha=0.7, label=tr("other seeds")),
            Line2D([], [], color=INK, marker="+", linestyle="none", markersize=9, label=tr("minimum")),
        ]  # fmt: skip
        figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize=8.6)
    a, b = wanted.coefficients
    outside = sum(_leaves(path, low, high) for arm_paths in shown.values() for path in arm_paths.values())
    caption = (
        tr(
            "Contours of f(x, y) = {a:g} x² + {b:g} y², at f = {heights}. Heavy line: seed {first}, a mark "
            "after every step; thin lines: the other seeds.",
            a=a,
            b=b,
            heights=", ".join(f"{level:g}" for level in LEVELS),
            first=first,
        )
        + (tr(" Paths that leave the axes: {n}.", n=outside) if outside else "")
        + (tr(" {n} more arms are not drawn.", n=len(every) - len(shown)) if len(every) > len(shown) else "")
    )
    return Drawn(
        name, wanted.title or tr("Paths on the surface"), figure, caption, _alt(tables, shown, wanted), floor=600
    )


def _paths(tables: StudyTables, arm: str) -> dict[int, Path]:
    """Return seed -> path of one arm, from the curves `path/x` and `path/y`."""
    rows = tables.curves[(tables.curves["arm_id"] == arm) & tables.curves["metric"].isin(["path/x", "path/y"])]
    by_seed = {}
    for seed, seed_rows in rows.groupby("seed"):
        wide = seed_rows.pivot_table(index="step", columns="metric", values="value")
        if {"path/x", "path/y"} <= set(wide.columns):
            by_seed[int(str(seed))] = wide[["path/x", "path/y"]].to_numpy(np.float64)
    return by_seed


def _limits(arms: list[dict[int, Path]]) -> tuple[Path, Path]:
    """Return the corners of the axes: they hold all paths, but no more than 1.5 times the starts."""
    points = np.concatenate([path for arm_paths in arms for path in arm_paths.values()])
    starts = np.stack([path[0] for arm_paths in arms for path in arm_paths.values()])
    reach = _REACH * np.abs(starts).max(axis=0)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    low, high = np.maximum(np.minimum(low, 0.0), -reach), np.minimum(np.maximum(high, 0.0), reach)
    pad = 0.05 * np.maximum(high - low, 1e-9)
    return low - pad, high + pad


def _leaves(path: Path, low: Path, high: Path) -> bool:
    finite = path[np.isfinite(path).all(axis=1)]
    return bool((finite < low).any() or (finite > high).any() or len(finite) < len(path))


def _panel(
    ax: Axes, arm_paths: dict[int, Path], colour: str, coefficients: tuple[float, float], corners: tuple[Path, Path]
) -> None:
    low, high = corners
    bare_axes(ax)
    ax.grid(visible=False)
    x, y = np.meshgrid(np.linspace(low[0], high[0], 160), np.linspace(low[1], high[1], 160))
    ax.contour(x, y, coefficients[0] * x**2 + coefficients[1] * y**2, levels=LEVELS, colors=RULE, linewidths=0.8)
    heavy = min(arm_paths)
    for seed, path in arm_paths.items():
        if seed != heavy:
            ax.plot(path[:, 0], path[:, 1], color=colour, linewidth=0.5, alpha=0.35, zorder=2)
    ax.plot(arm_paths[heavy][:, 0], arm_paths[heavy][:, 1], color=colour, linewidth=1.4, marker="o", markersize=3.6,
            markeredgecolor=PAPER, markeredgewidth=0.5, zorder=4)  # fmt: skip
    ax.plot([0.0], [0.0], color=INK, marker="+", markersize=9, zorder=5)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])


def _alt(tables: StudyTables, shown: dict[str, dict[int, Path]], wanted: Paths) -> str:
    names = arm_titles(tables)
    words = []
    for arm, arm_paths in shown.items():
        ends = pd.Series([float(np.hypot(*path[-1])) for path in arm_paths.values()])
        words.append(
            tr(
                "{arm} ends {distance:.2g} from the minimum on average over {seeds}",
                arm=names[arm],
                distance=ends.mean(),
                seeds=counted(len(ends), "seed"),
            )
        )
    return tr("Paths by {hue} over contours. ", hue=wanted.hue) + tr("; ").join(words) + tr(".")
