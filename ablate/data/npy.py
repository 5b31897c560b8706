"""One array of an `.npz` file: a strict reader of the `.npy` format that unpickles nothing.

NumPy's own reader allocates what a header promises, and leaves a damaged header to Python's parser and its many
errors; this one knows arrays of numbers and of text, and has one error.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.packed import nothing_left, read_exactly
from ablate.data.paths import printable_line
from ablate.errors import UserError

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
_MOST_HEADER = 10_000  # as NumPy: longer ones are refused before they are parsed
_MOST_AXES, _MOST_LENGTH = 8, 2**48
_PLAIN = re.compile(r"[<>|=]?(b1|[ui][1248]|f[248]|[US][1-9][0-9]{0,5})")


def read_npy(stream: IO[bytes], *, what: str) -> NDArray[Any]:
    """Read an array of numbers, truth values or text; memory grows with what is there.

    Raises
    ------
    UserError
        The stream does not hold such an array, or is damaged; `what` names it.
    """
    start = stream.read(len(_MAGIC) + 2)
    size = _LENGTH_BYTES.get((start[-2], start[-1])) if start[:-2] == _MAGIC else None
    if size is None:
        raise UserError(f"cannot read {what}: it does not begin like an array of NumPy's format 1.0, 2.0 or 3.0")
    length = int.from_bytes(read_exactly(stream, size, what=what), "little")
    if length > _MOST_HEADER:
        raise UserError(f"cannot read {what}: its header is {length:,} bytes long, more than {_MOST_HEADER:,}")
    shape, fortran, dtype = _header(read_exactly(stream, length, what=what), what=what)
    data = read_exactly(stream, math.prod(shape), what=what, each=dtype.itemsize)
    nothing_left(stream, what=what)
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def _header(text: bytes, *, what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's parser warns of odd literals
            header = ast.literal_eval(text.decode("utf-8"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UserError(f"cannot read {what}: its header is damaged ({printable_line(error, most=100)})") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise UserError(f"cannot read {what}: its header does not say type, order and shape")
    descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    if not isinstance(descr, str) or not _PLAIN.fullmatch(descr):
        content = printable_line(descr, most=60) if isinstance(descr, str) else "records"
        raise UserError(
            f"cannot read {what}: it holds {content}, expected numbers, or text as labels (objects are never unpickled)"
        )
    sizes = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < _MOST_LENGTH for n in shape)
    if not sizes or len(shape) > _MOST_AXES or not isinstance(fortran, bool):
        raise UserError(f"cannot read {what}: the shape in its header is impossible")
    return shape, fortran, np.dtype(descr)
