"""Where the nodes of a computation graph stand: top to bottom, branches side by side, long chains in columns.

A network is chains within chains, so that its layout is boxes within boxes: no edge can cross another.
Lengths are inches; y grows downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ablate.nn.graph import Graph, GraphNode

CARD = (2.42, 0.36)  # width and height of a node
GAP = 0.15  # between a node and the next, for the arrow
APART = 0.22  # between branches
LANE = 0.5  # width of a branch without nodes: a line
PAD = 0.13  # between a composite's frame and what is in it
GUTTER = 0.44  # between columns
_MOST = 6  # columns

Point = tuple[float, float]


@dataclass(frozen=True)
class Placed:
    """A node and the upper left corner of its card."""

    node: GraphNode
    x: float
    y: float


@dataclass
class GraphLayout:
    """Cards, frames of composites as (x, y, width, height), and polylines: edges end in an arrow, lines do not."""

    cards: list[Placed] = field(default_factory=list)
    frames: list[tuple[float, float, float, float]] = field(default_factory=list)
    edges: list[list[Point]] = field(default_factory=list)
    lines: list[list[Point]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class _End:
    """Where a chain ends, and lines from here on begin: the lower middle of its last card, or the top of a lane."""

    x: float
    y: float


def lay_out(graph: Graph) -> GraphLayout:
    """Return the layout of a graph; its upper left corner is (0, 0)."""
    layout = GraphLayout()
    left, end = 0.0, None
    for column in _columns(graph.chain):
        width = max(map(_width, column))
        middle = left + width / 2
        ends: list[_End] = []
        if end is not None:
            gutter = left - GUTTER / 2
            # Down out of the last column, up beside this one, and in at its top.
            way = [(end.x, end.y), (end.x, end.y + GAP), (gutter, end.y + GAP), (gutter, -GAP), (middle, -GAP)]
            layout.lines.append(way)
            ends = [_End(middle, -GAP)]
        top = 0.0
        for node in column:
            ends = [_place(layout, node, middle, top, ends)]
            top = ends[0].y + GAP
        end = ends[0]
        layout.height = max(layout.height, end.y)
        left += width + GUTTER
    layout.width = left - GUTTER
    return layout


def _columns(chain: Sequence[GraphNode]) -> list[list[GraphNode]]:
    """Break a chain into columns of about the same height: as many as make the whole nearest to a square."""
    return min((_broken(chain, count) for count in range(1, min(_MOST, len(chain)) + 1)), key=_extent)


def _extent(columns: Sequence[Sequence[GraphNode]]) -> float:
    width = sum(max(map(_width, column)) + GUTTER for column in columns)
    return max(width, *map(_chain_height, columns))


def _broken(chain: Sequence[GraphNode], count: int) -> list[list[GraphNode]]:
    heights = [_height(node) + GAP for node in chain]
    target = sum(heights) / count
    columns: list[list[GraphNode]] = [[]]
    filled = 0.0
    for node, height in zip(chain, heights, strict=True):
        # A node goes where more than half of it would stand.
        if columns[-1] and filled + height / 2 > target * len(columns) + 1e-9:
            columns.append([])
        columns[-1].append(node)
        filled += height
    return columns


def _width(node: GraphNode) -> float:
    if not node.branches:
        return CARD[0]
    inner = sum(_chain_width(chain) for _, chain in node.branches) + APART * (len(node.branches) - 1)
    return max(inner, CARD[0]) + 2 * PAD


def _chain_width(chain: Sequence[GraphNode]) -> float:
    return max(map(_width, chain), default=LANE)


def _height(node: GraphNode) -> float:
    if not node.branches:
        return CARD[1]
    tallest = max(_chain_height(chain) for _, chain in node.branches)
    return 2 * PAD + GAP + tallest + GAP + CARD[1]


def _chain_height(chain: Sequence[GraphNode]) -> float:
    return sum(_height(node) for node in chain) + GAP * max(len(chain) - 1, 0)


def _place(layout: GraphLayout, node: GraphNode, middle: float, top: float, sources: Sequence[_End]) -> _End:
    """Place a node and all inside it below `top`, joined to `sources`; return where it ends."""
    if not node.branches:
        return _card(layout, node, middle, top, sources)
    width, height = _width(node), _height(node)
    layout.frames.append((middle - width / 2, top, width, height))
    inner = [_chain_width(chain) for _, chain in node.branches]
    left = middle - (sum(inner) + APART * (len(inner) - 1)) / 2
    first, bottom = top + PAD + GAP, top + height - PAD - CARD[1]
    ends: list[_End] = []
    for (_, chain), chain_width in zip(node.branches, inner, strict=True):
        at, reached = left + chain_width / 2, list(sources)
        y = first
        for part in chain:
            reached = [_place(layout, part, at, y, reached)]
            y = reached[0].y + GAP
        ends.append(reached[0] if chain else _lane(layout, sources, at, first))
        left += chain_width + APART
    return _card(layout, node, middle, bottom, ends)


def _lane(layout: GraphLayout, sources: Sequence[_End], x: float, y: float) -> _End:
    layout.lines += [[*_elbow(source, x, y), (x, y)] for source in sources]
    return _End(x, y)


def _card(layout: GraphLayout, node: GraphNode, middle: float, top: float, sources: Sequence[_End]) -> _End:
    layout.cards.append(Placed(node, middle - CARD[0] / 2, top))
    count = len(sources)
    for position, source in enumerate(sources):
        # Several ends enter side by side, so that each keeps an arrow of its own.
        x = middle + (position - (count - 1) / 2) * min(0.3, CARD[0] / (count + 1))
        layout.edges.append([*_elbow(source, x, top, before=count > 1), (x, top)])
    return _End(middle, top + CARD[1])


def _elbow(source: _End, x: float, y: float, *, before: bool = False) -> list[Point]:
    """Return the way from an end to above (x, y): straight down, or with the step across just below the source.

    Lines that meet in one card step across just above it instead: they come down beside what is longer than they.
    """
    if abs(source.x - x) < 1e-9:
        return [(source.x, source.y)]
    step = y - GAP / 2 if before else y - GAP * 0.55
    return [(source.x, source.y), (source.x, step), (x, step)]
