"""A study with all its runs in one file, to be taken from one store to another.

A zip of JSON and of plain numbers, with the SHA-256 of each part. Nothing of it is unpacked to a disk, unpickled or
run: parts are read by their names, and every size is checked before memory is taken for it.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate import __version__
from ablate.errors import Failure, UserError
from ablate.track import payload
from ablate.track.archived import Archived, study_from_archive
from ablate.track.files import plain_json, write_bytes
from ablate.track.stored_run import LoggedRun
from ablate.values import from_json
from ablate.zips import check_unpacked, zip_damage

FORMAT, VERSION = "ablate study archive", 1
_HEAD = "archive.json"
_PART = re.compile(r"(?:study|runs|arrays)-\d{1,4}\.(?:json|jsonl|bin)")
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


def write_archive(path: Path, studies: Sequence[Archived]) -> None:
    """Write study runs into a file, whole or not at all.

    Raises
    ------
    Failure
        The file cannot be written.
    """
    parts: dict[str, bytes] = {}
    for number, study in enumerate(studies):
        parts |= _parts(study, number)
    head = {
        "format": FORMAT, "version": VERSION, "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "ablate": __version__, "parts": {name: sha256(content).hexdigest() for name, content in parts.items()},
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(_HEAD, _json(head))
        for name, content in parts.items():
            out.writestr(name, content)
    try:
        write_bytes(path, buffer.getvalue())
    except OSError as error:
        raise Failure(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


def _parts(study: Archived, number: int) -> dict[str, bytes]:
    arms: dict[str, int] = {}
    arrays, lines = bytearray(), []
    for logged in study.runs:
        text = _json(payload.arm_document(logged.arm))
        place = arms.setdefault(text, len(arms))
        lines.append(_json(_line(logged, place, arrays)))
    document = {
        "plan": payload.plan(study.plan), "registration": study.registration,
        "registered_sha256": study.registered_sha256, "history": study.history, "created": study.created,
        "provenance": study.provenance, "status": study.status, "where": study.where,
        "arms": [from_json(text) for text in arms],
    }  # fmt: skip
    return {
        f"study-{number}.json": _json(document).encode(),
        f"runs-{number}.jsonl": "\n".join(lines).encode(),
        f"arrays-{number}.bin": bytes(arrays),
    }


def _line(logged: LoggedRun, arm: int, arrays: bytearray) -> dict[str, Any]:
    run, result = logged.run, logged.record.result
    curves = {}
    for name, curve in result.curves.items():
        kept = np.isfinite(curve.values)
        curves[name] = [curve.steps[kept].tolist(), curve.values[kept].tolist()]
    right = result.test_correct
    return {
        "arm": arm, "seed": result.seed, "outcome": str(result.outcome), "identity": logged.record.identity,
        "code": run.code, "fingerprint": run.fingerprint, "ended": run.ended,
        "seconds": result.seconds if math.isfinite(result.seconds) else None, "error": result.error,
        "metrics": {name: value for name, value in result.metrics.items() if math.isfinite(value)},
        "curves": curves, "first_nonfinite_step": result.first_nonfinite_step,
        "reads": None if result.reads is None else list(result.reads), "used": dict(result.used),
        "arithmetic": dict(result.arithmetic), "correct": None if right is None else _put(right, arrays),
        "arrays": {name: _put(array, arrays) for name, array in result.arrays.items()},
    }  # fmt: skip


def _put(array: NDArray[Any], into: bytearray) -> list[Any]:
    at = len(into)
    whole = np.ascontiguousarray(array)
    into += whole.tobytes()
    return [whole.dtype.str, list(array.shape), at]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=plain_json)


def read_archive(path: Path) -> list[Archived]:
    """Return the study runs in a file.

    Raises
    ------
    UserError
        It is not there, not such an archive, one of a later release, damaged, or made to do harm.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _checked_parts(path, archive)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: expected a file that `ablate export` wrote") from None
    except zip_damage() as error:
        raise _damaged(path, error) from None
    try:
        count = sum(name.startswith("study-") for name in parts)
        return [study_from_archive(parts, number) for number in range(count)]
    except _WRONG as error:
        what = f"{type(error).__name__}: {error}"
        raise _damaged(path, what) from None


def _damaged(path: Path, why: object) -> UserError:
    reason = " ".join(str(why).split())[:200]
    return UserError(f"{path} is damaged, or was not written by `ablate export` ({reason}); nothing was imported")


def _checked_parts(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    for name in names:
        if name != _HEAD and not _PART.fullmatch(name):
            raise UserError(f"{path} holds {name[:80]!r}, which is not part of an archive of `ablate export`; refused")
    if len(set(names)) < len(names) or _HEAD not in names:
        raise _damaged(path, "a part is there twice" if _HEAD in names else f"it has no {_HEAD}")
    check_unpacked(path, archive)
    parts = {info.filename: _read(path, archive, info) for info in infos}
    try:
        head = from_json(parts.pop(_HEAD))
        told, version = dict(head["parts"]), head["version"]
        readable = head["format"] == FORMAT and isinstance(version, int)
    except _WRONG as error:
        raise _damaged(path, error) from None
    if readable and version > VERSION:
        raise UserError(f"{path} was written by a later release (format {version}, this one reads {VERSION})")
    if not readable or told != {name: sha256(content).hexdigest() for name, content in parts.items()}:
        raise _damaged(path, "its parts are not those it was written with")
    return parts


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as part:
        content = part.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise _damaged(path, f"{info.filename} has another length than it says")
    return content
