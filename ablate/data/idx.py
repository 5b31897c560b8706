"""The IDX format of MNIST and its likes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.packed import nothing_left, open_packed, read_exactly
from ablate.errors import UserError

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not.

    The format: two zero bytes, the type (8: unsigned byte), the number of dimensions, each size as a big-endian
    uint32, then the values in C order.

    Parameters
    ----------
    dimensions
        1 for labels, 3 for images.

    Raises
    ------
    UserError
        The file is damaged or of another kind; sizes that its header promises are not allocated but read.

    References
    ----------
    LeCun, Cortes, Burges, The MNIST database of handwritten digits, "File formats".
    """
    with open_packed(path) as stream:
        magic = stream.read(4)
        expected = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
        if magic != expected:
            raise UserError(
                f"cannot read {path}: an IDX file of bytes in {dimensions} dimension(s) begins with "
                f"{expected.hex(' ')}, this one with {magic.hex(' ') or 'nothing'}"
            )
        header = read_exactly(stream, 4 * dimensions, what=str(path))
        shape = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
        data = read_exactly(stream, math.prod(shape), what=str(path))
        nothing_left(stream, what=str(path))
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
