"""Measure the house: modules, lines, the longest chain of imports, how long imports, tracking and the suite take.

    python benchmarks/house.py [--quick] [--counts] [--tracking] [--suite] [ROOT ...]

Each ROOT is a checkout; without one, this one. Several (an earlier commit in a worktree beside today's) are columns of
one table, timed in turn by this Python, which must have what all of them need. What a training step costs:
`benchmarks/step.py`; a whole study: `benchmarks/study.py`.
"""

from __future__ import annotations

import argparse
import ast
import functools
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[1]
TIMED = ("ablate", "ablate.stats", "ablate.cli")
SHORT = 60


def modules(root: Path) -> dict[str, Path]:
    """Return the modules of the package by name; a package is its `__init__.py`."""
    found = {}
    for path in sorted((root / "ablate").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """Return the package's modules that a module imports when it is loaded itself."""
    found = set()
    for node in _loaded(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in known else node.module for a in node.names
            }
    return found & set(known)


def _loaded(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        for inner in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _loaded([one for one in getattr(node, inner, []) if isinstance(one, ast.stmt)])


def longest(known: dict[str, Path]) -> list[str]:
    """Return the longest chain of modules of which each imports the next."""
    edges = {name: imported(path, known) for name, path in known.items()}

    @functools.cache
    def chain(name: str) -> tuple[str, ...]:
        return (name, *max((chain(one) for one in edges[name] if one != name), key=len, default=()))

    return list(max((chain(name) for name in known), key=len))


def seconds(root: Path, module: str) -> float:
    """Return how long a new process takes to import a module, beyond what it takes without."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    return float(_run(root, "-c", code))


def tracking(root: Path, *, quick: bool) -> float:
    """Return what a seed run costs to log, in ms, as the checkout's own `benchmarks/tracking.py` measures it."""
    out = _run(root, "benchmarks/tracking.py", *(["--quick"] if quick else []))
    found = re.search(r"log, per seed run +([\d.]+) ms", out)
    if found is None:
        raise SystemExit(f"{root}: benchmarks/tracking.py does not say what a seed run costs: {out}")
    return float(found[1])


def suite(root: Path) -> float:
    """Return how long the checkout's fast suite takes, in seconds; it has to pass."""
    began = time.perf_counter()
    _run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    return time.perf_counter() - began


def _run(root: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, "PYTHONPATH": str(root)}, cwd=root,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{root}: {' '.join(words)} failed\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", nargs="*", type=Path, metavar="ROOT")
    parser.add_argument("--quick", action="store_true", help="import each once, track few runs")
    parser.add_argument("--counts", action="store_true", help="time nothing")
    parser.add_argument("--tracking", action="store_true", help="what a seed run costs to log")
    parser.add_argument("--suite", action="store_true", help="the fast suite, which takes many minutes")
    asked = parser.parse_args()
    roots = [root.resolve() for root in asked.roots] or [HERE]
    rows: dict[str, list[str]] = {}
    for root in roots:
        known = modules(root)
        lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in known.items()}
        inits = {name for name, path in known.items() if path.name == "__init__.py"}
        rows.setdefault("modules", []).append(str(len(known) - len(inits)))
        rows.setdefault("lines", []).append(f"{sum(lines.values()):,}")
        rows.setdefault("longest module, lines", []).append(str(max(lines.values())))
        few = sum(count < SHORT for name, count in lines.items() if name not in inits)
        rows.setdefault(f"modules under {SHORT} lines", []).append(str(few))
        rows.setdefault("longest chain of imports", []).append(str(len(longest(known))))
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(0 if asked.counts else 1 if asked.quick else 9):
        for module in TIMED:
            for place, root in enumerate(roots):
                times.setdefault((module, place), []).append(seconds(root, module))
    for module in () if asked.counts else TIMED:
        rows[f"import {module}, s"] = [f"{statistics.median(times[module, place]):.2f}" for place in range(len(roots))]
    if asked.tracking:
        costs = [[tracking(root, quick=asked.quick) for root in roots] for _ in range(1 if asked.quick else 5)]
        rows["log a seed run, ms"] = [f"{statistics.median(held):.1f}" for held in zip(*costs, strict=True)]
    if asked.suite:
        rows["fast suite, s"] = [f"{suite(root):.0f}" for root in roots]
    width = max(map(len, rows))
    for name, cells in rows.items():
        print(name.ljust(width), *(cell.rjust(10) for cell in cells))


if __name__ == "__main__":
    main()
