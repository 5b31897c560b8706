"""A few event files as TensorBoard's writers make them: what the example of their source is."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from ablate.sources.event_files import crc, masked


def event_file(settings: Mapping[str, Any], points: Iterable[tuple[str, int, float]]) -> bytes:
    """Return an event file with settings of the hparams plug-in, and scalars (tag, step below 128, value).

    Whole numbers are written as texts: the plug-in keeps numbers as floats of 64 bits.
    """
    entries = [_field(1, _field(1, name) + _field(2, _value(value))) for name, value in settings.items()
               if value is not None]  # fmt: skip
    start = _field(3, b"".join(entries))
    metadata = _field(9, _field(1, _field(1, "hparams") + _field(2, start)))
    data = _record(_field(3, "brain.Event:2"))
    data += _record(_field(5, _field(1, _field(1, "_hparams_/session_start_info") + metadata)))
    for tag, step, number in points:
        value = _field(1, tag) + b"\x15" + struct.pack("<f", number)
        data += _record(bytes([0x10, step]) + _field(5, _field(1, value)))
    return data


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x20" + bytes([value])
    if isinstance(value, float):
        return b"\x11" + struct.pack("<d", value)
    return _field(3, str(value))


def _field(number: int, content: bytes | str) -> bytes:
    """Return a field of a message that holds bytes, a text or another message."""
    data = content.encode() if isinstance(content, str) else content
    size, rest = b"", len(data)
    while rest >= 0x80:
        size += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return bytes([number << 3 | 2]) + size + bytes([rest]) + data


def _record(message: bytes) -> bytes:
    data = b"\x09" + struct.pack("<d", 1.0) + message  # every event says when
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(crc(length))) + data + struct.pack("<I", masked(crc(data)))
