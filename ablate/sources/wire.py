"""The wire format of protocol buffers, of which two sources read a few fields each without the library.

Source: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Span = tuple[int, int]
"""Where the bytes of a field begin and end."""


def spans(data: bytes, place: int, end: int) -> Iterator[tuple[int, Any]]:
    """Yield (number, what it holds) of the message between two places: a whole number, or where a longer field stands.

    Numbers of fixed width are told as the whole number that their bytes make, the lowest first.

    Raises
    ------
    ValueError, IndexError
        It is cut off, or of another kind.
    """
    while place < end:
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field has the unknown kind {kind}")
        if place + size > end:
            raise ValueError("a field is longer than its message")
        yield number, (place, place + size) if kind == 2 else int.from_bytes(data[place : place + size], "little")
        place += size


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield (number, value) of a whole message: whole numbers, and the bytes of texts and messages.

    >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
    [(1, 150), (2, b'hi')]

    Raises
    ------
    ValueError, IndexError
        As `spans`.
    """
    for number, value in spans(message, 0, len(message)):
        yield number, message[slice(*value)] if isinstance(value, tuple) else value


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
