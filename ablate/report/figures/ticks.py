"""Labels beside axes: they do not touch each other, and stand for what a reader compares."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter
from matplotlib.transforms import Bbox

from ablate.words.amounts import ratio_text

_GAP = 3.0
"""Pixels between two labels, at the least."""

_RATIOS = (1, 10, 2, 5, 100, 1.5, 1.25, 3, 4, 1.1, 20, 50, 1000, 1.05, 1.02, 1.01)
"""Ratios that may have a label, the ones that are easiest to read first; each with its inverse."""


def ratio_ticks(axis: Axis, low: float, high: float, *, most: int = 7) -> None:
    """Label an axis of log ratios with the ratios: nobody thinks in logarithms.

    Parameters
    ----------
    low, high
        Ends of the axis, natural logarithms.
    most
        About how many labels there is room for.
    """
    apart_by, kept = (high - low) / most, [0.0] if low <= 0.0 <= high else []
    for ratio in _RATIOS[1:]:
        for at in (math.log(ratio), -math.log(ratio)):
            if low <= at <= high and all(abs(at - other) >= apart_by for other in kept):
                kept.append(at)
    axis.set_major_locator(FixedLocator(sorted(kept)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"×{ratio_text(value)}"))


def apart(figure: Figure, *, names: Collection[Axes] = ()) -> None:
    """Turn labels below the axes of a figure where they would touch, or leave some of them out.

    Names and levels are turned, because a reader needs them all. Of numbers on a scale every second, third, … label
    stays, and all ticks. To be called when all is drawn.

    Parameters
    ----------
    names
        The axes whose labels are names or levels at places of their own, not numbers on a scale.
    """
    figure.draw_without_rendering()
    done: set[int] = set()
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        low, high = sorted(ax.get_xlim())
        ticks = [tick for tick in ax.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        ticks = [tick for tick in ticks if tick.label1.get_visible() and tick.label1.get_text()]
        if not _touch(ticks):
            continue
        if ax in names:
            for label in ax.get_xticklabels():
                label.set(rotation=45, ha="right", rotation_mode="anchor")
        elif id(ax) not in done:  # axes that are shared have their ticks together
            done |= {id(one) for one in ax.get_shared_x_axes().get_siblings(ax)}
            every = next(n for n in range(2, len(ticks) + 1) if not _touch(ticks[::n]))
            texts = [tick.label1.get_text() if i % every == 0 else "" for i, tick in enumerate(ticks)]
            ax.set_xticks([tick.get_loc() for tick in ticks], texts)


def _touch(ticks: Sequence[Tick]) -> bool:
    boxes = sorted((tick.label1.get_window_extent() for tick in ticks), key=lambda box: float(box.x0))
    return any(_near(left, right) for left, right in itertools.pairwise(boxes))


def _near(left: Bbox, right: Bbox) -> bool:
    return float(right.x0) - float(left.x1) < _GAP
