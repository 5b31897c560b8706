"""The two templates and what they need: HTML escaping by default, Markdown escaping, aligned Markdown tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from ablate.lang import closed_up, language, tr
from ablate.terminal import columns_of, plain_line

# Only what GitHub would read as markup where it stands: a raw file full of backslashes is hard to read too.
_MARKUP = re.compile(r"([\\`*<|$~]|\](?=[(\[:])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_CODE = re.compile(r"(`[^`|\\]+`)")
_JOINT = re.compile(r"(?<=[_/])(?=[^\W\d_])")  # where a long name may go on in the next line
# Points: the width of a printed table, of a letter in it, of one in a crowded table, and between columns.
_PAGE, _LETTER, _SMALL, _GAP = 500.0, 4.2, 3.4, 5.0


@dataclass(frozen=True)
class Column:
    """A column's heading and its CSS class: `n` for numbers (right), `mark` for component marks (centred)."""

    title: str
    css: str = ""


@dataclass(frozen=True)
class TextRow:
    """One row of texts, and its CSS class (`base`, `total`)."""

    cells: tuple[str, ...]
    css: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts that reads the same in HTML and in Markdown."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[TextRow, ...]
    note: str = ""

    @property
    def fit(self) -> str:
        """CSS class on paper: `crowded` where it fits a page in small letters alone, `packed` where words break too.

        >>> cells = ("an arm with a long_name", "0.93 [0.91, 0.95]")
        >>> columns = Column("arm"), Column("mean", "n")
        >>> [Table("", columns * n, (TextRow(cells * n),)).fit for n in (3, 5, 20)]
        ['', 'crowded', 'packed']
        """
        lines = [[column.title for column in self.columns], *(row.cells for row in self.rows)]
        longest = [
            max(_longest(line[at], column.css if i else "") for i, line in enumerate(lines))
            for at, column in enumerate(self.columns)
        ]
        gaps = _GAP * len(longest)
        if gaps + _LETTER * sum(longest) <= _PAGE:
            return ""
        return "crowded" if gaps + _SMALL * sum(longest) <= _PAGE else "packed"


def markdown_text(text: object) -> str:
    r"""Escape what Markdown would take for markup, and keep the text on one line.

    >>> markdown_text("a_b * <c> | d")
    'a_b \\* \\<c> \\| d'
    >>> markdown_text("see `batch_norm`*")
    'see `batch_norm`\\*'
    """
    # What stands between backticks is code in the study's own words already, and has no markup inside.
    parts = _CODE.split(" ".join(str(text).split()))
    return "".join(part if i % 2 else _MARKUP.sub(r"\\\1", part) for i, part in enumerate(parts))


def plain_text(text: str) -> str:
    r"""Return what `markdown_text` was given, on one line.

    >>> plain_text("a_b \\* \\<c> \\| d")
    'a_b * <c> | d'
    """
    parts = _CODE.split(text)
    return "".join(part if i % 2 else re.sub(r"\\(.)", r"\1", part) for i, part in enumerate(parts))


def html_text(text: object) -> Markup:
    """Escape a text for HTML; what stands between backticks becomes code.

    >>> str(html_text("see `dropout` & co"))
    'see <code>dropout</code> &amp; co'
    """
    return Markup("").join(
        Markup("<code>{}</code>").format(part[1:-1]) if i % 2 else escape(part)
        for i, part in enumerate(_CODE.split(str(text)))
    )


def cell_text(text: object) -> Markup:
    """Escape a text for a cell in HTML: long names may break, and a mark stays with its word.

    >>> str(cell_text("learning_rate/<min>"))
    'learning_<wbr>rate/&lt;min&gt;'
    >>> cell_text("✓ supported") == "✓\u00a0supported"
    True
    """
    parts = _JOINT.split(str(text))
    first = parts[0]
    if len(first) > 2 and first[1] == " " and not first[0].isalnum():
        parts[0] = f"{first[0]}\u00a0{first[2:]}"
    return Markup("<wbr>").join(parts)


def alt_text(text: str, most: int = 700) -> str:
    """Cut a figure's words where they get longer than anyone listens to, at the end of a part.

    >>> alt_text("Map. a: 1; b: 2; c: 3.", most=17)
    'Map. a: 1; b: 2 … (all numbers: runs.csv)'
    """
    more = tr(" … (all numbers: runs.csv)")
    if len(text) <= most or text.endswith(more):
        return text
    end = max(text.rfind(stop, 0, most) for stop in ("; ", ". ", "；", "。"))
    return text[: end if end > 0 else most] + more


def markdown_table(table: Table) -> str:
    """Return a GitHub table, padded so that the raw text lines up too."""
    heads = [markdown_text(column.title) for column in table.columns]
    bold = {"base": "", "total": "**"}
    rows = []
    for row in table.rows:
        mark = bold.get(row.css, "")
        rows.append([f"{mark}{markdown_text(cell)}{mark}" if cell else "" for cell in row.cells])
    widths = [max(3, *(columns_of(line[i]) for line in [heads, *rows])) for i in range(len(heads))]
    right = [column.css == "n" for column in table.columns]
    centre = [column.css == "mark" for column in table.columns]

    def line(cells: list[str]) -> str:
        padded = [
            " " * (w - columns_of(c)) + c if r else c + " " * (w - columns_of(c))
            for c, w, r in zip(cells, widths, right, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * (w - 1) + ":" if r else ":" + "-" * (w - 2) + ":" if m else "-" * w
        for w, r, m in zip(widths, right, centre, strict=True)
    ]
    return "\n".join([line(heads), line(rule), *(line(row) for row in rows)])


def _longest(text: str, css: str) -> int:
    """Return the width of what is never broken in a cell, in letters."""
    if css == "n":
        return columns_of(text)
    if css == "strip":
        return 1
    parts = re.split(r"[\s-]+", _JOINT.sub(" ", text))
    # A line may end at any Chinese letter.
    return max(len(part) if columns_of(part) == len(part) else 2 for part in parts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ablate.report"),
        autoescape=select_autoescape(["html.j2"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_text
    environment.filters["mdtable"] = markdown_table
    environment.filters["prose"] = html_text
    environment.filters["alt"] = alt_text
    environment.filters["cell"] = cell_text
    environment.globals |= {"gap": "\n\n", "tr": tr, "language": language}
    return environment


def render(template: str, **context: Any) -> str:
    """Fill a template (`report.html.j2`, `report.md.j2`); a name the page does not have is an error.

    Letters that cannot be seen (of a level, a title, an error) are written out: they turn a line round, or a terminal
    that shows the page does what they say.
    """
    text = plain_line(_environment().get_template(template).render(**context))
    return closed_up(re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n")
