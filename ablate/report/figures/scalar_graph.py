"""A computation graph of single numbers, drawn as in the book: values above the edges, gradients below."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from ablate.nn.scalar_graph import Scalar
from ablate.report.figures.graph import BACKWARD, FORWARD
from ablate.report.figures.style import INK, PAPER, SOFT, Drawn, drawing

_STEP, _ROW = 1.25, 0.78  # inches from one operation to the next, and from one row to the next
_RADIUS = 0.19

Place = tuple[float, float]


def scalar_figure(
    end: Scalar,
    *,
    name: str,
    title: str,
    rows: Mapping[int, float] | None = None,
    labels: Mapping[int, str] | None = None,
) -> Drawn:
    """Draw the graph that ends in a number; `backward` must have been called on it.

    Parameters
    ----------
    name
        File stem.
    rows
        ``id`` of a number -> its row, for graphs where numbers are used more than once; else a number stands at the
        middle of what it is made of.
    labels
        ``id`` of a number -> what is written at its circle, for results that have a name.
    """
    places = _places(end, dict(rows or {}))
    columns, lines = zip(*places.values(), strict=True)
    left, right = min(columns) - 1.3, max(columns) + 1.15
    low, high = min(lines) - 0.85, max(lines) + 0.5
    with drawing():
        figure = Figure(figsize=(right - left, high - low))
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set(xlim=(left, right), ylim=(high, low))
        ax.set_axis_off()
        for number in end.numbers():
            for source, handed in number.handed_back():
                _edge(ax, places[id(source)], places[id(number)], source.value, handed, leaf=not source.inputs)
        at = places[id(end)]
        _edge(ax, at, (at[0] + 1.0, at[1]), end.value, end.gradient, leaf=False, open_end=True)
        _nodes(ax, end, places, labels or {})
        ax.text(left + 0.15, low + 0.2, title, fontsize=9.5, fontweight="bold", va="center")
        ax.text(left + 0.15, low + 0.4, "forward: values, above", fontsize=7.5, color=FORWARD, va="center")
        ax.text(left + 1.6, low + 0.4, "backward: gradients, below", fontsize=7.5, color=BACKWARD, va="center")
    caption = "Above an edge the value that went forward, below it the gradient that came back."
    given = ", ".join(f"{n.name} {n.value:g} has gradient {n.gradient:g}" for n in end.numbers() if not n.inputs)
    return Drawn(name, title, figure, caption, f"{title}: the result is {end.value:g}; {given}.")


def _places(end: Scalar, rows: dict[int, float]) -> dict[int, Place]:
    """Return where each number stands: across by its distance from the end, down by what it is made of."""
    numbers = list(end.numbers())
    far: dict[int, int] = {id(end): 0}
    for number in reversed(numbers):
        for source in number.inputs:
            far[id(source)] = max(far.get(id(source), 0), far[id(number)] + 1)
    deepest = max(far.values())
    given = 0
    for number in numbers:
        if id(number) in rows:
            continue
        if number.inputs:
            rows[id(number)] = float(np.mean([rows[id(source)] for source in number.inputs]))
        else:
            rows[id(number)] = float(given)
            given += 1
    return {id(n): ((deepest - far[id(n)]) * _STEP, rows[id(n)] * _ROW) for n in numbers}


def _edge(
    ax: Axes, start: Place, end: Place, value: float, handed: float, *, leaf: bool, open_end: bool = False
) -> None:
    (x0, y0), (x1, y1) = start, end
    length = float(np.hypot(x1 - x0, y1 - y0))
    along = ((x1 - x0) / length, (y1 - y0) / length)
    begin = (x0 + 0.02, y0) if leaf else (x0 + along[0] * _RADIUS, y0 + along[1] * _RADIUS)
    stop = end if open_end else (x1 - along[0] * _RADIUS, y1 - along[1] * _RADIUS)
    arrow = FancyArrowPatch(begin, stop, arrowstyle="-|>", mutation_scale=8, color=SOFT, linewidth=0.9, shrinkA=0,
                            shrinkB=0, zorder=1)  # fmt: skip
    ax.add_patch(arrow)
    # Nearer to where it comes from: where several edges meet there is no room.
    x, y = begin[0] + 0.38 * (stop[0] - begin[0]), begin[1] + 0.38 * (stop[1] - begin[1])
    box = {"boxstyle": "round,pad=0.08", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85}
    ax.text(x, y - 0.12, _number(value), fontsize=8, color=FORWARD, ha="center", va="center", bbox=box, zorder=2)
    ax.text(x, y + 0.12, _number(handed), fontsize=8, color=BACKWARD, ha="center", va="center", bbox=box, zorder=2)


def _number(value: float) -> str:
    return f"{value + 0.0:.3g}".replace("-", "−")  # + 0.0: a product with 0 may be -0.0, which reads like an error


def _nodes(ax: Axes, end: Scalar, places: Mapping[int, Place], labels: Mapping[int, str]) -> None:
    made = [number for number in end.numbers() if number.inputs]
    circles = np.array([places[id(number)] for number in made])
    ax.scatter(circles[:, 0], circles[:, 1], s=(_RADIUS * 144) ** 2 * 0.93, facecolor=PAPER, edgecolor=INK,
               linewidth=1.0, zorder=3)  # fmt: skip
    for number in end.numbers():
        x, y = places[id(number)]
        if number.inputs:
            ax.text(x, y, number.operation, fontsize=9 if len(number.operation) == 1 else 7, ha="center",
                    va="center_baseline", zorder=4)  # fmt: skip
        else:
            ax.text(x - 0.04, y, number.name, fontsize=8, ha="right", va="center", zorder=4)
        if id(number) in labels:
            ax.text(x, y - _RADIUS - 0.1, labels[id(number)], fontsize=7, color=SOFT, ha="center", va="center",
                    zorder=4)  # fmt: skip
