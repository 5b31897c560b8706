"""What waits for its server, on disk: every write is put here first, and taken away once the server has it.

A parcel is a folder with `parcel.jsonl` (a line that says what it is, then one for each seed run) and the files that go
with it: JSON, text and NPZ, nothing pickled. It is made aside and renamed, so that one that is there is whole.
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from ablate.errors import Failure
from ablate.track import owner
from ablate.track.files import write_json
from ablate.track.layout import Layout
from ablate.track.server.link import checked_address
from ablate.values import from_json

_NUMBERED = re.compile(r"(\d{20})-([0-9a-f]{12})")
_PARCEL, _ADDRESS = "parcel.jsonl", "server.json"
_HALF = re.compile(r"\.(?:\d{20}|gone)-[0-9a-f]{12}")
_WAIT_SECONDS = 60.0
_LONG_AGO = 86_400.0  # seconds after which nobody is filling a parcel any more


@dataclass(frozen=True)
class Parcel:
    """One thing that is to be done on the server.

    Attributes
    ----------
    folder
        Where its files are.
    number
        Its place in the order in which things were done.
    token
        By which the server knows it again: what was begun is brought to its end and not begun anew.
    head
        What is to be done.
    runs
        The seed runs that it brings.
    """

    folder: Path
    number: int
    token: str
    head: dict[str, Any]
    runs: list[dict[str, Any]]

    @property
    def files(self) -> Path:
        """What goes beside the study run."""
        return self.folder / "files"

    @property
    def texts(self) -> Path:
        """What goes beside the arm's run."""
        return self.folder / "texts"


class Spool:
    """The parcels for one server, below `mlruns/spool` of a project."""

    def __init__(self, root: Path, uri: str) -> None:
        self.uri, self._layout = uri, Layout(root)
        plain = re.sub(r"[^\w.-]+", "-", uri.partition("://")[2]).strip("-.")[:100]
        self.folder = _spools(root) / f"{plain}-{sha256(uri.encode()).hexdigest()[:8]}"

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what the disk says into one line."""
        try:
            yield
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Failure(
                    f"the disk of {self.folder} is full: free some space and give the same command again; "
                    "every run logged so far is kept"
                ) from error
            raise owner.cannot_write(self._layout, error) from error

    def put(self, head: Mapping[str, Any], runs: Sequence[Mapping[str, Any]] = ()) -> Putting:
        """Begin a parcel; fill its folders in a `with` block, all of it within `writing`."""
        self._prepare()
        self._tidy()
        numbers = [number for number, _, _ in self._listed()]
        number = max(time.time_ns(), *(taken + 1 for taken in numbers), 0)  # clocks are set back
        return Putting(self.folder, number, secrets.token_hex(6), dict(head), [dict(run) for run in runs])

    def waiting(self) -> list[Parcel]:
        """Return the parcels, the oldest first.

        Raises
        ------
        Failure
            One of them cannot be read.
        """
        return [self._read(*place) for place in self._listed()]

    def results(self) -> int:
        """Return how many seed runs are waiting."""
        return sum(len(parcel.runs) for parcel in self.waiting())

    def drop(self, parcel: Parcel) -> None:
        """Take away what was delivered."""
        gone = parcel.folder.with_name(f".gone-{parcel.token}")
        parcel.folder.replace(gone)  # at once: half a parcel is none
        shutil.rmtree(gone, ignore_errors=True)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the spool: one process delivers at a time.

        Raises
        ------
        Failure
            Another process has been delivering for a minute.
        """
        self._prepare()
        lock = FileLock(str(self.folder / ".lock"), thread_local=False)
        try:
            lock.acquire(timeout=_WAIT_SECONDS)
        except Timeout:
            raise Failure(f"another process is delivering what waits in {self.folder}: wait for it") from None
        try:
            yield
        finally:
            lock.release()

    def _prepare(self) -> None:
        for place in (self.folder.parent, self.folder):
            if place.is_symlink():
                raise Failure(f"{place} is a link: remove it; results wait in the project's own folder only")
        with self.writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / _ADDRESS).exists():
                write_json(self.folder / _ADDRESS, {"uri": self.uri})

    def _tidy(self) -> None:
        """Take away what a killed process left half filled, or half taken away, long ago."""
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                if _HALF.fullmatch(path.name) and time.time() - path.lstat().st_mtime > _LONG_AGO:
                    shutil.rmtree(path, ignore_errors=True)

    def _listed(self) -> list[tuple[int, str, Path]]:
        if not self.folder.is_dir():
            return []
        entries = [(_NUMBERED.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return sorted((int(name[1]), name[2], path) for name, path in entries if name is not None)

    def _read(self, number: int, token: str, folder: Path) -> Parcel:
        path = folder / _PARCEL
        try:
            head, *runs = [from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise Failure(
                f"{path} cannot be read ({error}): it holds results that wait for {self.uri}; put it back from a copy, "
                "or move its folder aside and give the study's command again, which makes these runs again"
            ) from error
        return Parcel(folder, number, token, head, runs)


class Putting:
    """A parcel that is being filled: `with spool.put(…) as putting` makes it whole at the end, or takes it away."""

    def __init__(self, spool: Path, number: int, token: str, head: dict[str, Any], runs: list[dict[str, Any]]) -> None:
        self._spool, self._name = spool, f"{number:020d}-{token}"
        folder = spool / f".{self._name}"
        self.parcel = Parcel(folder, number, token, head, runs)
        for made in (self.parcel.files, self.parcel.texts):
            made.mkdir(parents=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.close()
        finally:  # nothing is there any more where it is whole
            shutil.rmtree(self.parcel.folder, ignore_errors=True)

    def close(self) -> Parcel:
        """Make it whole; return it as it lies there."""
        lines = [json.dumps(line) for line in (self.parcel.head, *self.parcel.runs)]  # ASCII: no other line ends
        (self.parcel.folder / _PARCEL).write_text("\n".join(lines) + "\n", encoding="utf-8")
        whole = self._spool / self._name
        self.parcel.folder.replace(whole)
        return Parcel(whole, self.parcel.number, self.parcel.token, self.parcel.head, self.parcel.runs)


def spools(root: Path) -> list[Spool]:
    """Return the spools of a project, one for each server that it wrote to.

    Raises
    ------
    Failure
        A spool does not say which server it is for.
    """
    per_server = []
    for path in sorted(_spools(root).glob(f"*/{_ADDRESS}")):
        try:
            uri = checked_address(from_json(path.read_text(encoding="utf-8"))["uri"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Failure(f"{path} cannot be read ({error}): it says where the results beside it are to go") from error
        per_server.append(Spool(root, uri))
    return per_server


def _spools(root: Path) -> Path:
    return Layout(root).runs / "spool"
