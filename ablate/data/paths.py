"""Paths that the user gives, and names of files as they are shown in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ablate.errors import UserError

MOST_NAMED = 3
"""Files that are named in a sentence; the rest is counted."""


def given_path(given: str, *, name: str) -> Path:
    """Return the path that the setting `name` gives, absolute, with `~` for the user's folder.

    Raises
    ------
    UserError
        It cannot be a path: a user that does not exist, a character that no path has.
    """
    try:
        path = Path(given).expanduser().absolute()
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            f"dataset.{name} cannot be a path: {printable_line(given)} ({printable_line(error)})"
        ) from error
    if "\0" in given:
        raise UserError(f"dataset.{name} cannot be a path: {printable_line(given)} (a null character)")
    return path


def is_there(path: Path, kind: Callable[[Path], bool], *, name: str) -> bool:
    """Return whether `kind` holds for a path, such as `Path.is_file`.

    Raises
    ------
    UserError
        The operating system does not let us look: the name is too long, a folder above is closed to us.
    """
    try:
        return kind(path)
    except (OSError, ValueError) as error:
        raise UserError(f"dataset.{name} cannot be looked at: {printable_line(error, most=400)}") from error


def printable_line(text: object, *, most: int = 200) -> str:
    r"""Return text in one printable line, shortened: what a file is called, or what another library says.

    >>> printable_line("a\nb\udcff")
    'a b\\udcff'
    """
    joined = " ".join(str(text).split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def where(path: Path) -> str:
    """Return a path as errors name it: whole, unless it is very long, and in one line."""
    return printable_line(path, most=400)


def count_text(count: int, noun: str) -> str:
    """Write a number of things.

    >>> count_text(1, "picture"), count_text(1_200, "picture")
    ('1 picture', '1,200 pictures')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def some(names: Sequence[str]) -> str:
    """Name the first few of many.

    >>> some(["a", "b"]), some(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    listed = ", ".join(printable_line(name, most=60) for name in names[:MOST_NAMED])
    return listed if len(names) <= MOST_NAMED else f"{listed} and {len(names) - MOST_NAMED} more"
