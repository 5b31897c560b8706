"""Reads files that may be packed, damaged or hostile, never taking a header's word for a size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ablate.errors import Failure

MOST_BYTES = 1 << 30
"""No array of a dataset may be larger than this (MNIST: 47 MB, CIFAR: 184 MB)."""

_PIECE = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacking gzip on the way if it begins like one; damage becomes a `Failure`."""
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
        raise Failure(f"cannot read {path}: it is damaged or cut off ({error})") from error


def read_exactly(stream: IO[bytes], size: int, *, what: str) -> bytes:
    """Read `size` bytes; memory grows with what is there, not with what is promised.

    Raises
    ------
    Failure
        The stream holds fewer, or `size` is above `MOST_BYTES`.
    """
    if size > MOST_BYTES:
        raise Failure(f"cannot read {what}: it promises {size:,} bytes, more than the {MOST_BYTES:,} allowed")
    data = bytearray()
    while len(data) < size:
        piece = stream.read(min(_PIECE, size - len(data)))
        if not piece:
            raise Failure(f"cannot read {what}: it promises {size:,} bytes and holds {len(data):,}")
        data += piece
    return bytes(data)


def nothing_left(stream: IO[bytes], *, what: str) -> None:
    """Raise `Failure` if the stream goes on."""
    if stream.read(1):
        raise Failure(f"cannot read {what}: it goes on after what it promises")
