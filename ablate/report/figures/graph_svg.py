"""Graphs as SVG, one after another: what an architecture's arms share is drawn once.

Matplotlib takes 110 ms for a network of 22 nodes, nearly all of it for text. The arms of a study differ mostly in
numbers, and SVG text is text: the numbers, the dots and the title are written into the drawing, in 1 ms.
"""

from __future__ import annotations

import dataclasses
from xml.sax.saxutils import escape

from ablate.nn.graph import Graph, GraphNode
from ablate.report.figures.graph import Label, Marks, Sheet, frame_figure, marks
from ablate.report.figures.render import svg
from ablate.terminal import plain_line

_POINTS = 72.0  # SVG as matplotlib writes it has a unit of a point


class GraphDrawer:
    """Draws graphs as SVG documents; holds the drawing of every architecture it has met."""

    def __init__(self) -> None:
        self._frames: dict[str, tuple[Sheet, str]] = {}

    def __call__(self, graph: Graph, *, title: str) -> str:
        """Return the SVG document of a graph."""
        key = _structure(graph)
        if key not in self._frames:
            sheet = Sheet.of(graph)
            self._frames[key] = sheet, svg(frame_figure(graph, sheet, title=title), whole=True)
        sheet, frame = self._frames[key]
        body, end, rest = frame.rpartition("</svg>")
        return body + _written(marks(graph, sheet, title), sheet) + end + rest


def _structure(graph: Graph) -> str:
    """Return everything that is drawn of a graph but its numbers."""

    def bare(node: GraphNode) -> GraphNode:
        inner = tuple((name, tuple(map(bare, chain))) for name, chain in node.branches)
        return dataclasses.replace(node, sizes=None, branches=inner)

    return repr([(bare(node), node.sizes is None) for node in graph.chain])


def _written(shown: Marks, sheet: Sheet) -> str:
    left, top = sheet.origin

    def at(x: float, y: float) -> tuple[str, str]:
        return f"{(x + left) * _POINTS:.2f}", f"{(y + top) * _POINTS:.2f}"

    lines = ['<g id="measured" font-family="\'DejaVu Sans\', sans-serif">']
    for x, y, colour in shown.dots:
        column, row = at(x, y)
        lines.append(f'<circle cx="{column}" cy="{row}" r="1.8" fill="{colour}"/>')
    for label in shown.labels:
        column, row = at(label.x, label.y + _descent(label))
        weight = ' font-weight="bold"' if label.bold else ""
        anchor = ' text-anchor="end"' if label.right else ""
        lines.append(
            f'<text x="{column}" y="{row}" font-size="{label.size}px" fill="{label.colour}"{weight}{anchor}>'
            f"{escape(plain_line(label.text))}</text>"
        )
    return "\n".join([*lines, "</g>\n"])


def _descent(label: Label) -> float:
    """Return how far the baseline lies below the middle of the letters, in inches; every viewer agrees on baselines."""
    return 0.36 * label.size / _POINTS
