"""Files beside the runs: written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import Failure
from ablate.resources import plain_file
from ablate.track.record import SeedRecord
from ablate.zips import zip_damage

CORRECTNESS = "test_correct.npz"
ARRAYS = "arrays.npz"

Named = dict[str, NDArray[Any]]


def write_json(path: Path, value: Any) -> None:
    """Write JSON through a neighbour file, so that a kill leaves the earlier content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json_text(value))


def json_text(value: Any) -> bytes:
    """Return what `write_json` writes."""
    return _encoded(json.dumps(value, indent=1, ensure_ascii=False, default=plain_json) + "\n")


def _encoded(text: str) -> bytes:
    return text.encode(errors="backslashreplace")


def write_text(path: Path, text: str) -> None:
    """Write a text through a neighbour file, as `write_json` does."""
    write_bytes(path, _encoded(text))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes through a neighbour file, as `write_json` does."""
    with _whole(path, "") as partial:
        partial.write_bytes(content)


def plain_json(value: Any) -> Any:
    """Return a value that JSON does not know as one that it does."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)


def merge_correctness(earlier: Sequence[Path], folder: Path, runs: Sequence[SeedRecord]) -> None:
    """Write the per-example test correctness of an arm: what its earlier arm runs hold, and the new seeds.

    One file per arm and not per seed: 20 seeds of 1,000 examples are 2.5 kB packed, and one array to read.

    Parameters
    ----------
    earlier
        Folders of the arm runs that went before.
    folder
        Where the new arm run keeps its files.
    """
    by_seed: dict[int, NDArray[np.bool_]] = {}
    for place in earlier:
        by_seed.update(read_correctness(place / CORRECTNESS))
    by_seed.update({run.result.seed: run.result.test_correct for run in runs if run.result.test_correct is not None})
    if not by_seed:
        return
    seeds = sorted(by_seed)
    longest = max(len(by_seed[seed]) for seed in seeds)
    bits = np.zeros((len(seeds), longest), dtype=np.bool_)
    for row, seed in enumerate(seeds):
        bits[row, : len(by_seed[seed])] = by_seed[seed]
    packed: Named = {
        "packed": np.packbits(bits, axis=1),
        "seeds": np.asarray(seeds, dtype=np.int64),
        "examples": np.asarray([len(by_seed[seed]) for seed in seeds], dtype=np.int64),
    }
    _write_npz(folder / CORRECTNESS, packed)


def merge_texts(earlier: Sequence[Path], folder: Path, files: Mapping[str, str]) -> None:
    """Write an arm's files, and keep those of its earlier arm runs that are not written anew.

    Parameters
    ----------
    earlier
        Folders of the arm runs that went before.
    folder
        Where the new arm run keeps its files; what is there already stays.
    files
        Name -> text.
    """
    for name, text in files.items():
        write_text(folder / name, text)
    for place in reversed(earlier):  # the last one's first: they are not written over
        for path in place.glob("[!.]*"):
            if path.is_file() and not path.is_symlink() and not (folder / path.name).exists():
                shutil.copyfile(path, folder / path.name)


def read_correctness(path: Path) -> dict[int, NDArray[np.bool_]]:
    """Return seed -> correctness of each test example, bool (examples,); empty where there is no file."""
    if not path.exists():
        return {}
    with _stored_arrays(path) as stored:
        bits = np.unpackbits(stored["packed"], axis=1).astype(np.bool_)
        return {
            int(seed): bits[row, : int(count)]
            for row, (seed, count) in enumerate(zip(stored["seeds"], stored["examples"], strict=True))
        }


def merge_arrays(earlier: Sequence[Path], folder: Path, runs: Sequence[SeedRecord]) -> None:
    """Write the arrays of an arm's runs: what its earlier arm runs hold, and the new seeds (see `merge_correctness`).

    One compressed file, in which each array is named `<seed>/<name>`: runs may have arrays of different shapes.
    """
    by_seed: dict[int, Named] = {}
    for place in earlier:
        by_seed.update(read_seed_arrays(place / ARRAYS))
    by_seed.update({run.result.seed: run.result.arrays for run in runs if run.result.arrays})
    if by_seed:
        members = {f"{seed}/{name}": array for seed in sorted(by_seed) for name, array in by_seed[seed].items()}
        _write_npz(folder / ARRAYS, members)


def read_seed_arrays(path: Path) -> dict[int, Named]:
    """Return seed -> name -> array; empty where there is no file."""
    by_seed: dict[int, Named] = {}
    if path.exists():
        with _stored_arrays(path) as stored:
            for member in stored.files:
                seed, _, name = member.partition("/")
                by_seed.setdefault(int(seed), {})[name] = stored[member]
    return by_seed


@contextlib.contextmanager
def _stored_arrays(path: Path) -> Iterator[Any]:
    """Open what `_write_npz` wrote.

    Raises
    ------
    Failure
        It is damaged, or no file of ours.
    """
    try:
        with plain_file(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            yield stored
    except zip_damage(ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Failure(
            f"{path} cannot be read ({' '.join(str(error).split())[:120] or type(error).__name__}): it holds arrays of "
            "an arm's runs. Put it back from a copy, or move it aside: they are missing then, and all else is kept"
        ) from error


def _write_npz(path: Path, arrays: Named) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole(path, ".npz") as partial, partial.open("wb") as out:
        np.savez_compressed(out, **arrays)  # type: ignore[arg-type]  # no array is named `allow_pickle`


@contextlib.contextmanager
def _whole(path: Path, ending: str) -> Iterator[Path]:
    """Give a neighbour of a file to write to, which takes its place once it is whole; it never stays behind."""
    partial = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex[:8]}{ending}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
