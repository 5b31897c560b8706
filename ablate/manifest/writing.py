"""Writing files into a folder: all of them, or none and one clear error."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import UserError
from ablate.manifest.entries import (
    NAME,
    KnownFiles,
    Manifest,
    ManifestEntry,
    as_bytes,
    check_name,
    content_hash,
    nothing_known,
    read_manifest,
)
from ablate.manifest.folder import alone, told

_SHOWN = 3


@dataclass(frozen=True)
class Part:
    """Files that are written together: of an earlier time, those that are not among them now are removed.

    Attributes
    ----------
    label
        Names the part in the manifest.
    files
        Name below the folder, with `/` -> content. Texts are written as UTF-8.
    retires
        Whether earlier files of the part go. Not where every write only adds some.
    """

    label: str
    files: Mapping[str, bytes | str]
    retires: bool = True


@dataclass(frozen=True)
class Published:
    """What came of a write.

    Attributes
    ----------
    paths
        What was written, in the order it was given.
    left
        Files of the same parts that were not written now, and stay: an older release's, or changed since. They may
        be somebody's. Where there was no manifest, the texts that were there, under another name.
    """

    paths: tuple[Path, ...]
    left: tuple[Path, ...] = ()


def publish(
    folder: Path,
    parts: Sequence[Part],
    *,
    known: KnownFiles = nothing_known,
    amended: Mapping[str, str] | None = None,
    record: Path | None = None,
    option: str = "--out",
) -> Published:
    """Write files into a folder: all of them, or none and one clear error.

    They are made whole aside and put in place by renaming, so that a full disk or a kill leaves the earlier ones.

    Parameters
    ----------
    folder
        Made if need be.
    known
        Says what an older release wrote, asked where there is no manifest.
    amended
        Files of other parts that get another text (a link more, say); those that are not ours are left alone.
    record
        Where the manifest lies; in the folder by default.
    option
        What the user gives another folder by.

    Raises
    ------
    UserError
        A file that ablate did not write, or that was changed since, would be replaced; the folder is a file, a link
        below it leads elsewhere, or its manifest cannot be read.
    Failure
        The folder cannot be written.
    """
    with told(folder, option), alone(folder):
        manifest = read_manifest(folder, record or folder / NAME, known)
        wanted = {name: (part, as_bytes(data)) for part in parts for name, data in part.files.items()}
        for name in wanted:
            check_name(name)
        _refuse(folder, {name: data for name, (_, data) in wanted.items()}, manifest.entries, option)
        for name, text in (amended or {}).items():
            entry = manifest.entries.get(name)
            ours = entry is not None and _problem(folder, name, None, manifest.entries) is None
            if entry is not None and ours and (folder / name).read_bytes() != as_bytes(text):
                wanted[name] = (Part(entry.part, {}, retires=False), as_bytes(text))
        gone, left = _retired(folder, parts, wanted, manifest.entries)
        kept = _kept(folder, {name: data for name, (_, data) in wanted.items()}, manifest.entries)
        _replace(folder, manifest, wanted, gone, kept)
        names = [name for part in parts for name in part.files]
        return Published(tuple(folder / name for name in names), tuple(folder / n for n in (*left, *kept.values())))


def check_free(folder: Path, names: Sequence[str], *, known: KnownFiles = nothing_known) -> None:
    """Refuse as `publish` would, before the work is done that gives the files' contents.

    Raises
    ------
    UserError, Failure
        As `publish` raises them.
    """
    with told(folder):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            raise NotADirectoryError(there)
        if not os.access(there, os.W_OK):
            raise PermissionError(errno.EACCES, "it is read-only", str(there))
        if folder.is_dir():
            _refuse(folder, dict.fromkeys(names), read_manifest(folder, folder / NAME, known).entries)


def _refuse(
    folder: Path, wanted: Mapping[str, bytes | None], entries: Mapping[str, ManifestEntry], option: str = "--out"
) -> None:
    """Raise a UserError that names what would be replaced without being ours."""
    if folder.exists() and not folder.is_dir():
        raise UserError(
            f"{folder} is a file, expected a folder to write to: give another with {option}; nothing was written"
        )
    problems = {name: _problem(folder, name, data, entries) for name, data in wanted.items()}
    strange = [f"{name} {why}" for name, why in problems.items() if why is not None]
    if not strange:
        return
    more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
    raise UserError(
        f"{folder}: nothing was written, because files would be replaced that are not ablate's: "
        f"{'; '.join(strange[:_SHOWN])}{more}. Move them aside, or give another folder with {option}"
    )


def _problem(folder: Path, name: str, data: bytes | None, entries: Mapping[str, ManifestEntry]) -> str | None:
    """Return why a file may not be written, or None."""
    path = folder
    for part in PurePosixPath(name).parts[:-1]:
        path = path / part
        if path.is_symlink():
            return f"(its folder {part} is a link, which may lead elsewhere)"
        if path.exists() and not path.is_dir():
            return f"(its folder {part} is a file)"
    path = folder / name
    if path.is_symlink():
        return "(a link, which may lead elsewhere)"
    if path.is_dir():
        return "(a folder)"
    if not path.exists():
        return None
    if not path.is_file():
        return "(no plain file)"
    now = path.read_bytes()
    if data is not None and content_hash(now) == content_hash(data):
        return None
    entry = entries.get(name)
    if entry is None:
        return "(not written by ablate)"
    return None if content_hash(now) in entry.hashes else "(changed since ablate wrote it)"


def _retired(
    folder: Path, parts: Sequence[Part], wanted: Mapping[str, Any], entries: Mapping[str, ManifestEntry]
) -> tuple[list[str], list[str]]:
    """Return the earlier files of the parts: those that go, and those that may be somebody's and stay."""
    labels = {part.label for part in parts if part.retires}
    gone: list[str] = []
    left: list[str] = []
    for name, entry in entries.items():
        if name in wanted or entry.part not in labels or not (folder / name).exists():
            continue
        sure = entry.sure and _problem(folder, name, None, entries) is None
        (gone if sure else left).append(name)
    return gone, left


def _kept(folder: Path, wanted: Mapping[str, bytes], entries: Mapping[str, ManifestEntry]) -> dict[str, str]:
    """Return under which name a text stays that is replaced although nothing says that nobody edited it.

    Of Markdown alone: who adds words to a report adds them there.
    """
    kept_as: dict[str, str] = {}
    for name, data in wanted.items():
        path, entry = folder / name, entries.get(name)
        if entry is None or entry.sure or path.suffix != ".md" or content_hash(path.read_bytes()) == content_hash(data):
            continue
        number = 1
        while os.path.lexists(folder / _earlier(name, number)):  # a link to nothing, too, would be written through
            number += 1
        kept_as[name] = _earlier(name, number)
    return kept_as


def _earlier(name: str, number: int) -> str:
    return f"{name.removesuffix('.md')}.earlier{'' if number == 1 else f'-{number}'}.md"


def _replace(
    folder: Path,
    manifest: Manifest,
    wanted: Mapping[str, tuple[Part, bytes]],
    gone: Sequence[str],
    kept: Mapping[str, str],
) -> None:
    before = dict(manifest.entries)
    aside = folder / f".ablate-{uuid.uuid4().hex[:12]}"
    fresh = {name: ManifestEntry(part.label, frozenset({content_hash(data)})) for name, (part, data) in wanted.items()}
    # Both the earlier content and the new one count as ours as long as the files are being put in place.
    for name, entry in fresh.items():
        manifest.entries[name] = ManifestEntry(entry.part, entry.hashes | before.get(name, entry).hashes)
    folder.mkdir(parents=True, exist_ok=True)
    manifest.path.parent.mkdir(parents=True, exist_ok=True)
    manifest.partial = aside.name
    manifest.save()
    try:
        aside.mkdir()
        staged = {name: aside / str(number) for number, name in enumerate(wanted)}
        for name, (_, data) in wanted.items():
            staged[name].write_bytes(data)
        for name, other in kept.items():
            shutil.copy2(folder / name, folder / other)
        for name, path in staged.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            path.replace(folder / name)
        for name in gone:
            (folder / name).unlink()
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    left = {name: entry for name, entry in before.items() if (folder / name).exists() and name not in gone}
    manifest.entries, manifest.partial = {**left, **fresh}, ""
    manifest.save()
