"""Columns of text beside an axes: as wide as what stands in them, so that no two texts touch."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

SIZE = 8.6  # points
_GAP = 14.0  # points between two columns
_FIRST = 16.0  # points from the axes, in which an arrow or a mark may stand


@dataclass(frozen=True)
class Margin:
    """Where columns begin, in points right of the axes, and how wide all of them are with the gap before the first.

    Attributes
    ----------
    begins, ends
        Name of a column -> where its widest text begins and ends.
    width
        Points.
    """

    begins: Mapping[str, float]
    ends: Mapping[str, float]
    width: float


def margin(columns: Mapping[str, Sequence[tuple[str, bool]]], *, size: float = SIZE) -> Margin:
    """Return the margin that holds columns side by side; one without a text takes no room.

    Parameters
    ----------
    columns
        Name -> its texts, each with whether it is bold.

    >>> told = margin({"effect": [("[−0.0017, +0.0042]", False)], "p": [("0.047", False)]})
    >>> told.begins["p"] > told.ends["effect"]
    True
    """
    begins, ends, at = dict[str, float](), dict[str, float](), _FIRST
    for name, texts in columns.items():
        widest = max((text_width(text, size=size, bold=bold) for text, bold in texts), default=0.0)
        begins[name], ends[name] = at, at + widest
        at = ends[name] + (_GAP if widest else 0.0)
    return Margin(begins, ends, at)


@lru_cache(maxsize=4096)
def text_width(text: str, *, size: float = SIZE, bold: bool = False) -> float:
    """Return how many points a text takes on a line: of DejaVu Sans, a Chinese character one em.

    The same on every machine, whichever fonts it has.
    """
    wide = [letter for letter in text if unicodedata.east_asian_width(letter) in "WF"]
    rest = "".join(letter for letter in text if unicodedata.east_asian_width(letter) not in "WF")
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    latin = text_to_path.get_text_width_height_descent(rest, font, ismath=False)[0] if rest else 0.0
    return float(latin) + size * len(wide)


def legend_columns(names: Sequence[str], figure: Figure, *, size: float = 9.0, most: int = 6) -> int:
    """Return how many names of a legend stand side by side: one that is wider than its figure would widen it."""
    widths = [52.0 + text_width(name, size=size) for name in names]  # with the line before it and a gap
    for columns in range(min(len(widths), most), 1, -1):
        if sum(float(max(column)) for column in np.array_split(widths, columns)) <= 72.0 * figure.get_figwidth():
            return columns
    return 1
