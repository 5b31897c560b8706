"""The log that Weights & Biases writes beside a run (`run-ID.wandb`): its records, without the library.

The file is a LevelDB log: blocks of 32 KiB with records of checksum, length and kind, of which several may make one
message (https://github.com/google/leveldb/blob/main/doc/log_format.md); messages are protocol buffers.
Source of the header and the checksum: `wandb/sdk/internal/datastore.py`; of the messages' numbers:
`wandb/proto/wandb_internal.proto`, whose numbers stay for good, because runs of old versions are uploaded by new ones.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ablate.sources.wire import fields
from ablate.values import from_json

_BLOCK, _HEADER = 32_768, 7
_MARK = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4

# Fields of a Record, and of what they hold.
_HISTORY, _SUMMARY, _CONFIG, _METRIC, _RUN, _EXIT = 2, 3, 5, 12, 17, 18
_KEY, _NESTED, _VALUE = 1, 2, 16
_GOALS = {1: "lower", 2: "higher"}
_DAMAGED = (TypeError, ValueError, OverflowError, IndexError, struct.error)
"""What reading JSON, texts and numbers raises where they are cut off."""

_NO_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass
class Points:
    """What a metric was along a run, in the order in which it was logged: whole steps, and numbers."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class WandbRun:
    """What a log says of a run.

    Attributes
    ----------
    config, summary
        Mappings, nested as they were logged; the summary holds the last values of the history where none was written.
    history
        Metric, nested names with dots -> its points. Steps are the run's own (`_step`), which count calls of `log`
        where the program did not say which.
    facts
        `id, project, name, group, job_type, sweep, commit` and `start` (seconds since 1970), as far as they are there.
    better
        Metric -> `higher` or `lower`, where the run declared a goal.
    exit_code
        None where the run did not come to its end, or still runs.
    whole
        Whether the log ends where a message ends.
    """

    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: dict[str, Points] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    better: dict[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    whole: bool = True


def read_log(data: bytes) -> WandbRun:
    """Read a log; what stands behind a record that is damaged or half-written does not count.

    Raises
    ------
    ValueError
        It is not such a log.
    """
    if not data.startswith(_MARK):
        raise ValueError("it does not begin as a log of Weights & Biases does")
    logged = WandbRun()
    last: dict[str, Any] = {}
    try:
        for message in _messages(data):
            _take(logged, last, message)
    except _DAMAGED:
        logged.whole = False
    logged.summary = last | logged.summary
    return logged


def _messages(data: bytes) -> Iterator[bytes]:
    """Yield the messages of a log; raise ValueError where a record is damaged or cut off."""
    at, parts = len(_MARK), list[bytes]()
    while at < len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:  # filled with zeros
            at += left
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, at)
        body = data[at + _HEADER : at + _HEADER + length]
        if len(body) < length or kind not in (_FULL, _FIRST, _MIDDLE, _LAST) or length > left - _HEADER:
            raise ValueError("a record is cut off")
        if zlib.crc32(body, zlib.crc32(bytes([kind]))) != checksum:
            raise ValueError("a record is damaged")
        at += _HEADER + length
        if kind in (_FULL, _FIRST):
            parts = []
        parts.append(body)
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
            parts = []
    if parts:
        raise ValueError("a message is cut off")


def _take(logged: WandbRun, last: dict[str, Any], message: bytes) -> None:
    for number, body in fields(message):
        if not isinstance(body, bytes):
            continue
        if number == _HISTORY:
            _logged(logged, last, body)
        elif number == _SUMMARY:
            _changes(logged.summary, body)
        elif number == _CONFIG:
            _changes(logged.config, body)
        elif number == _METRIC:
            told = dict(fields(body))
            if told.get(7) in _GOALS and isinstance(told.get(1), bytes):
                logged.better[told[1].decode()] = _GOALS[told[7]]
        elif number == _RUN:
            _run(logged, body)
        elif number == _EXIT:
            code = dict(fields(body)).get(1, 0)
            logged.exit_code = code if isinstance(code, int) else 0


def _logged(logged: WandbRun, last: dict[str, Any], body: bytes) -> None:
    """Take one call of `log`: its items become the last values, and the numbers among them points of the history."""
    items = [_item(item) for _, item in _of(body, 1)]
    step = next((dict(fields(told)).get(1, 0) for _, told in _of(body, 2)), None)
    if step is None:
        step = next((value for path, value in items if path == ["_step"]), None)
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step < 2**63:
        raise ValueError("a step is not a whole number")
    for path, value in items:
        _set(last, path, value)
        number = number_of(value)
        if number is not None and path and not path[0].startswith("_"):
            points = logged.history.setdefault(".".join(path), Points())
            points.steps.append(step)
            points.values.append(number)


def number_of(value: Any) -> float | None:
    """Return a number that was logged, None of anything else; what JSON has no number for is written as a text."""
    if isinstance(value, str):
        return _NO_NUMBERS.get(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _run(logged: WandbRun, body: bytes) -> None:
    names = {1: "id", 3: "project", 6: "group", 7: "job_type", 8: "name", 12: "sweep"}
    for number, value in fields(body):
        if not isinstance(value, bytes):
            continue
        if number in names:
            logged.facts[names[number]] = value.decode()
        elif number == 4:
            _changes(logged.config, value)
        elif number == 5:
            _changes(logged.summary, value)
        elif number == 17:
            logged.facts["start"] = dict(fields(value)).get(1)
        elif number == 21:
            commit = dict(fields(value)).get(2)
            if isinstance(commit, bytes) and commit:
                logged.facts["commit"] = commit.decode()


def _changes(nested: dict[str, Any], body: bytes) -> None:
    """Follow a record of items that were set (1) and taken away (2)."""
    for number, item in fields(body):
        if not isinstance(item, bytes):
            continue
        if number == 1:
            _put(nested, item)
        elif number == 2:
            path, _ = _item(item)
            inner: Any = nested
            for key in path[:-1]:
                inner = inner.get(key) if isinstance(inner, dict) else None
            if path and isinstance(inner, dict):
                inner.pop(path[-1], None)


def _put(nested: dict[str, Any], item: bytes) -> None:
    _set(nested, *_item(item))


def _set(nested: dict[str, Any], path: list[str], value: Any) -> None:
    if not path:
        return
    for key in path[:-1]:
        inner = nested.get(key)
        if not isinstance(inner, dict):
            inner = nested[key] = {}
        nested = inner
    nested[path[-1]] = value


def _item(body: bytes) -> tuple[list[str], Any]:
    key, nested, value = "", list[str](), None
    for number, content in fields(body):
        if isinstance(content, bytes):
            if number == _KEY:
                key = content.decode()
            elif number == _NESTED:
                nested.append(content.decode())
            elif number == _VALUE:
                value = from_json(content)
    return nested or ([key] if key else []), value


def _of(body: bytes, wanted: int) -> Iterator[tuple[int, bytes]]:
    for number, value in fields(body):
        if number == wanted and isinstance(value, bytes):
            yield number, value
