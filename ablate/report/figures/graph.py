"""The computation graph of a network, drawn: a card per node, sizes of activations and gradients on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from ablate.nn.graph import LOSS, Graph, GraphNode
from ablate.nn.layer import Shape
from ablate.report.figures.graph_layout import CARD, GraphLayout, Placed, lay_out
from ablate.report.figures.style import BAND, HUES, INK, PAPER, RULE, SOFT, Drawn, drawing

FORWARD, BACKWARD = HUES[0], HUES[1]
_TRACK = (1.50, 1.95)  # where the scale of a card begins and ends
_HEAD, _EDGE = 0.62, 0.16  # above the graph, and around it
_NARROWEST = 5.2  # room for the heading


@dataclass(frozen=True)
class Label:
    """A text at (x, y): its left end, or its right one; halfway up."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    right: bool = False


@dataclass(frozen=True)
class Marks:
    """What two arms of one architecture do not share: the title, and the sizes as numbers and dots (x, y, colour)."""

    labels: list[Label]
    dots: list[tuple[float, float, str]]


@dataclass(frozen=True)
class Sheet:
    """A graph laid out on paper; lengths in inches, the graph's upper left corner at `origin`."""

    layout: GraphLayout
    width: float
    height: float
    origin: tuple[float, float]

    @classmethod
    def of(cls, graph: Graph) -> Sheet:
        """Lay out a graph."""
        layout = lay_out(graph)
        width = max(layout.width + 2 * _EDGE, _NARROWEST)
        origin = ((width - layout.width) / 2, _HEAD + _EDGE)
        return cls(layout, width, layout.height + _HEAD + 2 * _EDGE, origin)


def graph_figure(graph: Graph, *, title: str, what: str = "") -> Drawn:
    """Draw a graph.

    Parameters
    ----------
    title
        What it is the graph of.
    what
        What it was measured on, for the caption.
    """
    sheet = Sheet.of(graph)
    drawn = frame_figure(graph, sheet, title=title, what=what)
    shown = marks(graph, sheet, title)
    with drawing():
        ax = drawn.figure.axes[0]
        for label in shown.labels:
            _text(ax, label)
        for colour in (FORWARD, BACKWARD):
            dots = np.array([(x, y) for x, y, dot_colour in shown.dots if dot_colour == colour]).reshape(-1, 2)
            ax.scatter(dots[:, 0], dots[:, 1], s=13, color=colour, linewidth=0, zorder=4)
    return drawn


def frame_figure(graph: Graph, sheet: Sheet, *, title: str, what: str = "") -> Drawn:
    """Draw what all arms of one architecture share: everything but `marks`."""
    left, top = sheet.origin
    with drawing():
        figure = Figure(figsize=(sheet.width, sheet.height))
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set_xlim(-left, sheet.width - left)
        ax.set_ylim(sheet.height - top, -top)
        ax.set_axis_off()
        _shapes(ax, sheet.layout)
        for card in sheet.layout.cards:
            upper, lower = _rows(card)
            name = Label(card.x + 0.07, upper, _fit(own_name(card.node), 22), 7.4, INK, bold=True)
            _text(ax, name, gid=f"node-{card.node.name}")
            _text(ax, Label(card.x + 0.07, lower, detail(card.node), 6.2, SOFT))
        _heading(ax, graph)
    return Drawn("graph", title, figure, _caption(graph, what), _alt(graph, title))


def marks(graph: Graph, sheet: Sheet, title: str) -> Marks:
    """Return what belongs to one arm; the sheet may be that of another arm of its architecture."""
    measured = {node.name: node.sizes for node in graph.nodes()}
    sheet_marks = Marks([Label(0.0, -_HEAD + 0.02, _fit(title, 64), 9.5, INK, bold=True)], [])
    scales = _scales(graph)
    begin, end = _TRACK
    for card in sheet.layout.cards:
        sizes = measured[card.node.name]
        if sizes is None:
            continue
        both = ((sizes.forward, FORWARD), (sizes.backward, BACKWARD))
        for y, (value, colour), scale in zip(_rows(card), both, scales, strict=True):
            sheet_marks.labels.append(Label(card.x + CARD[0] - 0.06, y, size_text(value), 6.4, colour, right=True))
            place = scale.place(value) if card.node.name != LOSS else None
            if place is not None:
                sheet_marks.dots.append((card.x + begin + place * (end - begin), y, colour))
    return sheet_marks


class _Scale:
    """One logarithmic scale for each direction, the same on every card."""

    def __init__(self, values: Sequence[float]) -> None:
        usable = [value for value in values if 0.0 < value < math.inf]
        self.low, self.high = min(usable, default=1.0), max(usable, default=1.0)

    def place(self, value: float) -> float | None:
        """Return where a value stands between 0 and 1; None where a logarithm has none."""
        if not 0.0 < value < math.inf:
            return None
        return math.log(value / self.low) / math.log(self.high / self.low) if self.high > self.low else 0.5


def _scales(graph: Graph) -> tuple[_Scale, _Scale]:
    # The loss is one number, and its gradient is 1 by definition: no sizes to compare others with.
    sizes = [node.sizes for node in graph.nodes() if node.sizes is not None and node.name != LOSS]
    return _Scale([size.forward for size in sizes]), _Scale([size.backward for size in sizes])


def size_text(value: float) -> str:
    """Write a size in two digits.

    >>> size_text(0.0031), size_text(2.9309), size_text(1234.0), size_text(1.2e-7)
    ('0.0031', '2.9', '1234', '1.2e−7')
    >>> size_text(1.0), size_text(12.0), size_text(0.0)
    ('1.0', '12', '0')
    """
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1e-3 or abs(value) >= 1e4:
        digits, _, exponent = f"{value:.1e}".partition("e")
        return f"{digits}e{int(exponent)}".replace("-", "−")
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:#.2g}"


def shape_text(shape: Shape) -> str:
    """Write a shape without blocks and batch.

    >>> shape_text((32, 7, 7)), shape_text((100,)), shape_text(())
    ('32×7×7', '100', 'scalar')
    """
    return "×".join(map(str, shape)) or "scalar"


def _shapes(ax: Axes, layout: GraphLayout) -> None:
    round_ = "round,pad=0,rounding_size=0.07"
    frames = [FancyBboxPatch((x, y), w, h, boxstyle=round_) for x, y, w, h in layout.frames]
    ax.add_collection(PatchCollection(frames, facecolor=BAND, edgecolor=RULE, linewidth=0.8, zorder=0))
    ax.add_collection(
        LineCollection([*layout.edges, *layout.lines], colors=SOFT, linewidths=0.9, capstyle="round", zorder=1)
    )
    cards = [FancyBboxPatch((card.x, card.y), *CARD, boxstyle=round_) for card in layout.cards]
    ax.add_collection(PatchCollection(cards, facecolor=PAPER, edgecolor=SOFT, linewidth=0.7, zorder=2))
    tips = np.array([edge[-1] for edge in layout.edges if len(edge) > 1])
    ax.scatter(tips[:, 0], tips[:, 1] - 0.022, marker="v", s=11, color=SOFT, linewidth=0, zorder=3)
    begin, end = _TRACK
    measured = [card for card in layout.cards if card.node.sizes is not None and card.node.name != LOSS]
    tracks = [[(card.x + begin, y), (card.x + end, y)] for card in measured for y in _rows(card)]
    ax.add_collection(LineCollection(tracks, colors=RULE, linewidths=1.1, capstyle="round", zorder=3))


def _rows(card: Placed) -> tuple[float, float]:
    return card.y + CARD[1] * 0.30, card.y + CARD[1] * 0.72


def _text(ax: Axes, label: Label, gid: str | None = None) -> None:
    ax.text(label.x, label.y, label.text, fontsize=label.size, color=label.colour, va="center", zorder=5, gid=gid,
            fontweight="bold" if label.bold else "normal", ha="right" if label.right else "left")  # fmt: skip


def own_name(node: GraphNode) -> str:
    """Return a node's name without the outermost composite it stands in, which is drawn around it."""
    return node.name.partition("/")[2] or node.name


def detail(node: GraphNode) -> str:
    """Return kind, output shape and parameters, as much as a card holds."""
    kind = f"{node.kind} ({node.joins})" if node.joins else node.kind
    parts = [_fit(kind, 22), shape_text(node.out_shape)]
    if node.parameters:
        parts.append(f"{node.parameters:,} θ")
    return " · ".join(parts)


def _fit(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _heading(ax: Axes, graph: Graph) -> None:
    counted = f"{graph.parameters:,} parameters (θ)"
    if graph.multiply_adds:
        counted += f" · {graph.multiply_adds:,} multiply-adds an example"
    _text(ax, Label(0.0, -_HEAD + 0.19, counted, 7.0, SOFT))
    if any(node.sizes for node in graph.nodes()):
        _text(ax, Label(0.0, -_HEAD + 0.36, "● activations forward: RMS of the output", 6.8, FORWARD))
        _text(ax, Label(2.35, -_HEAD + 0.36, "● gradients backward: RMS of ∂loss/∂output", 6.8, BACKWARD))


def _caption(graph: Graph, what: str) -> str:
    text = "Data flows along the arrows; on a card: name, kind, output shape without the batch, learnt parameters (θ)."
    if any(node.sizes for node in graph.nodes()):
        text += (
            f" Measured{' on ' + what if what else ''}: the root mean square (RMS) of a node's output over batch and "
            "features (of the loss: its value), and of the gradient of the mean loss with respect to that output. "
            "Dots: these numbers on a logarithmic scale, from the smallest to the largest of the graph, one scale "
            "for each direction."
        )
    return text


def _alt(graph: Graph, title: str) -> str:
    return f"Computation graph of {title}: " + " → ".join(
        f"{n.name} ({shape_text(n.out_shape)})" for n in graph.nodes()
    )
