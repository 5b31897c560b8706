"""Texts that must fit: a panel's title in as many lines as its width asks for, a tick's label in a few short ones."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.report.figures.margins import text_width
from ablate.report.figures.style import INK, hue

_EM = 0.58  # mean width of a letter of DejaVu Sans in ems; bold is a tenth wider, a Chinese character is one em
_BOLD = 1.1
_LEAST = 7.0  # points; below it a phone shows dust
_ROW = 10.5  # points a row of counts takes
_BREAKS = re.compile(r"(?<=, )|(?<=，)|(?<=: )|(?<=：)")


def title(
    ax: Axes, text: str, *, inches: float, size: float = 9.0, pad: float = 6.0, lines: int = 3, bold: bool = False
) -> None:
    """Set a panel's title, broken and if need be smaller, so that it does not run into its neighbour's.

    Parameters
    ----------
    inches
        Room from the panel's left edge to the next title.
    size
        Font size in points where everything fits.
    lines
        The most lines; a text that needs more at the smallest size loses its end to an ellipsis.
    """
    weight = "bold" if bold else "normal"
    text, size = fitted(text, inches / (_BOLD if bold else 1.0), size=size, lines=lines)
    ax.set_title(text, fontsize=size, color=INK, pad=pad, loc="left", fontweight=weight, linespacing=1.15)


def head(ax: Axes, text: str, counts: Sequence[tuple[int, str]], *, inches: float) -> None:
    """Set a panel's title above a count per arm, each in its hue, in as many rows as the panel's width asks for.

    A row wider than its panel would make the layout shrink the panel to nothing.

    Parameters
    ----------
    counts
        (position of the hue, text).
    """
    rows: list[list[tuple[float, int, str]]] = [[]]
    offset = 0.0
    for position, count in counts:
        width = 5.6 * len(count)
        if rows[-1] and offset + width > 72.0 * inches:
            rows.append([])
            offset = 0.0
        rows[-1].append((offset, position, count))
        offset += width + 9
    for i, row in enumerate(reversed(rows)):
        for at, position, count in row:
            ax.annotate(
                count, (0, 1), (at, 3.5 + _ROW * i), xycoords="axes fraction", textcoords="offset points",
                fontsize=7.8, color=hue(position), va="bottom", ha="left", fontweight="bold", annotation_clip=False,
            )  # fmt: skip
    if text:
        title(ax, text, inches=inches, pad=6.0 + _ROW * len(rows))


def fitted(text: str, inches: float, *, size: float, lines: int = 3) -> tuple[str, float]:
    r"""Break a text after commas and colons into lines of a width; returns it with the font size it fits at.

    >>> fitted("dataset = digits, model.hidden = [64 ×7]", 2.0, size=9.0)
    ('dataset = digits,\nmodel.hidden = [64 ×7]', 9.0)
    """
    while True:
        room = inches * 72.0 / size
        packed = _packed(text, room)
        if len(packed) <= lines and all(_ems(line) <= room for line in packed):
            return "\n".join(packed), size
        if size <= _LEAST:
            kept = [_cut(line, room) for line in packed[:lines]]
            if len(packed) > lines:
                kept[-1] = _cut(kept[-1] + "…", room)
            return "\n".join(kept), size
        size = max(_LEAST, size - 0.5)


def beside(text: str, inches: float, *, size: float = 9.5) -> str:
    r"""Break the label beside a vertical axis between words into lines no longer than the axis.

    Parameters
    ----------
    inches
        Room along the axis.
    size
        Font size in points.

    >>> beside("steps from the change of task to the target (steps)", 2.1, size=8.2)
    'steps from the change of task to the\ntarget (steps)'
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size=size) <= 72.0 * inches:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def side_title(figure: Figure, text: str) -> None:
    """Set the label beside all axes of a figure, in lines that do not reach the legend above."""
    figure.supylabel(beside(text, max(1.0, figure.get_figheight() - 1.1)), fontsize=9.5, color=INK)


def told_apart(names: Sequence[str], most: int = 88) -> list[str]:
    """Return names of rows or sides; those of more than `most` letters are cut in the middle, if they stay apart.

    A name takes the room of what is drawn beside it; the figure's description has the whole one.

    >>> told_apart(["norm=batch", "path=a/b/c/d/e/f"], most=11)
    ['norm=batch', 'path=…d/e/f']
    """
    side = (most - 1) // 2
    cut = {name: name if letters(name) <= most else f"{name[:side]}…{name[-side:]}" for name in names}
    times = Counter(cut.values())
    return [cut[name] if times[cut[name]] == 1 else name for name in names]


def narrow(text: str, letters: int) -> str:
    r"""Break a name such as a level into lines of about so many letters, after `_`, `=`, `.`, `/` and blanks.

    >>> narrow("zero_centred_sigmoid", 12)
    'zero_\ncentred_\nsigmoid'
    """
    lines: list[str] = []
    for part in re.split(r"(?<=[_=./ ])", text):
        if lines and len(lines[-1]) + len(part) <= letters:
            lines[-1] += part
        else:
            lines.append(part)
    return "\n".join(line.rstrip() for line in lines)


def _packed(text: str, room: float) -> list[str]:
    lines: list[str] = []
    for part in _BREAKS.split(text):
        if lines and _ems((lines[-1] + part).rstrip()) <= room:
            lines[-1] += part
        else:
            lines.append(part)
    return [line.rstrip() for line in lines]


def _cut(line: str, room: float) -> str:
    if _ems(line) <= room:
        return line
    while line and _ems(line + "…") > room:
        line = line[:-1]
    return line.rstrip("… ") + "…"


def letters(text: str) -> float:
    """Return as many letters of the Latin alphabet as a text is about as wide as.

    >>> letters("norm=batch")
    10.0
    """
    return sum(1.0 / _EM if unicodedata.east_asian_width(letter) in "WF" else 1.0 for letter in text)


def _ems(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else _EM for letter in text)
