"""Which axis of an array is what: stated where it is plain, asked for where it is not."""

from __future__ import annotations

import math
import re
from typing import Any

from numpy.typing import NDArray

from ablate.errors import UserError, unknown

FIRST, LAST = "channels_first", "channels_last"
_SHAPE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})x([1-9]\d{0,5})")
_CHANNELS = (1, 3)


def check_layout(layout: str | None) -> None:
    """Raise `UserError` unless a layout is one of those that `arranged` knows."""
    if layout is not None and layout not in (FIRST, LAST) and not _SHAPE.fullmatch(layout):
        raise unknown("dataset.layout", layout, [FIRST, LAST, "CHANNELSxHEIGHTxWIDTH such as 1x28x28"])


def arranged(images: NDArray[Any], layout: str | None, *, what: str) -> NDArray[Any]:
    """Return images as (examples, channels, height, width).

    Read are (examples, height, width), and four axes with 1 or 3 channels second or last. Where both could be the
    channels, and where an image is a row of numbers, the user has to say it.

    Parameters
    ----------
    layout
        `channels_first`, `channels_last`, a shape such as `1x28x28` for rows of numbers; None: as the shape says.

    Raises
    ------
    UserError
        The shape is none of these, or is ambiguous.
    """
    shape = images.shape
    if layout is not None and (numbers := _SHAPE.fullmatch(layout)):
        return _unfolded(images, tuple(map(int, numbers.groups())), what=what)
    if images.ndim == 3:
        if layout is not None:
            raise UserError(
                f"{what} has images of shape {shape}, without channels: dataset.layout={layout} cannot hold"
            )
        return _whole(images[:, None], what=what)
    if images.ndim == 2:
        raise UserError(
            f"{what} has rows of {shape[1]} numbers and not pictures: dataset.layout=1x{_sides(shape[1])} or another "
            "CHANNELSxHEIGHTxWIDTH says how they are arranged"
        )
    if images.ndim == 4:
        first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
        if layout is None and first and last and shape[1:] != (1, 1, 1):
            raise UserError(
                f"{what} has images of shape {shape}: the channels may be the second or the last axis, say which with "
                f"dataset.layout={FIRST} or dataset.layout={LAST}"
            )
        if first and layout in (None, FIRST):
            return _whole(images, what=what)
        if last and layout in (None, LAST):
            return _whole(images.transpose(0, 3, 1, 2), what=what)
    said = f", with dataset.layout={layout}" if layout else ""
    raise UserError(
        f"{what} has images of shape {shape}{said}: expected (examples, height, width), or four axes with 1 or 3 "
        "channels second or last"
    )


def _unfolded(images: NDArray[Any], shape: tuple[int, ...], *, what: str) -> NDArray[Any]:
    count = math.prod(shape)
    if images.shape[1:] not in ((count,), shape):
        raise UserError(
            f"{what} has images of shape {images.shape}, not rows of {count} numbers: dataset.layout="
            f"{'x'.join(map(str, shape))} cannot hold"
        )
    return images.reshape(len(images), *shape)


def _whole(images: NDArray[Any], *, what: str) -> NDArray[Any]:
    if 0 in images.shape[1:]:
        raise UserError(f"{what} has images without pixels: their shape is {images.shape}")
    return images


def _sides(count: int) -> str:
    """Return a square of so many pixels, else a row of them.

    >>> _sides(784), _sides(20)
    ('28x28', '1x20')
    """
    side = math.isqrt(count)
    return f"{side}x{side}" if side * side == count else f"1x{count}"
