"""The manifest itself: which names, and which contents of them, are ours."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import UserError
from ablate.values import from_json

NAME = ".ablate-manifest.json"
_WHAT = "The files in this folder that ablate wrote. It replaces and removes no other."
_PARTIAL = re.compile(r"\.ablate-[0-9a-f]{12}")

KnownFiles = Callable[[Path], Mapping[str, str]]
"""Folder without a manifest -> name of each file that an older release wrote there -> the part it belongs to."""


@dataclass(frozen=True)
class ManifestEntry:
    """What is known of one file.

    Attributes
    ----------
    part
        What it was written with.
    hashes
        Of the contents that are ours: one, or while files are being put in place the earlier one too.
    sure
        False: taken for ours by what it holds, so that it is replaced, but never removed.
    """

    part: str
    hashes: frozenset[str]
    sure: bool = True

    def document(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        document = {"part": self.part, "sha256": sorted(self.hashes)}
        return document if self.sure else {**document, "recognised": True}


@dataclass
class Manifest:
    """The files of ours in one folder.

    Attributes
    ----------
    partial
        Name of the folder in which files are being made, while they are.
    """

    path: Path
    entries: dict[str, ManifestEntry] = field(default_factory=dict)
    partial: str = ""

    def save(self) -> None:
        """Write it through a neighbour, so that a kill leaves the earlier one."""
        lines = [
            f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(entry.document(), ensure_ascii=False)}"
            for name, entry in sorted(self.entries.items())
        ]
        head = f' "what": {json.dumps(_WHAT)},\n "version": 1,\n'
        if self.partial:
            head += f' "partial": {json.dumps(self.partial)},\n'
        text = "{\n" + head + ' "files": {\n' + ",\n".join(lines) + "\n }\n}\n"
        partial = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex[:8]}")
        try:
            partial.write_bytes(text.encode())
            partial.replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise


def nothing_known(folder: Path) -> dict[str, str]:
    """Recognise no file: for folders that older releases wrote nothing to."""
    del folder
    return {}


def read_manifest(folder: Path, path: Path, recognise: KnownFiles) -> Manifest:
    """Read a manifest, or make one of what an older release wrote; take away what a killed write left."""
    if path.is_symlink() or path.is_dir():
        raise UserError(f"{path} is not a plain file: it says which files here are ablate's; move it aside")
    if not path.exists():
        entries = {}
        for name, part in recognise(folder).items():
            if (folder / name).is_file() and not (folder / name).is_symlink():
                entries[name] = ManifestEntry(part, frozenset({content_hash((folder / name).read_bytes())}), sure=False)
        return Manifest(path, entries)
    try:
        stored = from_json(path.read_text(encoding="utf-8"))
        entries = {name: _entry(name, entry) for name, entry in stored["files"].items()}
        partial = str(stored.get("partial", ""))
    except (ValueError, KeyError, TypeError, AttributeError, UserError) as error:
        raise UserError(
            f"{path} cannot be read ({type(error).__name__}: {error}): it says which files here are ablate's. Put it "
            "back from a copy, or move it aside: files are then known by what they hold"
        ) from None
    aside = folder / partial
    if _PARTIAL.fullmatch(partial) and aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)
    return Manifest(path, entries)


def _entry(name: str, stored: Mapping[str, Any]) -> ManifestEntry:
    check_name(name)
    return ManifestEntry(
        str(stored["part"]), frozenset(map(str, stored["sha256"])), sure=not stored.get("recognised", False)
    )


def check_name(name: str) -> None:
    """Refuse a name that would leave the folder."""
    parts = PurePosixPath(name).parts
    strange = os.sep != "/" and (os.sep in name or ":" in name)
    if not parts or name.startswith("/") or "\x00" in name or {"..", NAME} & set(parts) or strange:
        raise UserError(f"{name!r} is not the name of a file below its folder")


def as_bytes(data: bytes | str) -> bytes:
    """Return a content as it lies on the disk: UTF-8, surrogates written out."""
    return data.encode(errors="backslashreplace") if isinstance(data, str) else data


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of a content, hex."""
    # Git may write a checkout's lines with CRLF: that is not an edit.
    return sha256(data.replace(b"\r\n", b"\n")).hexdigest()
