"""Logs of Inspect: answers to test items, a row each.

Inspect writes a log per evaluation, `.eval` (a ZIP file) or `.json`, with every sample and epoch. They are read without
the library. Columns: `model`, `task`, `item_id` (with the task before it), `params.NAME` (arguments of task and model,
solvers, what was generated with, metadata, see `inspect_settings`), `seed` (an epoch, of several), `correct`.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.registry import register
from ablate.resources import plain_file
from ablate.sources.contract import Fits, RunTable, Source
from ablate.sources.inspect_settings import Settings, as_columns, settings_in_log
from ablate.values import from_json
from ablate.zips import check_unpacked, zip_damage

EPOCHS = msg("epochs are the seeds; the seed of generation is a setting, `generation_seed`")

_SAMPLE = re.compile(r"samples/.+\.json")
_ZSTANDARD = 93  # the number of the method
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


@register("source", "inspect")
@dataclass(frozen=True)
class InspectLogs(Source):
    """Logs of Inspect: `inspect:FOLDER` or one file; `#SCORER` of several."""

    schemes = ("inspect",)
    endings = (".eval",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return a row per sample and epoch."""
        del fits
        place, _, asked = address.partition("#") if not Path(address).exists() else (address, "", "")
        path = Path(place)
        if not path.exists():
            raise UserError(f"inspect:{place} cannot be read: no such folder")
        logs = [path] if path.is_file() else sorted(one for end in ("*.eval", "*.json") for one in path.rglob(end))
        read = [parsed for log in logs if (parsed := _log(log, asked, path.is_file())) is not None]
        epochs = any("seed" in row for log in read for row in log.rows)
        settings, renamed = as_columns([log.settings for log in read], epochs=epochs)
        rows = [
            {**log.about, **log_settings, **row}
            for log, log_settings in zip(read, settings, strict=True)
            for row in log.rows
        ]
        if not rows:
            raise UserError(f"{path}: expected logs of Inspect with samples (.eval or .json), got none")
        return RunTable.of(f"inspect:{address}", rows, name=path.name, repairs=[EPOCHS] if renamed else [])

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write each run as a log with one sample; all that it has as arguments of the task."""
        for i, run in enumerate(runs):
            head = {"task": "t", "model": "m", "task_args": {**run}}
            samples = [{"id": 1, "epoch": 1, "scores": {"match": {"value": "C"}}}]
            (folder / f"{i}.json").write_text(json.dumps({"eval": head, "samples": samples}), encoding="utf-8")
        return f"inspect:{folder}"


@dataclass(frozen=True)
class _Log:
    """A log: what holds for all of its samples, what it was made with, and a row per sample and epoch."""

    about: Mapping[str, Any]
    settings: Settings
    rows: Sequence[Mapping[str, Any]]


def _log(path: Path, asked: str, only: bool) -> _Log | None:
    """Return a log; None of another JSON file, unless it was named."""
    try:
        told = _zipped(path) if path.suffix == ".eval" else from_json(plain_file(path).read_text(encoding="utf-8"))
    except NotImplementedError:
        raise UserError(
            f"{path}: its samples are packed in a way that is not read; `inspect log convert --to json` makes them text"
        ) from None
    except zip_damage(ValueError, KeyError) as error:
        raise UserError(f"{path} cannot be read as a log of Inspect: {' '.join(str(error).split())[:120]}") from None
    head = told.get("eval") if isinstance(told, dict) else None
    if not isinstance(head, dict) or "model" not in head:
        if only:
            raise UserError(f"{path} is not a log of Inspect: expected `eval` with a model")
        return None
    task = str(head.get("task", ""))
    about = {"model": head["model"], "task": task, "status": told.get("status")}
    rows = []
    samples = told.get("samples") or ()
    several = any(sample.get("epoch", 1) > 1 for sample in samples)
    for sample in samples:
        scores = sample.get("scores") or {}
        names = list(scores)
        if asked and names and asked not in names:
            raise unknown(f"scorer in {path}", asked, names)
        if not asked and len(names) > 1:
            raise UserError(f"{path} has several scorers: say which with #NAME, one of {', '.join(names)}")
        value = scores[asked or names[0]].get("value") if names else None
        rows.append({
            "item_id": f"{task}/{sample.get('id')}", **({"seed": sample.get("epoch")} if several else {}),
            "correct": _VALUES.get(value, value) if isinstance(value, str) else value,
        })  # fmt: skip
    return _Log(about, settings_in_log(str(path), told, head), rows)


def _zipped(path: Path) -> dict[str, Any]:
    """Return an `.eval` file as the JSON log that it stands for: its header, and its samples in their order."""
    with zipfile.ZipFile(path) as archive:
        parts = {one.filename: one for one in archive.infolist()}
        check_unpacked(path, archive)
        told = from_json(_part(archive, parts["header.json" if "header.json" in parts else "_journal/start.json"]))
        samples = [from_json(_part(archive, parts[name])) for name in sorted(parts) if _SAMPLE.fullmatch(name)]
    return {**told, "samples": samples}


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """Return a part of a zip file, also one packed by Zstandard, which Python reads from 3.14 on (APPNOTE.TXT, 4.4.5).

    Raises
    ------
    ValueError
        Its bytes are not those that its entry tells of.
    """
    if part.compress_type != _ZSTANDARD:
        return archive.read(part)
    import pyarrow as pa

    file = archive.fp
    assert file is not None
    file.seek(part.header_offset)
    begin = file.read(30)  # the local header: signature, 22 bytes of fields, length of the name and of what is more
    if begin[:4] != b"PK\x03\x04":
        raise ValueError(f"{part.filename} is not where the table of contents says")
    file.seek(int.from_bytes(begin[26:28], "little") + int.from_bytes(begin[28:30], "little"), 1)
    whole = pa.decompress(file.read(part.compress_size), part.file_size, codec="zstd", asbytes=True)
    if zlib.crc32(whole) != part.CRC:
        raise ValueError(f"the checksum of {part.filename} is another")
    return bytes(whole)
