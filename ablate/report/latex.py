r"""`table.tex`: the ablation table for a paper, in booktabs rules, ready for ``\input``."""

from __future__ import annotations

import re

from ablate.report.templating import Table

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "∞": r"$\infty$", "–": "--", "—": "---", "…": r"\dots{}",
    "≥": r"$\geq$", "≤": r"$\leq$", "δ": r"$\delta$", "σ": r"$\sigma$", "ε": r"$\varepsilon$", "α": r"$\alpha$",
    "ω": r"$\omega$", "²": r"$^2$", "√": r"$\sqrt{}$", "·": r"$\cdot$", "✓": r"\checkmark{}", "✕": r"$\times$",
    "→": r"$\to$", "“": "``", "”": "''", "∅": r"$\emptyset$", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip
_PATTERN = re.compile("|".join(re.escape(key) for key in _SPECIAL))


def latex_text(text: str) -> str:
    r"""Escape what LaTeX would take for commands; a leading minus becomes a true one.

    >>> latex_text("init_std = 50 % & −3")
    'init\\_std = 50 \\% \\& $-$3'
    """
    return _PATTERN.sub(lambda match: _SPECIAL[match[0]], text)


def latex_table(table: Table, *, label: str) -> str:
    """Return a table environment: numbers to the right, the baseline's row in italics, the note below the caption."""
    align = "".join("r" if column.css == "n" else "c" if column.css == "mark" else "l" for column in table.columns)
    lines = [
        r"% Needs \usepackage{booktabs} and, for check marks, \usepackage{amssymb}.",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_text(f'{table.title}. {table.note}'.strip())}}}",
        rf"\label{{tab:{re.sub('[^a-zA-Z0-9-]+', '-', label)}}}",
        r"\small",
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        _row([column.title for column in table.columns]),
        r"\midrule",
        *(_row(row.cells, italic=row.css == "base") for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: list[str] | tuple[str, ...], *, italic: bool = False) -> str:
    texts = [latex_text(cell) for cell in cells]
    # A cell that begins with a bracket would be read as the optional argument of the `\\` before it.
    texts[0] = f"{{}}{texts[0]}" if texts[0].startswith("[") else texts[0]
    return " & ".join(rf"\textit{{{text}}}" if italic and text else text for text in texts) + r" \\"
