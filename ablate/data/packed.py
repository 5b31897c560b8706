"""Reads files that may be packed, damaged or hostile, never taking a header's word for a size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ablate.data.limits import check_values
from ablate.data.paths import printable_line
from ablate.errors import UserError

_PIECE = 1 << 20


@contextmanager
def open_packed(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacking gzip on the way if it begins like one; damage becomes a `UserError`."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield cast("IO[bytes]", stream)
            else:
                yield raw
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"cannot read {path}: it is damaged or cut off ({printable_line(error)})") from error


def read_exactly(stream: IO[bytes], count: int, *, what: str, each: int = 1) -> bytes:
    """Read `count` values of `each` bytes; memory grows with what is there, not with what is promised.

    Raises
    ------
    UserError
        The stream holds fewer, or so many values take more memory than is allowed.
    """
    check_values(count, what=what, each=each)
    size = count * each
    data = bytearray()
    while len(data) < size:
        piece = stream.read(min(_PIECE, size - len(data)))
        if not piece:
            raise UserError(f"cannot read {what}: it promises {size:,} bytes and holds {len(data):,}")
        data += piece
    return bytes(data)


def nothing_left(stream: IO[bytes], *, what: str) -> None:
    """Raise `UserError` if the stream goes on."""
    if stream.read(1):
        raise UserError(f"cannot read {what}: it goes on after what it promises")
