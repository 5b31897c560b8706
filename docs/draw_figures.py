"""Run the examples of computation-graph.md and draw its figures: `python docs/draw_figures.py`."""

from __future__ import annotations

import doctest
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from ablate.cli import main as ablate
from ablate.report.figures.render import svg
from ablate.report.figures.scalar_graph import scalar_figure

HERE = Path(__file__).parent
PAGE = HERE / "computation-graph.md"


def examples() -> str:
    """Return the code of the page, one block after another."""
    return "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL))


def run() -> tuple[dict[str, Any], int]:
    """Run the page; return the names it defines, and how many examples gave something else than it says."""
    names: dict[str, Any] = {}
    test = doctest.DocTestParser().get_doctest(examples(), names, PAGE.name, str(PAGE), 0)
    runner = doctest.DocTestRunner()
    runner.run(test, clear_globs=False)
    return test.globs, runner.failures


def figures(names: dict[str, Any]) -> dict[str, str]:
    """Draw the page's two graphs from the objects its examples made: file name -> SVG."""
    fruit = scalar_figure(names["total"], name="apples-and-oranges", title="Two apples and three oranges")
    rows: dict[int, float] = {}
    for k in range(3):
        made = (names["scores"][k], names["powers"][k], names["y"][k])
        rows |= {id(number): 1.7 * k for number in made}
        rows[id(names["targets"][k])] = 1.7 * k + 0.95
    rows |= {id(names["S"]): 4.6, id(names["share"]): 4.6}
    labels = {id(p): f"y{k} = {p.value:g}" for k, p in enumerate(names["y"], start=1)}
    loss = scalar_figure(
        names["loss"], name="softmax-cross-entropy", title="Softmax with cross-entropy", rows=rows, labels=labels
    )
    return {f"{drawn.name}.svg": svg(drawn) for drawn in (fruit, loss)}


NETWORKS = {
    "graph-mlp.svg": ("norm=batch", "dropout=bernoulli"),
    "graph-inception.svg": ("model=inception", "dataset=digits", "init=he"),
}
"""File name -> the configuration of a network in the page's last section."""


def network(overrides: tuple[str, ...]) -> str:
    """Draw a network as `ablate graph` does: SVG."""
    with tempfile.TemporaryDirectory() as folder:
        if ablate(["graph", *overrides, "--out", folder]):
            raise RuntimeError("the graph could not be drawn")
        return next(Path(folder).glob("*.svg")).read_text(encoding="utf-8")


def main() -> int:
    """Draw, unless an example fails."""
    names, failures = run()
    if failures:
        return 1
    networks = {name: network(overrides) for name, overrides in NETWORKS.items()}
    for name, text in {**figures(names), **networks}.items():
        (HERE / "figures" / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
