r"""Tables for a paper, in booktabs rules, one column wide, ready for ``\input``: `table.tex` is that of the arms."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence

from ablate.lang import tr
from ablate.report.ablation import table_note
from ablate.report.metric_names import metric_heading, metric_title
from ablate.report.templating import Table
from ablate.terminal import plain_line

MOST_LINES = 40
"""Lines that stand on one page of a paper with their caption and notes; a longer table goes on in another one."""

LONGEST_WORDS, SHORTEST_WORDS = 24, 12
"""Letters of a line of words in a cell, where the texts of its column are long, and where they are not so long."""

BROKEN_WORDS = 20
"""Texts of more letters than this are broken into lines."""

LONGEST_CAPTION = 45
"""Letters that fit one line of a narrow column."""

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "∞": r"$\infty$", "–": "--", "—": "---", "…": r"\dots{}",
    "≥": r"$\geq$", "≤": r"$\leq$", "²": r"$^2$", "√": r"$\sqrt{}$", "·": r"$\cdot$", "✓": r"\checkmark{}",
    "✕": r"$\times$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", **{one: f"$\\{name}$" for one, name in _GREEK.items()},
    "→": r"$\to$", "“": "``", "”": "''", "∅": r"$\emptyset$", "\N{NO-BREAK SPACE}": "~",
    "\N{ZERO WIDTH SPACE}": r"\allowbreak{}",
}  # fmt: skip
_NUMBER = re.compile(r"(?P<sign>[+−-]?)(?P<whole>\d[\d,]*)(?:\.(?P<decimals>\d+))?")
_INTERVAL = re.compile(r"\[[+−-]?[\d.∞,]+, [+−-]?[\d.∞,]+\]")
_TYPED = re.compile(r"[+-]?\d|[{$]")
_ENDLESS = re.compile(r"[^\s=]{40,}")  # a path or a hash that is a level: no column is as wide
_LONG_WORD, _PIECES = re.compile(r"\S{25,}"), re.compile(r"\S{1,16}")
_PARTS = re.compile(r"[./_](?=\w{4})")  # where the name of a setting may go on in another line
_BREAK = re.compile(r"\s*\n\s*")  # an empty line ends a paragraph, which no cell of a table may hold
_PATTERN = re.compile("|".join(re.escape(key) for key in _SPECIAL))


def latex_text(text: str) -> str:
    r"""Escape what LaTeX would take for commands, and write out letters that it takes for none; a minus is a true one.

    >>> latex_text("init_std = 50 % & −3")
    'init\\_std = 50 \\% \\& $-$3'
    """
    line = "\N{ZERO WIDTH SPACE}".join(map(plain_line, _BREAK.sub(" ", text).split("\N{ZERO WIDTH SPACE}")))
    return _PATTERN.sub(lambda match: _SPECIAL[match[0]], line)


def latex_prose(text: str) -> str:
    r"""Escape a text of sentences; words that fit no line, such as hashes and paths, may be broken anywhere.

    >>> latex_prose("commit 0123456789abcdef0123456789abcdef")
    'commit 0123456789abcdef\\allowbreak{}0123456789abcdef'
    """
    return latex_text(_breakable(_LONG_WORD, text))


def _breakable(words: re.Pattern[str], text: str) -> str:
    return words.sub(lambda word: "\N{ZERO WIDTH SPACE}".join(_PIECES.findall(word[0])), text)


def arms_latex(table: Table | None, metric: str, *, label: str) -> str:
    """Return the table of all arms for a paper: its columns are explained below it, its caption is one line."""
    if table is None:
        return "% no metric, no table\n"
    title = metric_title(metric)
    logged = "" if title == metric else tr("Logged as {metric}.", metric=metric)
    note = " ".join(part for part in (logged, table_note(), table.note) if part)
    return latex_table(dataclasses.replace(table, title=metric_heading(metric), note=note), label=label)


def latex_table(table: Table, *, label: str) -> str:
    r"""Return table environments that fit one column: numbers aligned by siunitx, a one-line caption, notes below.

    The baseline's row is in italics. Heads are broken so that they make no column wider than its cells; a table that
    would still be wider than the column is scaled down to it. One of more than `MOST_LINES` lines goes on in a second
    environment under the same number.

    >>> from ablate.report.templating import Column, TextRow
    >>> rows = TextRow(("a", "9.5")), TextRow(("b", "–"))
    >>> small = Table("Accuracy", (Column("arm"), Column("mean (%)", "n")), rows)
    >>> print(latex_table(small, label="x").split("\\toprule")[0].splitlines()[-1])
    \begin{tabular}{@{}lS[table-format=1.1]@{}}
    """
    columns = [[row.cells[place] for row in table.rows] for place in range(len(table.columns))]
    kinds = [_kind(column.css, cells) for column, cells in zip(table.columns, columns, strict=True)]
    heads = [
        _head(column.title, kind, max(map(len, cells), default=0))
        for column, kind, cells in zip(table.columns, kinds, columns, strict=True)
    ]
    rows = [
        _row([_cell(c, k) for c, k in zip(row.cells, kinds, strict=True)], italic=row.css == "base")
        for row in table.rows
    ]
    heights = [max(map(_lines, row.cells, kinds), default=1) for row in table.rows]
    pages, flat = _pages(rows, heights), max(heights, default=1) == 1
    lines = [r"% Needs \usepackage{booktabs,siunitx,adjustbox} and, for check marks, \usepackage{amssymb}."]
    for number, page in enumerate(pages):
        caption = latex_text(table.title) + (latex_text(tr(" (continued)")) if number else "")
        lines += [
            r"\begin{table}[tbp]",
            r"\centering",
            r"\sisetup{retain-explicit-plus,group-digits=none}",
            r"\setlength{\tabcolsep}{3.5pt}",
            *([r"\addtocounter{table}{-1}"] if number else []),
            rf"\caption{{{caption}}}",
            *([] if number else [rf"\label{{tab:{re.sub('[^a-zA-Z0-9-]+', '-', label)}}}"]),
            r"\footnotesize",
            r"\begin{adjustbox}{max width=\linewidth}",
            rf"\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}",
            r"\toprule",
            _row(heads),
            r"\midrule",
            *(page if flat else [line for row in page for line in (row, r"\addlinespace[2pt]")][:-1]),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{adjustbox}",
            *(_note(table.note) if table.note and page is pages[-1] else []),
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def caption_of(title: str) -> str:
    """Return a title that stands on one line above a narrow column, `Verdicts` in place of a longer one."""
    return title if len(title) <= LONGEST_CAPTION else tr("Verdicts")


def _note(text: str) -> list[str]:
    return [r"\par\smallskip", r"\begin{minipage}{\linewidth}\scriptsize", latex_text(text), r"\end{minipage}"]


def _head(title: str, kind: str, width: int) -> str:
    r"""Write the head of a column, broken between words where it is wider than the cells below it.

    >>> print(_head("to baseline (pp)", "r", 8), _head("n", "r", 3), _head("mean (%)", "S", 5))
    \shortstack[r]{to\\baseline\\(pp)} n {\shortstack{mean\\(\%)}}
    """
    words = [part for word in title.split(" ") for part in _PARTS.sub("\\g<0> ", word).split(" ")]
    widest = max(width, *map(len, words))
    lines = [words[0]]
    for word in words[1:]:
        gap = "" if lines[-1][-1:] in "._/" else " "
        if len(lines[-1] + gap + word) <= widest:
            lines[-1] += gap + word
        else:
            lines.append(word)
    side = {"l": "[l]", "r": "[r]"}.get(kind[:1], "[l]" if kind.startswith(">") else "")
    text = r"\\".join(map(latex_text, lines))
    text = rf"\shortstack{side}{{{text}}}" if len(lines) > 1 else text
    return f"{{{text}}}" if kind.startswith("S") else text


def _kind(css: str, cells: Sequence[str]) -> str:
    """Return how a column is set: numbers by their point (`S`), intervals to the right, marks centred, words left."""
    hits = [match for cell in cells if (match := _NUMBER.fullmatch(cell))]
    if css == "n" and hits and all(map(_alone, cells)):
        whole = max(len(match["whole"].replace(",", "")) for match in hits)
        decimals = max(len(match["decimals"] or "") for match in hits)
        sign = "+" if any(match["sign"] == "+" for match in hits) else "-" if any(m["sign"] for m in hits) else ""
        return f"S[table-format={sign}{whole}.{decimals}]"
    if css:
        return "r" if css == "n" else "c"
    cells = [_breakable(_ENDLESS, cell) for cell in cells]
    words = [cell for cell in cells if len(cell) > BROKEN_WORDS and re.search(r"[ \N{ZERO WIDTH SPACE}]", cell)]
    if not words:
        return "l"
    longest = max(len(word) for cell in words for word in re.split("[ =\N{ZERO WIDTH SPACE}]", cell)) + 1
    letters = LONGEST_WORDS if max(map(len, words)) > 2 * LONGEST_WORDS else SHORTEST_WORDS
    return rf">{{\raggedright\arraybackslash}}p{{{max(0.6 * longest, 0.48 * letters):.3g}em}}"


def _lines(cell: str, kind: str) -> int:
    """Return about how many lines a cell takes in its column."""
    width = re.search(r"p\{([\d.]+)em\}", kind)
    return 1 if width is None else math.ceil(len(cell) * 0.55 / float(width[1]))


def _pages(rows: Sequence[str], heights: Sequence[int]) -> list[list[str]]:
    """Return the rows page by page, none of more lines than fit; a table without rows is one page."""
    pages: list[list[str]] = [[]]
    used = 0
    for row, height in zip(rows, heights, strict=True):
        if pages[-1] and used + height > MOST_LINES:
            pages.append([])
            used = 0
        pages[-1].append(row)
        used += height
    return pages


def _alone(cell: str) -> bool:
    """Whether a cell is one number, a bound of one, or words."""
    return bool(_NUMBER.fullmatch(cell.removeprefix("< "))) or not any(map(str.isdigit, cell))


def _cell(cell: str, kind: str) -> str:
    """Write a cell for its column; what is not a number stands in braces among numbers, an interval in math."""
    if kind.startswith("S"):
        return cell.replace("−", "-").replace(",", "") if _NUMBER.fullmatch(cell) else f"{{{latex_text(cell)}}}"
    if _INTERVAL.fullmatch(cell):
        low, high = cell.strip("[]").replace("−", "-").replace("∞", r"\infty").split(", ")
        return f"$[{low},\\,{high}]$"
    if kind.startswith(">"):
        return latex_text(_breakable(_ENDLESS, cell)).replace("=", r"=\allowbreak{}")
    return latex_text(cell)


def _row(texts: Sequence[str], *, italic: bool = False) -> str:
    """Join the cells of a row; numbers stay upright, as siunitx sets them."""
    slanted = [rf"\textit{{{text}}}" if italic and text and not _TYPED.match(text) else text for text in texts]
    # A cell that begins with a bracket would be read as the optional argument of the `\\` before it.
    slanted[0] = f"{{}}{slanted[0]}" if slanted[0].startswith("[") else slanted[0]
    return " & ".join(slanted) + r" \\"
