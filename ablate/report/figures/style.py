"""How every figure looks: ink, hues, markers, dashes, and the settings matplotlib draws under.

Colours are chosen once here. In the page they become CSS variables, so one drawing serves light and dark.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.lang import msg
from ablate.track import colours

INK = "#1f2429"  # text, axes
SOFT = "#667079"  # secondary text, chance lines
RULE = "#d5dade"  # grid, spines
BAND = "#e9ecef"  # the ±δ band
PAPER = "#ffffff"

HUES = colours.HUES
# Their brighter twins for the dark page, where both are CSS variables.
DARK_HUES = ("#4fb0ee", "#ff8f45", "#34cfa0", "#e5a0d8", "#f2b24a", "#9ad4fb", "#dfb58d", "#a8adb2")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
# (on, off, …) in points; empty is a solid line, then ever more broken.
DASHES: tuple[tuple[float, ...], ...] = (
    (), (5, 1.6), (1.2, 1.2), (5, 1.4, 1.2, 1.4), (8, 2), (3, 1, 1, 1, 1, 1), (2, 2), (9, 2, 2, 2),
)  # fmt: skip

# What a verdict says (`words.rulings.ruling_of`) -> (word, marker, filled, colour): shape and fill say it too, never
# colour alone.
LOOKS = {
    "supported": (msg("supported"), "o", True, HUES[0]),
    "refuted": (msg("refuted"), "D", True, HUES[1]),
    "inconclusive": (msg("inconclusive"), "o", False, SOFT),
    "not_tested": (msg("not tested"), "x", True, SOFT),
    "better": (msg("shown: better"), "^", True, HUES[0]),
    "worse": (msg("shown: worse"), "v", True, HUES[1]),
    "raises": (msg("shown: raises"), "^", True, HUES[0]),
    "lowers": (msg("shown: lowers"), "v", True, HUES[0]),
    "not_shown": (msg("not shown"), "o", False, SOFT),
}

SETTINGS: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "path.simplify_threshold": 0.3,
    "svg.fonttype": "none",  # text stays text: small, selectable, in the page's own font
    "text.color": INK,
    "text.parse_math": False,  # a level or metric with two `$` in its name is not a formula
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "xtick.major.size": 3.0,
    "xtick.major.width": 0.7,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
    "ytick.major.size": 3.0,
    "ytick.major.width": 0.7,
}


@dataclass(frozen=True)
class Drawn:
    """A finished figure.

    Attributes
    ----------
    name
        File stem, unique within a report.
    title
        A few words, the heading above it.
    caption
        What is drawn and what every mark, bar and band means.
    alt
        What a reader would take from it, for those who cannot see it.
    floor
        Width in CSS pixels below which it scrolls instead of shrinking further.
    """

    name: str
    title: str
    figure: Figure
    caption: str
    alt: str
    floor: int = 560


# Faces with Chinese glyphs, for level names; matplotlib knows a collection (.ttc) by its first face only.
_CHINESE = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei",
)  # fmt: skip


@cache
def font_family() -> list[str]:
    """Return DejaVu Sans and the first font with Chinese glyphs this machine has, if it has one."""
    return ["DejaVu Sans", *(_chinese() or _chinese_installed_since())[:1]]


def _chinese() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return [name for name in _CHINESE if name in installed]


def _chinese_installed_since() -> list[str]:
    """Look through the fonts that matplotlib's list, made once and kept, does not hold yet."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    listed = {font.fname for font in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - listed):
        with suppress(Exception):  # a file that cannot be read as a font is not one that helps here
            fontManager.addfont(path)
    return _chinese()


def has_chinese() -> bool:
    """Tell whether this machine has a font with Chinese glyphs."""
    return len(font_family()) > 1


@contextmanager
def drawing() -> Iterator[None]:
    """Draw under `SETTINGS`, whatever the user's matplotlibrc says, and restore theirs afterwards."""
    settings: Any = {key: mpl.rcParamsDefault[key] for key in mpl.rcParamsDefault if key != "backend"} | SETTINGS
    settings["font.family"] = font_family()
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # captions repeat all text outside the figure
        yield


def hue(position: int) -> str:
    """Return the colour of the n-th level; comes round after eight, when the marker has to tell."""
    return HUES[position % len(HUES)]


def bare_axes(ax: Axes, *, grid: str = "both") -> None:
    """Leave an axes with its left and bottom lines and a quiet grid along `grid` (`x`, `y`, `both`)."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(visible=False)
    ax.grid(visible=True, axis=grid)  # type: ignore[arg-type]
