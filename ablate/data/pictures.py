"""One picture of a file, in any of the usual modes: its values as they are stored, upright, and with no gaps."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.limits import check_pixels
from ablate.data.paths import printable_line, where
from ablate.data.values import EIGHT, SIXTEEN
from ablate.errors import AblateError, UserError

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "TIFF", "PPM", "WEBP")
"""Pillow's names of the formats that are read, whatever a file is called: none that calls other programs."""

_GREY = ("1", "L", "LA", "La", "F", "I", "I;16", "I;16L", "I;16B", "I;16N")
_COLOUR = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "CMYK", "YCbCr", "HSV")
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF
_WHITE_IS_ZERO, _UNSIGNED, _SIGNED = 0, 1, 2


@dataclass(frozen=True)
class Head:
    """What is known of a picture before its pixels are read.

    Attributes
    ----------
    size
        (width, height), as stored: an orientation may yet swap them.
    grey
        One channel, else red, green and blue.
    full
        The value that is white by the type: 255, 65,535, 2³¹ - 1 …; 1 for fractions.
    dtype
        That holds the values: uint8, uint16, int32, uint32 or float32.
    reduced
        Colours of 16 bits, of which only the upper 8 are read.
    first_of
        Number of pictures in the file where the first one is the picture (those that cameras add), else 1.
    negative
        Stored with white as 0.
    """

    size: tuple[int, int]
    grey: bool
    full: float
    dtype: str
    reduced: bool = False
    first_of: int = 1
    negative: bool = False


@dataclass
class Remarks:
    """What is told of the pictures of a data set, counted while they are read."""

    transparent: int = 0
    turned: int = 0
    warned: list[str] = field(default_factory=list)


def picture_head(path: Path) -> Head:
    """Return what the head of a file says; of a PNG, every checksum is checked.

    Raises
    ------
    UserError
        The file does not hold a picture, or is damaged, too large, animated, or in a mode that is not read.
    """
    with _opened(path) as picture:
        width, height = picture.size
        check_pixels(width, height, what=f"the picture {where(path)}")
        frames = int(getattr(picture, "n_frames", 1))
        if frames > 1 and picture.format != "MPO":
            raise UserError(
                f"the picture {where(path)} has {frames} frames or pages: expected one picture in each file"
            )
        head = _head(picture, path)
        if picture.format == "PNG":
            picture.verify()
    return head


def pixels_of(path: Path, head: Head, *, background: float, remarks: Remarks) -> NDArray[Any]:
    """Return the values of a picture, (height, width) or (height, width, 3), as `head.dtype`.

    Transparent parts show the background; the orientation that a camera noted is applied; palettes, CMYK and other
    ways to store colours become red, green and blue, without colour management.

    Parameters
    ----------
    background
        From 0 (black) to 1 (white).
    remarks
        Is counted up.

    Raises
    ------
    UserError
        The file is damaged.
    """
    with _opened(path, remarks) as picture:
        picture.load()
        remarks.turned += _turned(picture)
        see_through = picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info
        if head.dtype != "uint8":
            values = _deep(picture, head)
            if see_through:
                hidden = values == picture.info["transparency"]
                remarks.transparent += bool(hidden.any())
                values = np.where(hidden, round(background * head.full), values).astype(head.dtype)
            return values
        if not see_through:
            return np.asarray(picture.convert("L" if head.grey else "RGB"))
        if head.reduced and "transparency" in picture.info:
            raise UserError(f"the picture {where(path)} has 16-bit colours of which one is transparent: not read")
        layers = np.asarray(picture.convert("LA" if head.grey else "RGBA"))
        colour, alpha = layers[..., :-1], layers[..., -1:]
        remarks.transparent += bool((alpha < EIGHT).any())
        return _over(colour, alpha, background).squeeze(-1) if head.grey else _over(colour, alpha, background)


def _over(colour: NDArray[np.uint8], alpha: NDArray[np.uint8], background: float) -> NDArray[np.uint8]:
    """Return a picture over a plain background, rounded to 8 bits; where alpha is 255 it is unchanged."""
    behind = np.float64(round(background * EIGHT))
    mixed = np.rint((colour * (alpha / EIGHT)) + behind * (1.0 - alpha / EIGHT))
    return np.where(alpha == EIGHT, colour, mixed).astype(np.uint8)


def _deep(picture: Any, head: Head) -> NDArray[Any]:
    """Return the values of a grey picture of more than 8 bits."""
    values = np.asarray(picture)
    if head.dtype == "uint32":
        values = values.astype(np.int32).view(np.uint32)  # Pillow holds all 32-bit numbers as signed ones
    if head.negative:
        values = int(head.full) - values.astype(np.int64)
    return values.astype(head.dtype)


def _turned(picture: Any) -> bool:
    from PIL import ImageOps

    orientation = picture.getexif().get(0x0112, 1)
    ImageOps.exif_transpose(picture, in_place=True)
    return bool(orientation in range(2, 9))


def _head(picture: Any, path: Path) -> Head:
    mode, size = picture.mode, picture.size
    if mode not in _GREY + _COLOUR:
        raise UserError(
            f"the picture {where(path)} is stored in the mode {mode}, which is not read: save it as RGB or grey"
        )
    first_of = int(getattr(picture, "n_frames", 1))
    tags = picture.tag_v2 if picture.format == "TIFF" else {}
    bits, form = max(_numbers(tags, _BITS, 1)), max(_numbers(tags, _SAMPLE_FORMAT, _UNSIGNED))
    negative = _numbers(tags, _PHOTOMETRIC, 1)[0] == _WHITE_IS_ZERO
    if mode == "F":
        if negative:
            raise UserError(f"the picture {where(path)} has fractions of which 0 is white: not read")
        return Head(size, True, 1.0, "float32")
    if mode == "I" and picture.format == "TIFF":
        signed = form == _SIGNED
        full = float(2 ** (bits - signed) - 1)
        return Head(size, True, full, "int32" if signed else "uint32", negative=negative)
    if mode.startswith("I"):  # a PNG, or a portable greymap, which Pillow brings to 16 bits
        return Head(size, True, 4_095.0 if bits == 12 else SIXTEEN, "uint16", negative=negative)
    if form == _SIGNED:
        raise UserError(f"the picture {where(path)} has signed 8-bit values, which are not read")
    return Head(size, mode in _GREY, EIGHT, "uint8", reduced=_is_deep(picture, bits), first_of=first_of)


def _is_deep(picture: Any, bits: int) -> bool:
    """Return whether the file holds more than the 8 bits per colour that Pillow keeps."""
    if picture.format == "PNG":
        return any("16" in str(tile[3]) for tile in picture.tile)
    if picture.format == "PPM":
        return any(isinstance(tile[3], tuple) and tile[3][1] > EIGHT for tile in picture.tile)
    return bits > 8


def _numbers(tags: Any, tag: int, default: int) -> tuple[int, ...]:
    value = tags.get(tag, default)
    return tuple(map(int, value)) if isinstance(value, tuple) and value else (int(value),)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the terminal what the C library for TIFF writes there itself: one error follows, and is enough."""
    try:
        kept = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _opened(path: Path, remarks: Remarks | None = None) -> Iterator[Any]:
    """Open a picture; whatever goes wrong inside becomes one error, and Pillow's warnings remarks."""
    from PIL import Image

    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]  # Pillow can be built without one
    limit = Image.MAX_IMAGE_PIXELS
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Image.MAX_IMAGE_PIXELS = None  # our own limit, which a user can raise, is checked from the head
            # As a stream: a file that Pillow opens by its name it maps into memory, and a TIFF that says how it is
            # turned is then scrambled.
            with path.open("rb") as stream, _quiet(), Image.open(stream, formats=formats) as picture:
                yield picture
    except AblateError:
        raise
    except Exception as error:  # on a damaged file Pillow raises whatever its parsers run into
        raise UserError(
            f"cannot read the picture {where(path)} ({printable_line(error) or type(error).__name__})"
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    if remarks is not None and caught:
        remarks.warned.append(f"{path.parent.name}/{path.name}: {printable_line(caught[0].message, most=80)}")
