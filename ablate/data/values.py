"""From values as they are stored to fractions in [0, 1], by a stated rule or by what the user declares.

The rule: black is 0; white is what the type can hold at most (255, 65,535), and 1 for fractions. Whole numbers that
are all 0 or 1 are taken as black and white, or a picture would keep 1/255 of its contrast. What does not fit is
refused, and what looks odd is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, must

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

EIGHT, SIXTEEN = 255.0, 65_535.0

FAINT = 1.001 / 255  # of the range from black to white: a step of an 8-bit picture, and no picture is left
WEAK = 0.5  # of the range: worth telling
_AT_ONCE = 1 << 22  # values that are converted at a time


@dataclass(frozen=True)
class Raw:
    """Values as they are stored.

    Attributes
    ----------
    values
        (examples, channels, height, width), of any real type.
    full
        The value that is white by the type; None where the type says nothing (64-bit whole numbers hold anything).
    whole
        Whether they are whole numbers, whatever type holds them here.
    """

    values: NDArray[Any]
    full: float | None
    whole: bool


@dataclass(frozen=True)
class Declared:
    """The values that are black and white, as the user declares them; None: by the rule.

    Attributes
    ----------
    possible
        False for sources without these settings; errors then do not speak of them.
    """

    black: float | None = None
    white: float | None = None
    possible: bool = True

    def __post_init__(self) -> None:
        if self.white is None and self.black is not None:
            raise must("dataset.white", "be given with dataset.black", None)
        if self.black is not None and not np.isfinite(self.black):
            raise must("dataset.black", "be a number", self.black)
        black = self.black or 0.0
        if self.white is not None and not 0.0 < self.white - black < np.inf:
            raise must("dataset.white", f"be a number above dataset.black ({number_text(black)})", self.white)

    def hint(self, text: str) -> str:
        """Return what to declare, or nothing where nothing can be."""
        return f": {text}" if self.possible else ""


def number_text(value: float) -> str:
    """Write a number so that it reads as itself again.

    >>> number_text(255.0), number_text(-0.1)
    ('255', '-0.1')
    """
    return f"{value:.0f}" if value == round(value) and abs(value) < 2**53 else repr(float(value))


def by_type(values: NDArray[Any]) -> tuple[Raw, list[str]]:
    """Return an array with the white of its type, and what is told of it.

    Sixteen bits that hold no value above 255 are most often bytes in a wider type: taken as such, and told.
    """
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind in "fb":
        return Raw(values, 1.0, whole=kind == "b"), []
    if kind == "u" and size == 1:
        return Raw(values, EIGHT, whole=True), []
    if kind == "u" and size == 2 and values.size:
        if (high := int(values.max())) > EIGHT:
            return Raw(values, SIXTEEN, whole=True), []
        told = f"16-bit values up to {high} are taken as 8-bit ones (dataset.white=65535 takes them as 16-bit)"
        return Raw(values, EIGHT, whole=True), [told] * (high > 1)
    return Raw(values, None, whole=True), []


def fractions(
    raw: Raw, declared: Declared, *, what: str, named: Callable[[int], str]
) -> tuple[Bytes | Floats, list[str]]:
    """Return values in [0, 1] and what the user is told.

    Values that are all multiples of 1/255, as those of 8-bit pictures are in whatever type, come back as bytes (255 is
    1.0): the same pictures are then the same data. All others come back as float32.

    Parameters
    ----------
    what
        Names the source in errors.
    named
        Names an image by its position.

    Raises
    ------
    UserError
        Values are not finite, outside the range, or so close together that no picture would be left.
    """
    values = raw.values
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        first = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(axis=1)))
        raise UserError(f"{what} has values that are not finite (NaN or infinity), first in {named(first)}")
    low, high = float(values.min()), float(values.max())
    black, white, notes = _range(raw, low, high, declared, what=what)
    span = (high - low) / (white - black)
    if 0.0 < span < WEAK:
        share = f"{span:.2g}" if span < 0.01 else f"{span:.0%}"
        weak = f"values go from {number_text(low)} to {number_text(high)}, {share} of what is between black and white"
        weak += f" ({number_text(black)} and {number_text(white)})"
        spread = declared.hint(f"dataset.black={number_text(low)} dataset.white={number_text(high)} spreads them")
        if span <= FAINT and declared.possible and declared.white is None:
            raise UserError(
                f"{what}: {weak}, and little would be seen{spread}, dataset.white={number_text(white)} keeps them"
            )
        notes.append(f"{weak}{spread}")
    return _converted(values, black, white, whole=raw.whole), notes


def _range(raw: Raw, low: float, high: float, declared: Declared, *, what: str) -> tuple[float, float, list[str]]:
    """Return the values of black and white, and what is told of them."""
    has = f"{what} has values from {number_text(low)} to {number_text(high)}"
    if declared.white is not None:
        black, white = declared.black or 0.0, declared.white
        if low < black or high > white:
            stated = f"dataset.black={number_text(black)}, dataset.white={number_text(white)}"
            raise UserError(f"{has}, outside of what is declared: {stated}")
        return black, white, [f"values from {number_text(black)} to {number_text(white)} become 0 to 1, as declared"]
    if low < 0.0:
        hint = declared.hint(
            f"dataset.black={number_text(low)} dataset.white={number_text(high)} would make them black and white"
        )
        raise UserError(f"{has}: without a declared black, values must not be negative{hint}")
    if not raw.whole:
        if high > 1.0:
            usual = " (dataset.white=255 is usual)" if high < EIGHT else ""
            hint = declared.hint(f"dataset.white={number_text(high)} would make that value white{usual}")
            raise UserError(f"{has}: fractions must lie in [0, 1]{hint}")
        return 0.0, 1.0, []
    if raw.full == 1.0:
        return 0.0, 1.0, []
    if high <= 1.0:
        otherwise = f" (dataset.white={raw.full or EIGHT:.0f} keeps them nearly black)" if declared.possible else ""
        return 0.0, 1.0, [f"all values are 0 or 1: taken as black and white{otherwise}"] * (high > low)
    if raw.full is None:
        if high > EIGHT:
            hint = declared.hint(
                f"dataset.white={number_text(high)} or dataset.white=65535 would make that value white"
            )
            raise UserError(f"{has}: whole numbers of {raw.values.dtype} must lie in 0 … 255{hint}")
        return 0.0, EIGHT, []
    return 0.0, raw.full, [f"values have more than 8 bits: {raw.full:.0f} is white"] * (raw.full > EIGHT)


def _converted(values: NDArray[Any], black: float, white: float, *, whole: bool) -> Bytes | Floats:
    if whole and black == 0.0 and white in (1.0, EIGHT):
        as_they_are: Bytes = values.astype(np.uint8, copy=False)
        return as_they_are if white == EIGHT else as_they_are * np.uint8(EIGHT)
    eps = max(float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 0.0, float(np.finfo(np.float32).eps))
    levels = np.empty(values.shape, dtype=np.uint8)
    for part in _parts(values):
        exact = (values[part].astype(np.float64) - black) * (EIGHT / (white - black))
        nearest = np.rint(exact)
        # As far from a multiple of 1/255 as rounding to the stored type, twice, may have taken it.
        if not (np.abs(exact - nearest) <= 2.0 * eps * nearest).all():
            break
        levels[part] = nearest
    else:
        return levels
    scaled = np.empty(values.shape, dtype=np.float32)
    for part in _parts(values):
        scaled[part] = (values[part].astype(np.float64) - black) / (white - black)
    return scaled


def _parts(values: NDArray[Any]) -> Iterator[slice]:
    """Return slices of the examples, so that no copy in float64 is larger than a few megabytes."""
    each = max(values[0].size, 1)
    step = max(_AT_ONCE // each, 1)
    return (slice(start, start + step) for start in range(0, len(values), step))
