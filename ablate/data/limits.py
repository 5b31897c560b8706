"""How much a data set may take, and how a user raises that: no header is taken at its word."""

from __future__ import annotations

import math
import os

from ablate.errors import UserError, must

SIZE = "ABLATE_DATA_GB"
"""Environment variable: gigabytes (10^9 bytes) that the values of a data set may take in memory."""

PIXELS = "ABLATE_DATA_MEGAPIXELS"
"""Environment variable: millions of pixels that a single picture may have."""

_DEFAULTS = {SIZE: 2.0, PIXELS: 16.0}  # CIFAR takes 0.74 GB; a picture of 16 million pixels is 4000x4000
_FLOAT32 = 4


def limit(name: str) -> float:
    """Return the limit that holds: what the environment says, else the default.

    Raises
    ------
    UserError
        The environment holds no number above 0.
    """
    text = os.environ.get(name)
    if text is None or not text.strip():
        return _DEFAULTS[name]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise must(name, "be a number above 0 (an environment variable)", text)
    return number


def check_values(count: int, *, what: str, each: int = _FLOAT32) -> None:
    """Raise `UserError` where so many values take more memory than is allowed.

    They are trained on as float32; `each` is the size of one as it is stored, in bytes, where that is more.
    """
    size, most = count * max(each, _FLOAT32), limit(SIZE) * 1e9
    if size > most:
        raise UserError(
            f"cannot read {what}: it promises {count:,} values, {size / 1e9:,.3g} GB in memory, more than the "
            f"{most / 1e9:g} GB allowed (the environment variable {SIZE} raises the limit)"
        )


def check_pixels(width: int, height: int, *, what: str) -> None:
    """Raise `UserError` where a picture has more pixels than is allowed."""
    if width * height > limit(PIXELS) * 1e6:
        raise UserError(
            f"cannot read {what}: it is {width}x{height}, {width * height / 1e6:,.3g} million pixels, more than the "
            f"{limit(PIXELS):g} allowed (the environment variable {PIXELS} raises the limit)"
        )
