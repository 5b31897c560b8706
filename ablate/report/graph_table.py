"""A computation graph as lines of text."""

from __future__ import annotations

from ablate.nn.graph import Graph
from ablate.report.figures.graph import shape_text, size_text

_HEAD = ("node", "kind", "in", "out", "parameters", "forward", "backward", "θ")
_LEFT = 4  # so many columns are words


def graph_table(graph: Graph) -> list[str]:
    """Return a line per node in the order data reaches them, under a heading, and the sum of the parameters.

    >>> from ablate.nn import CrossEntropy, Mlp, NoDropout, NoNorm, ReLU
    >>> from ablate.nn.graph import graph_of
    >>> network = Mlp([4]).build((1, 2, 3), 2, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    >>> for line in graph_table(graph_of(network, CrossEntropy())):
    ...     print(line)
    node         kind          in  out     parameters
    input        Input         6   6                0
    dense1       Dense         6   4               28
    activation1  ReLU          4   4                0
    dense2       Dense         4   2               10
    loss         CrossEntropy  2   scalar           0
    all                                            38
    """
    rows = [_HEAD]
    for node in graph.nodes():
        sizes = node.sizes
        values = () if sizes is None else (sizes.forward, sizes.backward, sizes.parameters)
        texts = ["" if value is None else size_text(value) for value in values] or ["", "", ""]
        rows.append(
            (node.name, node.kind, shape_text(node.in_shape), shape_text(node.out_shape), f"{node.parameters:,}",
             *texts)  # type: ignore[arg-type]
        )  # fmt: skip
    rows.append(("all", "", "", "", f"{graph.parameters:,}", "", "", ""))
    measured = any(node.sizes for node in graph.nodes())
    kept = [row if measured else row[:5] for row in rows]
    widths = [max(len(row[column]) for row in kept) for column in range(len(kept[0]))]
    return [
        "  ".join(
            text.ljust(width) if column < _LEFT else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in kept
    ]
