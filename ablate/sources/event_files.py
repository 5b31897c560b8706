"""TensorBoard's event files: records with checksums, of whose messages a few fields hold scalars and settings.

Read without TensorFlow, TensorBoard or protobuf; nothing is executed. A record is ``length (8 bytes, little-endian),
masked CRC of the length (4), data, masked CRC of the data (4)``; its data is a message ``Event`` in the wire format of
protobuf. Sources: `tensorflow/core/lib/io/record_writer.h`; `event.proto`, `summary.proto`, `tensor.proto` of
TensorFlow; `plugin_data.proto` of TensorBoard's hparams plug-in.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ablate.sources.wire import Span, spans

_CHECKED = 1_024  # bytes up to which every record is checked: scalars are far shorter, pictures far longer
_SCALARS, _HPARAMS = "scalars", "hparams"
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 10: "?", 19: "<f2"}  # of TensorProto
_VALUES = {1: (5, "<f4"), 2: (6, "<f8")}  # dtype -> the field of its numbers, where they are not packed as bytes
_ENDS = {2: "failed", 3: "running"}  # of SessionEndInfo; SUCCESS is written by some before anything ran


@dataclass
class EventFile:
    """What one event file holds.

    Attributes
    ----------
    scalars
        Tag -> (step, value) in the order in which they were written.
    settings
        Hyperparameters of the hparams plug-in.
    ended
        `failed` or `running`, where the plug-in says so.
    started
        Seconds since 1970 of its first event; 0 where there is none.
    half
        Whether its last record is cut off, as of a program that was stopped while it wrote.
    damaged
        Whether a checksum is wrong: nothing behind that place was read.
    """

    scalars: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    settings: dict[str, Any] = field(default_factory=dict)
    ended: str = ""
    started: float = 0.0
    half: bool = False
    damaged: bool = False


def read_events(data: bytes) -> EventFile:
    """Return what the bytes of an event file hold, up to the first record that is damaged or cut off."""
    events = EventFile()
    records, rest = _records(data)
    events.half, events.damaged = rest == "half", rest == "damaged"
    whole = _intact(data, records)
    plugins: dict[str, str] = {}
    for (start, end), intact in zip(records, whole, strict=True):
        try:
            if not intact or not _take(events, data, start, end, plugins):
                events.damaged, events.half = True, False
                break
        except (TypeError, IndexError, ValueError, struct.error):  # a message of another kind
            events.damaged, events.half = True, False
            break
    return events


def _records(data: bytes) -> tuple[list[Span], str]:
    """Return where the data of every record stands, and what comes behind: nothing, a half record, or damage."""
    records, place, size = list[Span](), 0, len(data)
    while place + 12 <= size:
        length, check = struct.unpack_from("<QI", data, place)
        if masked(crc(data[place : place + 8])) != check:
            return records, "damaged"
        end = place + 12 + length
        if end + 4 > size:
            return records, "half"
        records.append((place + 12, end))
        place = end + 4
    return records, "half" if place < size else ""


def _intact(data: bytes, records: Sequence[Span]) -> list[bool]:
    """Tell of every record whether its checksum is right; long ones, which hold no scalar, are looked at when read."""
    whole = [True] * len(records)
    every = np.frombuffer(data, np.uint8)
    by_length: dict[int, list[int]] = defaultdict(list)
    for i, (start, end) in enumerate(records):
        if end - start <= _CHECKED:
            by_length[end - start].append(i)
    for length, indices in by_length.items():
        starts = np.array([records[i][0] for i in indices])
        crcs = np.full(len(indices), 0xFFFFFFFF, np.uint32)
        for at in range(length):  # all records of a length at once, byte by byte
            crcs = _TABLE[(crcs ^ every[starts + at]) & 0xFF] ^ (crcs >> np.uint32(8))
        crcs ^= np.uint32(0xFFFFFFFF)
        for i, crc in zip(indices, crcs.tolist(), strict=True):
            end = records[i][1]
            whole[i] = masked(crc) == int.from_bytes(data[end : end + 4], "little")
    return whole


def _take(events: EventFile, data: bytes, start: int, end: int, plugins: dict[str, str]) -> bool:
    """Add what a record holds; returns whether it is intact."""
    step, values = 0, list[Span]()
    for number, payload in spans(data, start, end):
        if number == 1 and not events.started:
            events.started = _double(payload)
        elif number == 2:
            step = payload if payload < 1 << 63 else payload - (1 << 64)
        elif number == 5:
            values += [span for at, span in spans(data, *payload) if at == 1]
    read = False
    for span in values:
        read |= _value(events, data, span, step, plugins)
    if not read or end - start <= _CHECKED:
        return True
    return masked(crc(data[start:end])) == int.from_bytes(data[end : end + 4], "little")


def _value(events: EventFile, data: bytes, span: Span, step: int, plugins: dict[str, str]) -> bool:
    """Add a value of a summary, if it is a scalar or of the hparams plug-in; returns whether it was."""
    tag, simple, tensor, content = "", None, None, None
    for number, payload in spans(data, *span):
        if number == 1:
            tag = data[slice(*payload)].decode("utf-8")
        elif number == 2:
            simple = _float32(struct.pack("<I", payload))
        elif number == 8:
            tensor = payload
        elif number == 9:
            content = _plugin(data, payload, tag, plugins)
    if plugins.get(tag) == _HPARAMS:
        if content is not None:
            _hparams(events, data, content)
        return True
    if simple is None and tensor is not None and plugins.get(tag) == _SCALARS:
        simple = _scalar(data, tensor)
    if simple is None:
        return False
    events.scalars[tag].append((step, simple))
    return True


def _plugin(data: bytes, span: Span, tag: str, plugins: dict[str, str]) -> Span | None:
    """Note the plug-in of a tag, which only its first value names; returns where its content stands."""
    content = None
    for number, payload in spans(data, *span):
        if number == 1:
            for at, part in spans(data, *payload):
                if at == 1:
                    plugins[tag] = data[slice(*part)].decode("utf-8")
                elif at == 2:
                    content = part
    return content


def _scalar(data: bytes, span: Span) -> float | None:
    """Return the number of a tensor that holds one; None for any other."""
    told = list(spans(data, *span))
    dtype = next((payload for number, payload in told if number == 1), 0)
    for number, payload in told:
        if number == 4 and dtype in _DTYPES:
            raw = data[slice(*payload)]
            if len(raw) == np.dtype(_DTYPES[dtype]).itemsize:
                return _float32(raw) if dtype == 1 else float(np.frombuffer(raw, _DTYPES[dtype])[0])
        if dtype in _VALUES and number == _VALUES[dtype][0]:
            kind = _VALUES[dtype][1]
            raw = (
                data[slice(*payload)]
                if isinstance(payload, tuple)
                else payload.to_bytes(np.dtype(kind).itemsize, "little")
            )
            if len(raw) == np.dtype(kind).itemsize:
                return _float32(raw) if dtype == 1 else float(np.frombuffer(raw, kind)[0])
    return None


def _hparams(events: EventFile, data: bytes, content: Span) -> None:
    for number, payload in spans(data, *content):
        if number == 3:  # the start of a session
            for at, part in spans(data, *payload):
                if at == 1:
                    name, value = _pair(data, part)
                    events.settings[name] = value
        elif number == 4:  # its end
            events.ended = next((_ENDS.get(part, "") for at, part in spans(data, *payload) if at == 1), "")


def _pair(data: bytes, span: Span) -> tuple[str, Any]:
    """Return an entry of a map from texts to `google.protobuf.Value`: a number, a text or a truth value."""
    name, value = "", cast("Any", None)
    for number, payload in spans(data, *span):
        if number == 1:
            name = data[slice(*payload)].decode("utf-8")
        elif number == 2:
            for at, part in spans(data, *payload):
                if at == 2:
                    told = _double(part)
                    value = int(told) if told.is_integer() and abs(told) < 2**53 else told
                elif at == 3:
                    value = data[slice(*part)].decode("utf-8")
                elif at == 4:
                    value = bool(part)
    return name, value


def _double(bits: int) -> float:
    return float(struct.unpack("<d", bits.to_bytes(8, "little"))[0])


def _float32(raw: bytes) -> float:
    """Return a number as it was meant: 0.9, where the nearest of 32 bits is 0.8999999761581421."""
    return float(str(np.frombuffer(raw, "<f4")[0]))


def _crc_table() -> NDArray[np.uint32]:
    """Return the table of CRC-32C (Castagnoli), a byte at a time."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> np.uint32(1)) ^ np.uint32(0x82F63B78), table >> np.uint32(1))
    return table.astype(np.uint32)


_TABLE = _crc_table()
_LIST = _TABLE.tolist()


def crc(data: bytes) -> int:
    """Return the CRC-32C of a few bytes.

    >>> hex(crc(b"123456789"))
    '0xe3069283'
    """
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum = _LIST[(checksum ^ byte) & 0xFF] ^ (checksum >> 8)
    return checksum ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """Return a checksum as a record holds it."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
