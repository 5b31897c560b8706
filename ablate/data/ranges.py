"""Groups of pictures that cannot be scaled alike: parts of an archive, or files of different types in one folder.

One black and one white hold for all values of an archive, and each type of picture has its own. A part with 0 and 1
beside one with 0 … 255, or pictures of 16 bits that hold bytes beside those of 8 bits, would keep 1/255 of their
contrast and train as if they were blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.values import EIGHT, FAINT, WEAK, number_text
from ablate.errors import UserError


@dataclass(frozen=True, eq=False)
class Group:
    """Pictures of one origin.

    Attributes
    ----------
    name
        As in "values go from 0 to 1 in NAME": a part, or the pictures of a type.
    positions
        Which examples they are; ascending.
    advice
        What to do where next to nothing is to be seen in them.
    white
        The stored value that is 1.0 in `Raw.values`: of pictures that were read as fractions of their own white.
    """

    name: str
    positions: NDArray[np.int64]
    advice: str
    white: float = 1.0


def check_ranges(
    stored: NDArray[Any], scaled: NDArray[np.uint8] | NDArray[np.float32], groups: Sequence[Group], *, what: str
) -> list[str]:
    """Return what is told of groups that use less than half of the range from black to white, where others use more.

    Parameters
    ----------
    stored
        Values as they were read, (examples, channels, height, width).
    scaled
        The same as bytes (255 is white) or fractions (1.0 is).

    Raises
    ------
    UserError
        The values of a group are at most 1/255 of the range apart, and those of another are not. Groups of one value
        throughout are blank, and pass.
    """
    white = EIGHT if scaled.dtype == np.uint8 else 1.0
    spans = [float(np.ptp(scaled[group.positions].astype(np.float64))) / white for group in groups]
    ranges = [_range(stored[group.positions], group) for group in groups]
    widest = max(spans, default=0.0)
    for group, span in zip(groups, spans, strict=True):
        if 0.0 < span <= FAINT < widest:
            listed = ", ".join(f"from {told} in {one.name}" for one, told in zip(groups, ranges, strict=True))
            raise UserError(
                f"{what}: values go {listed}: almost nothing would be seen in {group.name}, {_share(span)} of what is "
                f"between black and white: {group.advice}"
            )
    if widest < WEAK:
        return []
    return [
        f"values go from {told} in {group.name}, {_share(span)} of what is between black and white"
        for group, told, span in zip(groups, ranges, spans, strict=True)
        if 0.0 < span < WEAK
    ]


def _range(values: NDArray[Any], group: Group) -> str:
    low, high = float(values.min()), float(values.max())
    if group.white == 1.0:
        return f"{number_text(low)} to {number_text(high)}"
    whole = (f"{each * group.white:.0f}" for each in (low, high))  # as they were before they were divided
    return f"{' to '.join(whole)} of {number_text(group.white)}"


def _share(span: float) -> str:
    return f"{span:.2g}" if span < 0.01 else f"{span:.0%}"
