"""Repeats of all contestants in turn, in CPU time on one core, and tables of what they took."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Run = Callable[[int], None]
"""Does so many steps, of all its seeds."""


def installed(library: str) -> bool:
    """Tell whether a library can be imported."""
    return importlib.util.find_spec(library) is not None


def take_turns(contestants: Mapping[str, tuple[Run, int]], *, steps: int, repeats: int) -> dict[str, float]:
    """Return the median CPU time of a step and seed of each, in µs; their repeats follow each other in turn.

    Parameters
    ----------
    contestants
        Name -> what does the steps, and how many seeds it does them for.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for repeat in range(repeats + 1):
        for name, (run, seeds) in contestants.items():
            began = time.process_time()
            run(steps)
            if repeat:  # the first one warms up
                times[name].append((time.process_time() - began) / steps / seeds)
    return {name: statistics.median(took) * 1e6 for name, took in times.items()}


def bar(value: float | None, limit: float, *, most: bool) -> str:
    """Write a ratio, and whether it is within its bar, at most or at least.

    >>> bar(0.85, 0.9, most=True), bar(1.5, 1.8, most=False), bar(None, 1.0, most=True)
    ('0.850 yes', '1.500 NO', '-')
    """
    if value is None:
        return "-"
    return f"{value:.3f} {'yes' if (value <= limit if most else value >= limit) else 'NO'}"


@dataclass
class Table:
    """Prints rows as they come, as text or as Markdown."""

    columns: Sequence[str]
    markdown: bool
    first: int = 50
    met: int = field(default=0)
    missed: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Print the head."""
        self._line(self.columns)
        if self.markdown:
            print("|" + "---|" + "--:|" * (len(self.columns) - 1))

    def row(self, title: str, cells: Sequence[float | str | None]) -> None:
        """Print a row: µs, text, or a dash for what there is not; note which bars were missed."""
        texts = [cell if isinstance(cell, str) else "-" if cell is None else f"{cell:,.1f}" for cell in cells]
        self.met += sum(text.endswith(" yes") for text in texts)
        names = self.columns[1:]
        self.missed += [
            f"{title}, {name}: {text[:-3]}" for name, text in zip(names, texts, strict=True) if text.endswith(" NO")
        ]
        self._line([title, *texts])

    def end(self) -> None:
        """Print how many bars were met, and which were not."""
        print(f"\n{self.met} of {self.met + len(self.missed)} bars met" + (":" if self.missed else ""))
        for line in self.missed:
            print(f"- NO: {line}")

    def _line(self, cells: Sequence[str]) -> None:
        if self.markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
        else:
            print(f"{cells[0]:<{self.first}}" + "".join(f"{cell:>14}" for cell in cells[1:]), flush=True)


def machine() -> str:
    """Return one line: command, processor, load, versions, what is not installed."""
    libraries = ["numpy", "scipy", "numba", "jax", "torch"]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in libraries if installed(name)]
    missing = [name for name in libraries if not installed(name)]
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    parts = [
        "`python " + " ".join(sys.argv) + "`",
        f"{_processor()}, one core; load {load}",
        f"Python {platform.python_version()}, " + ", ".join(versions),
        *([f"not installed: {', '.join(missing)}"] if missing else []),
    ]
    return "; ".join(parts)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
