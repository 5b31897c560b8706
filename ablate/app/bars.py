"""Progress bars: one line of the terminal and never wider, with the time that is left and the failures so far.

A line that is wider than its terminal is broken by it, and is then drawn again below itself at every step.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from tqdm import tqdm

from ablate.terminal import columns_of

_MOST = 100
_NARROW = 72  # below it a bar has no room beside names of arms
_FORM = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


class Bar:
    """A bar on standard error, where that is a terminal.

    Parameters
    ----------
    name, unit
        What is counted, and of what: `quickstart`, `run`.
    stays
        The last state stays on the screen.
    shown
        False: nothing is drawn anywhere.
    """

    def __init__(self, name: str, total: int | None, unit: str, *, stays: bool = True, shown: bool = True) -> None:
        self._failed = 0
        columns = _columns()
        self._bar: tqdm[NoReturn] = tqdm(
            total=total,
            desc=_short(name, 24 if columns >= _NARROW else 16),
            unit=unit,
            leave=stays,
            disable=None if shown else True,  # None: drawn in a terminal alone, and files are free of it
            ncols=columns,
            bar_format=_FORM if total is not None else None,
        )

    def advance(self, done: int, *, total: int | None = None, part: str = "", failed: bool = False) -> None:
        """Go on to `done` of the total; `part` is what was worked on, `failed` whether it failed."""
        self._failed += failed
        if total is not None:
            self._bar.total = total
            self._bar.bar_format = _FORM
        self._bar.ncols = _columns()  # the window may have another size than before
        parts = [f"{self._failed} failed"] if self._failed else []
        if part and self._bar.ncols >= _NARROW:
            parts.append(_short(part, 32))
        self._bar.set_postfix_str(", ".join(parts), refresh=False)
        self._bar.update(done - self._bar.n)

    def step(self, part: str, *, failed: bool) -> None:
        """Count one more."""
        self.advance(int(self._bar.n) + 1, part=part, failed=failed)

    def close(self) -> None:
        """End it."""
        self._bar.close()


@contextmanager
def bar(name: str, unit: str) -> Iterator[Bar]:
    """Give a bar whose total is known later, which is gone at the end."""
    one = Bar(name, None, unit, stays=False)
    try:
        yield one
    finally:
        one.close()


def _columns() -> int:
    """Return how wide a bar is: as the terminal less the place of its cursor, and at most 100."""
    try:
        return max(20, min(_MOST, os.get_terminal_size(sys.stderr.fileno()).columns - 1))
    except (OSError, ValueError, AttributeError):  # no terminal, or one that does not say
        return _MOST


def _short(text: str, most: int) -> str:
    """Return the beginning of a text in so many columns, with a mark where the rest is missing."""
    if columns_of(text) <= most:
        return text
    while columns_of(text) >= most:
        text = text[:-1]
    return text.rstrip(", ") + "…"
