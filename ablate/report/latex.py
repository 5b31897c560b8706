r"""`table.tex`: the ablation table for a paper, in booktabs rules, one column wide, ready for ``\input``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ablate.report.templating import Table

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "∞": r"$\infty$", "–": "--", "—": "---", "…": r"\dots{}",
    "≥": r"$\geq$", "≤": r"$\leq$", "δ": r"$\delta$", "σ": r"$\sigma$", "ε": r"$\varepsilon$", "α": r"$\alpha$",
    "ω": r"$\omega$", "²": r"$^2$", "√": r"$\sqrt{}$", "·": r"$\cdot$", "✓": r"\checkmark{}", "✕": r"$\times$",
    "→": r"$\to$", "“": "``", "”": "''", "∅": r"$\emptyset$", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip
_NUMBER = re.compile(r"(?P<sign>[+−-]?)(?P<whole>\d[\d,]*)(?:\.(?P<decimals>\d+))?")
_INTERVAL = re.compile(r"\[[+−-]?[\d.∞,]+, [+−-]?[\d.∞,]+\]")
_TYPED = re.compile(r"[+-]?\d|[{$]")
_PATTERN = re.compile("|".join(re.escape(key) for key in _SPECIAL))


def latex_text(text: str) -> str:
    r"""Escape what LaTeX would take for commands; a leading minus becomes a true one.

    >>> latex_text("init_std = 50 % & −3")
    'init\\_std = 50 \\% \\& $-$3'
    """
    return _PATTERN.sub(lambda match: _SPECIAL[match[0]], text)


def latex_table(table: Table, *, label: str) -> str:
    r"""Return a table environment that fits one column: numbers aligned by siunitx, a one-line caption, notes below.

    The baseline's row is in italics. A table that would be wider than the column is scaled down to it.

    >>> from ablate.report.templating import Column, Row
    >>> small = Table("Accuracy", (Column("arm"), Column("mean (%)", "n")), (Row(("a", "9.5")), Row(("b", "–"))))
    >>> print(latex_table(small, label="x").split("\\toprule")[0].splitlines()[-1])
    \begin{tabular}{@{}lS[table-format=1.1]@{}}
    """
    columns = [[row.cells[place] for row in table.rows] for place in range(len(table.columns))]
    kinds = [_kind(column.css, cells) for column, cells in zip(table.columns, columns, strict=True)]
    heads = [
        f"{{{latex_text(column.title)}}}" if kind.startswith("S") else latex_text(column.title)
        for column, kind in zip(table.columns, kinds, strict=True)
    ]
    lines = [
        r"% Needs \usepackage{booktabs,siunitx,adjustbox} and, for check marks, \usepackage{amssymb}.",
        r"\begin{table}",
        r"\centering",
        r"\sisetup{retain-explicit-plus}",
        r"\setlength{\tabcolsep}{3.5pt}",
        rf"\caption{{{latex_text(table.title)}}}",
        rf"\label{{tab:{re.sub('[^a-zA-Z0-9-]+', '-', label)}}}",
        r"\footnotesize",
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}",
        r"\toprule",
        _row(heads),
        r"\midrule",
        *(_row([_cell(c, k) for c, k in zip(row.cells, kinds, strict=True)], italic=row.css == "base")
          for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        *([r"\par\smallskip", r"\begin{minipage}{\linewidth}\scriptsize", latex_text(table.note), r"\end{minipage}"]
          if table.note else []),
        r"\end{table}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _kind(css: str, cells: Sequence[str]) -> str:
    """Return how a column is set: numbers by their point (`S`), intervals to the right, marks centred, words left."""
    found = [match for cell in cells if (match := _NUMBER.fullmatch(cell))]
    if css == "n" and found and all(map(_alone, cells)):
        whole = max(len(match["whole"].replace(",", "")) for match in found)
        decimals = max(len(match["decimals"] or "") for match in found)
        sign = "+" if any(match["sign"] == "+" for match in found) else "-" if any(m["sign"] for m in found) else ""
        return f"S[table-format={sign}{whole}.{decimals}]"
    return "r" if css == "n" else "c" if css == "mark" else "l"


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
    return latex_text(cell)


def _row(texts: Sequence[str], *, italic: bool = False) -> str:
    """Join the cells of a row; numbers stay upright, as siunitx sets them."""
    slanted = [rf"\textit{{{text}}}" if italic and text and not _TYPED.match(text) else text for text in texts]
    # A cell that begins with a bracket would be read as the optional argument of the `\\` before it.
    slanted[0] = f"{{}}{slanted[0]}" if slanted[0].startswith("[") else slanted[0]
    return " & ".join(slanted) + r" \\"
