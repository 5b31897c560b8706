"""Measure the house: modules, lines, the longest chain of imports, and how long imports take.

    python benchmarks/house.py [--quick] [ROOT ...]

Each ROOT is a checkout; without one, this one. Several (an earlier commit in a worktree beside today's) are columns of
one table, their imports timed in turn by this Python, which must have what all of them need.
"""

from __future__ import annotations

import argparse
import ast
import functools
import os
import statistics
import subprocess
import sys
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
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, cwd=root,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", nargs="*", type=Path, metavar="ROOT")
    parser.add_argument("--quick", action="store_true", help="import each once")
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
    for _ in range(1 if asked.quick else 9):
        for module in TIMED:
            for place, root in enumerate(roots):
                times.setdefault((module, place), []).append(seconds(root, module))
    for module in TIMED:
        rows[f"import {module}, s"] = [f"{statistics.median(times[module, place]):.2f}" for place in range(len(roots))]
    width = max(map(len, rows))
    for name, cells in rows.items():
        print(name.ljust(width), *(cell.rjust(10) for cell in cells))


if __name__ == "__main__":
    main()
