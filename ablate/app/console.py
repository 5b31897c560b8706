"""The terminal's side of the application: lines, warnings, and how a time or this program is written."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.terminal import columns_of, encodable, filled, plain_line, shows_everything, unkeyed
from ablate.work.places import short_path

_PLAIN: Mapping[str, str] = {}
MARKS = {"supported": "✓", "refuted": "✗", "better": "▲", "worse": "▼",
         "raises": "↑", "lowers": "↓", "inconclusive": "?", "not_shown": "?",
         "not_tested": "–"}  # fmt: skip
"""What a verdict says (`words.rulings.ruling_of`) -> its mark."""
_COLOURS = {"supported": "bold green", "refuted": "bold red"}
"""-> how a terminal shows the mark and the word beside it, where not only bold; readable on light and on dark."""


def say(text: str = "") -> None:
    """Print a line for the user."""
    sys.stdout.write(plain_line(text) + "\n")
    sys.stdout.flush()


def say_ruling(ruling: str, sentence: str) -> None:
    """Print what a verdict says (`words.rulings.ruling_of`) with its mark, coloured at a terminal that has colours."""
    outcome, colon, rest = sentence.partition(":")
    head = f"{MARKS[ruling]} {outcome}{colon}"
    say_words(head + rest, hang=2, bold=len(head), style=_COLOURS.get(ruling, "bold"))


def say_words(text: str, *, indent: int = 0, hang: int = 0, bold: int = 0, style: str = "") -> None:
    """Print a sentence; a terminal breaks it between words. Not for what is typed again: a command stays one line.

    Parameters
    ----------
    indent, hang
        Blanks before the first line, and more before the others.
    bold, style
        So many characters at its beginning are shown as `rich` calls it (`bold green`).
    """
    text = plain_line(text)
    if not _at_terminal():
        say(" " * indent + text)
        return
    from rich.console import Console
    from rich.text import Text

    if not shows_everything(sys.stdout):
        longer = len(encodable(text[:bold])) - bold
        text, bold = encodable(text), bold + longer
    console = Console(file=sys.stdout, highlight=False)
    words = Text(text)
    words.stylize(style, 0, bold)
    width = max(20, console.width - indent - hang)
    for number, line in enumerate(words.wrap(console, width)):
        line.rstrip()
        console.print(Text(" " * (indent + (hang if number else 0))) + line, soft_wrap=True)
    sys.stdout.flush()


def _at_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def say_json(document: Any) -> None:
    """Print a document as JSON; what the terminal cannot show is written in JSON's own way."""
    say(json.dumps(document, indent=1, ensure_ascii=not shows_everything(sys.stdout), allow_nan=False))


def say_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    styles: Mapping[str, str] = _PLAIN,
    total: bool = False,
) -> None:
    """Print a table: drawn for a person at a terminal, plain lines with blanks between columns for a program.

    Columns of numbers stand to the right. `NO_COLOR` is honoured; a terminal that is too narrow wraps cells, a file or
    a pipe never does.

    Parameters
    ----------
    styles
        Text of a cell -> how a terminal shows it, as `rich` calls it (`bold red`).
    total
        The last row is a sum of the others: at a terminal it stands apart.
    """
    texts = [["" if cell is None else _shown(str(cell)) for cell in row] for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[at], int | float) or row[at] in (None, "") for row in rows)
        for at in range(len(columns))
    ]
    if not _at_terminal():
        for line in plain_lines(columns, texts, numeric):
            say(line)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1), show_edge=False)
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    for number, row in enumerate(texts):
        if total and number == len(texts) - 1:
            table.add_section()
        table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    Console(file=sys.stdout, highlight=False).print(table)
    sys.stdout.flush()


def _shown(text: str) -> str:
    """Return a text as it will stand there, so that its width can be counted."""
    return plain_line(text) if shows_everything(sys.stdout) else encodable(plain_line(text))


def plain_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[str]:
    """Return a table as lines; a cell of several lines is written in one.

    >>> plain_lines(["arm", "left"], [["baseline", "2"], ["norm=batch", "12"]], [False, True])
    ['arm         left', 'baseline       2', 'norm=batch    12']
    """
    whole = [list(columns), *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(columns_of(row[at]) for row in whole) for at in range(len(columns))]
    lines = (
        "  ".join(filled(cell, width, right=right) for cell, width, right in zip(row, widths, numeric, strict=True))
        for row in whole
    )
    return [line.rstrip() for line in lines]


def warn(text: str) -> None:
    """Print a line on standard error that does not end the command."""
    sys.stderr.write(f"ablate: {plain_line(unkeyed(text))}\n")
    sys.stderr.flush()


def ui_line(root: Path) -> str:
    """Return the line that opens the MLflow UI on this store, from the current folder."""
    return f"{_program()} ui" if root == Path.cwd() else f"{_program()} ui --root {shlex.quote(str(root))}"


def _program() -> str:
    """Return how this program was started, as the user would type it again."""
    started = Path(sys.argv[0])
    if started.name != "ablate":
        return "python -m ablate"
    path = shutil.which("ablate")
    on_path = path is not None and Path(path).resolve() == started.resolve()
    return "ablate" if on_path else shlex.quote(short_path(started))


def duration_text(seconds: float) -> str:
    """Write a time as a user would say it: `40 s`, `12 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
