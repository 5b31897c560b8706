"""Figure: activations by layer, a row per arm (the book's figures 6-10 to 6-14)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from ablate.errors import UserError
from ablate.lang import counted, tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.observed import not_drawn, observed_titles, over_seeds
from ablate.report.figures.style import HUES, INK, SOFT, Drawn, drawing
from ablate.sweep.figures import ActivationHistograms
from ablate.track.record import StudyTables

MOST_ROWS, MOST_COLUMNS = 16, 10
CUT = 3


@dataclass(frozen=True)
class _Cell:
    """One layer of one arm: counts of all seeds together, and the means over seeds of what describes them."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    sd: float
    saturated: float

    @property
    def text(self) -> str:
        if not math.isfinite(self.sd):
            return tr("not finite")
        share = tr("  {saturated:.0f} % flat", saturated=100 * self.saturated) if math.isfinite(self.saturated) else ""
        return tr("sd {sd:.2g}{share}", sd=self.sd, share=share)


@register("figure", "activation_histograms")
@dataclass(frozen=True)
class Histograms(Kind):
    """Activations by layer, where runs observed them."""

    place, order, unasked = "own", 60, True
    recorded = True
    wanted: ActivationHistograms | None = None

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return activation_histograms(material.tables, self.wanted or ActivationHistograms(), name=name)


def activation_histograms(
    tables: StudyTables, wanted: ActivationHistograms, *, name: str = "activation-histograms"
) -> Drawn | None:
    """Draw the histograms at one look; None where no run stored any.

    Raises
    ------
    UserError
        No arm was looked at after that many steps.
    """
    looks = over_seeds(tables, "activations/look")
    if not looks:
        return None
    rows: dict[str, list[_Cell]] = {}
    layers: list[str] = []
    for arm, steps in looks.items():
        cells, names = _cells(tables, arm, _position(steps[0], wanted))
        rows[arm] = cells
        layers = names if len(names) > len(layers) else layers
    if not layers:
        return None
    shown = list(rows)[:MOST_ROWS]
    columns = min(len(layers), MOST_COLUMNS)
    titles = observed_titles(tables, separator="\n")
    with drawing():
        figure = _draw([(titles[arm], rows[arm]) for arm in shown], layers[:columns])
    when = {"start": tr("before training"), "end": tr("after the last step")}.get(
        str(wanted.at), tr("after {n} steps", n=wanted.at)
    )
    more = (
        tr(" {layers} not drawn.", layers=counted(len(layers) - columns, "further layer"))
        if len(layers) > columns
        else ""
    )
    caption = tr(
        "Outputs of each hidden layer {when}, for training examples passed as training passes them, all seeds "
        "together. Each histogram is scaled to its own highest bin; one that is more than three times as high as "
        "any other is cut there and its share written beside it. Outermost bins hold what lies beyond the axis. "
        "sd: standard deviation, mean over seeds. flat: share of the numbers where the activation's slope is "
        "below a twentieth of its steepest, so that almost no gradient passes.{not_drawn}{more}",
        when=when,
        not_drawn=not_drawn(len(rows), len(shown)),
        more=more,
    )
    title = wanted.title or tr("Activations by layer, {when}", when=when)
    words = ". ".join(
        f"{titles[arm].replace(chr(10), ', ')}: " + "; ".join(f"{c.text}" for c in rows[arm][:columns]) for arm in shown
    )
    return Drawn(name, title, figure, caption, tr("From the first layer to the last. {words}.", words=words), floor=680)


def _position(looks: NDArray[np.int64], wanted: ActivationHistograms) -> int:
    if wanted.at == "start":
        return 0
    if wanted.at == "end":
        return len(looks) - 1
    at = np.flatnonzero(looks == wanted.at)
    if not at.size:
        seen = ", ".join(map(str, looks.tolist()))
        raise UserError(f"activation_histograms: no look at step {wanted.at}; there is one at {seen}")
    return int(at[0])


def _cells(tables: StudyTables, arm: str, look: int) -> tuple[list[_Cell], list[str]]:
    stored = {key: over_seeds(tables, f"activations/{key}")[arm] for key in ("edges", "counts", "sd", "saturated")}
    names = [str(layer) for layer in over_seeds(tables, "activations/layer")[arm][0]]
    cells = [
        _Cell(
            stored["edges"][0, layer],
            stored["counts"][:, look, layer].sum(axis=0),
            _mean(stored["sd"][:, look, layer]),
            _mean(stored["saturated"][:, look, layer]),
        )
        for layer in range(len(names))
    ]
    return cells, names


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else math.nan


def _draw(rows: list[tuple[str, list[_Cell]]], layers: list[str]) -> Figure:
    lines = max(title.count("\n") + 1 for title, _ in rows)
    height = max(0.62, 0.2 * lines + 0.2)
    spacing = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.02, wspace=0.02, hspace=0.03)
    figure = Figure(figsize=(min(10.6, 2.0 + 1.6 * len(layers)), 0.6 + height * 1.25 * len(rows)), layout=spacing)
    grid = figure.subplots(len(rows), len(layers), squeeze=False)
    for row, (title, cells) in enumerate(rows):
        for column, ax in enumerate(grid[row]):
            if column >= len(cells):
                ax.set_visible(False)
                continue
            _histogram(ax, cells[column])
            if row == 0:
                ax.set_title(_layer_title(layers[column], column), fontsize=9, color=INK, pad=13, loc="left")
            if column == 0:
                ax.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=8.5, color=INK, labelpad=8)
    return figure


def _top(counts: NDArray[np.int64]) -> tuple[float, int | None]:
    """Return the count at full height, and the bin that is cut there, if one is.

    ReLU's zeros are half of all its numbers: at their scale nothing else could be seen. A tail of less than 1 % stays
    as small as it is.
    """
    order = np.argsort(counts)
    highest, second = int(counts[order[-1]]), int(counts[order[-2]])
    if second >= 0.01 * counts.sum() > 0 and highest > CUT * second:
        return float(CUT * second), int(order[-1])
    return float(max(highest, 1)), None


def _layer_title(name: str, column: int) -> str:
    return tr("layer {n}", n=column + 1) if name.startswith("activation") else name


def _histogram(ax: Axes, cell: _Cell) -> None:
    ax.grid(visible=False)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_yticks([])
    top, cut = _top(cell.counts)
    ax.stairs(np.minimum(cell.counts / top, 1.05), cell.edges, fill=True, color=HUES[0], alpha=0.85, linewidth=0)
    if cut is not None:
        share = f"{100 * cell.counts[cut] / cell.counts.sum():.0f} %"
        right = cut < len(cell.counts) / 2
        at = (float(cell.edges[cut + 1] if right else cell.edges[cut]), 1.0)
        ax.annotate(
            share, at, (3 if right else -3, 0), textcoords="offset points", fontsize=7.4, color=HUES[0], va="top",
            ha="left" if right else "right",
        )  # fmt: skip
    low, high = float(cell.edges[0]), float(cell.edges[-1])
    ax.set_xlim(low, high)
    ax.set_ylim(0, 1.05)
    ax.set_xticks(
        [low, (low + high) / 2, high], [f"{end:.3g}".replace("-", "−") for end in (low, (low + high) / 2, high)]
    )
    labels = ax.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")
    ax.tick_params(axis="x", labelsize=7.5, length=2, pad=1.5)
    ax.annotate(
        cell.text, (0, 1), (0, 1.5), xycoords="axes fraction", textcoords="offset points", fontsize=7.4, color=SOFT,
        va="bottom", ha="left", annotation_clip=False,
    )  # fmt: skip
