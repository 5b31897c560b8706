"""Figure: the size of the gradient in each layer over training, a panel per arm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ablate.lang import tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.observed import middle, not_drawn, observed_titles, over_seeds
from ablate.report.figures.panels import columns_for, legend, room_for
from ablate.report.figures.style import DASHES, HUES, INK, MARKERS, PAPER, Drawn, bare_axes, drawing
from ablate.report.figures.titles import side_title
from ablate.report.figures.titles import title as set_title
from ablate.sweep.figures import GradientNorms
from ablate.track.record import StudyTables

MOST_PANELS = 12
MOST_LAYERS = len(HUES)

_Arm = tuple[str, NDArray[np.int64], NDArray[np.float64]]  # title, looks, norms (seeds, looks, layers)


@register("figure", "gradient_norms")
@dataclass(frozen=True)
class LayerGradients(Kind):
    """The size of the gradient by layer, where runs observed it."""

    place, order, unasked = "own", 70, True
    recorded = True
    wanted: GradientNorms | None = None

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return gradient_norms(material.tables, self.wanted or GradientNorms(), name=name)


def gradient_norms(tables: StudyTables, wanted: GradientNorms, *, name: str = "gradient-norms") -> Drawn | None:
    """Draw the norms; None where no run stored a gradient that is not 0."""
    looks, norms = over_seeds(tables, "gradients/look"), over_seeds(tables, "gradients/norm")
    if not any((one > 0.0).any() for one in norms.values()):
        return None
    titles = observed_titles(tables)
    arms: list[_Arm] = [(titles[arm], looks[arm][0], norms[arm]) for arm in list(norms)[:MOST_PANELS]]
    layers = max((names[0].tolist() for names in over_seeds(tables, "gradients/layer").values()), key=len)
    picked = _picked(len(layers))
    with drawing():
        figure = _draw(arms, layers, picked)
    some = tr(" Only some of the layers are drawn, evenly chosen.") if len(picked) < len(layers) else ""
    caption = tr(
        "Euclidean norm of the loss's gradient in each layer's weights, root mean square over fixed "
        "training minibatches, without the L2 term and unclipped. Lines: median over seeds; bands: from "
        "the lowest seed to the highest. A gradient of exactly 0, or one that is not finite, has no "
        "place on this axis and is not drawn.{some}{not_drawn}",
        some=some,
        not_drawn=not_drawn(len(norms), len(arms)),
    )
    title = wanted.title or tr("Gradient norms by layer")
    return Drawn(name, title, figure, caption, _alt(arms, layers), floor=560 if len(arms) <= 2 else 680)


def _picked(layers: int) -> list[int]:
    if layers <= MOST_LAYERS:
        return list(range(layers))
    return sorted({round(at) for at in np.linspace(0, layers - 1, MOST_LAYERS)})


def _draw(arms: list[_Arm], layers: list[str], picked: list[int]) -> Figure:
    columns = columns_for(len(arms))
    rows = math.ceil(len(arms) / columns)
    spacing = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.02, hspace=0.03)
    size = (7.6 if columns == 1 else min(10.6, 1.2 + 3.0 * columns), (3.6 if columns == 1 else 2.3) * rows + 1.0)
    figure = Figure(figsize=size, layout=spacing)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    axes: list[Axes] = list(grid.flat)
    for position, (ax, arm) in enumerate(zip(axes, arms, strict=False)):
        _panel(ax, arm, picked, room_for(size[0], columns))
        ax.tick_params(labelbottom=position + columns >= len(arms))
    for ax in axes[len(arms) :]:
        ax.set_visible(False)
    figure.supxlabel(tr("optimizer steps"), fontsize=9.5, color=INK)
    side_title(figure, tr("gradient norm (log scale)"))
    legend(figure, [(i, layers[layer]) for i, layer in enumerate(picked)], "", failures=False)
    return figure


def _panel(ax: Axes, arm: _Arm, picked: list[int], room: float) -> None:
    title, looks, norms = arm
    bare_axes(ax)
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    set_title(ax, title, inches=room)
    for position, layer in enumerate(picked):
        if layer >= norms.shape[2]:
            continue
        values = np.where(norms[:, :, layer] > 0.0, norms[:, :, layer], np.nan)
        center, low, high = middle(values)
        colour = HUES[position]
        ax.fill_between(looks, low, high, color=colour, alpha=0.12, linewidth=0, zorder=2)
        ax.plot(looks, center, color=colour, linewidth=1.6, dashes=DASHES[position] or (None, None), zorder=4)
        finite = np.flatnonzero(np.isfinite(center))
        at = finite[[0, finite.size // 2, -1]] if finite.size else finite
        ax.plot(
            looks[at], center[at], linestyle="none", marker=MARKERS[position], markersize=4, color=colour,
            markeredgecolor=PAPER, markeredgewidth=0.5, zorder=5,
        )  # fmt: skip


def _alt(arms: list[_Arm], layers: list[str]) -> str:
    words = []
    for title, _, norms in arms:
        first, last = (middle(norms[:, :, layer])[0] for layer in (0, norms.shape[2] - 1))
        ends = [
            tr("{start:.2g} before training, {end:.2g} at the end", start=one[0], end=one[-1]) for one in (first, last)
        ]
        words.append(tr("{arm}: first layer {first}; last layer {last}", arm=title, first=ends[0], last=ends[1]))
    return tr("Gradient norms of {n} layers, median over seeds. ", n=len(layers)) + tr(". ").join(words) + tr(".")
