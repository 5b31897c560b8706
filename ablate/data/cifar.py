"""CIFAR-10 and CIFAR-100, from their binary versions: nothing is unpickled."""

from __future__ import annotations

import functools
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from ablate.data.base import Examples
from ablate.data.fetch import Remote, fetch_file
from ablate.data.limits import check_values
from ablate.data.packed import open_packed, read_exactly
from ablate.data.paths import given_path, is_there
from ablate.data.stored import PublishedDataset, StoredSource, examples_of
from ablate.data.values import EIGHT, Bytes, Raw
from ablate.errors import UserError
from ablate.registry import register
from ablate.resources import file_stamp

_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


def _members(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Return the named files: of a folder, or of a tar archive (nothing is written to disk)."""
    contents: dict[str, bytes] = {}
    if path.is_dir():
        for name in names:
            if (file := path / name).is_file():
                with open_packed(file) as single:
                    contents[name] = read_exactly(single, file.stat().st_size, what=str(file))
    else:
        try:
            with open_packed(path) as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
                unpacked = 0
                for member in archive:
                    unpacked += member.size  # what is not read is unpacked all the same
                    check_values(unpacked, what=str(path))
                    name = Path(member.name).name
                    if name in names and member.isfile() and (stream := archive.extractfile(member)) is not None:
                        contents[name] = read_exactly(stream, member.size, what=f"{path}: {name}")
        except tarfile.TarError as error:
            raise UserError(f"cannot read {path}: it is damaged, cut off or not a tar archive ({error})") from error
    if missing := [name for name in names if name not in contents]:
        raise UserError(f"{path} does not hold {', '.join(missing)}")
    return contents


def _records(data: bytes, *, label_bytes: int, what: str) -> Bytes:
    size = label_bytes + _PIXELS
    if not data or len(data) % size:
        raise UserError(
            f"cannot read {what}: it holds {len(data):,} bytes, which is not a multiple of {size} (a record)"
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, size)


@functools.lru_cache(maxsize=1)
def _read(
    path: Path,
    stamp: tuple[int, ...],  # noqa: ARG001
    *,
    train: tuple[str, ...],
    test: str,
    label_bytes: int,
    classes: int,
) -> tuple[Examples, int]:
    """Return all examples, the test part last, and how many those are."""
    files = _members(path, (*train, test))
    check_values(sum(map(len, files.values())), what=str(path))
    records = [_records(files[name], label_bytes=label_bytes, what=f"{path}: {name}") for name in (*train, test)]
    together = np.concatenate(records)
    # The last label byte is the fine class (CIFAR-100 has the coarse one before it).
    images, labels = together[:, label_bytes:].reshape(-1, *_SHAPE), together[:, label_bytes - 1]
    raw = Raw(images, EIGHT, whole=True)
    return examples_of(raw, labels, classes=classes, source=StoredSource(str(path))), len(records[-1])


@dataclass(frozen=True)
class _Cifar(PublishedDataset):
    # Where the files lie is not part of what a run is: their fingerprint is.
    folder: str | None = field(default=None, metadata={"identity": False})

    name: ClassVar[str]
    file: ClassVar[Remote]
    inner: ClassVar[str]
    train_files: ClassVar[tuple[str, ...]]
    test_file: ClassVar[str]
    label_bytes: ClassVar[int]

    def _path(self) -> Path:
        if self.folder is None:
            return fetch_file(self.file, dataset=self.name)
        folder = given_path(self.folder, name="folder")
        for path in (folder / self.file.name, folder / self.inner, folder):
            if any(is_there(each, Path.is_file, name="folder") for each in (path, path / self.test_file)):
                return path
        raise UserError(f"the folder {folder} (dataset.folder) holds neither {self.file.name} nor {self.test_file}")

    def _all(self) -> tuple[Examples, int]:
        path = self._path()
        return _read(
            path,
            file_stamp(path),  # read once, while the archive stays as it is
            train=self.train_files,
            test=self.test_file,
            label_bytes=self.label_bytes,
            classes=self.classes,
        )

    def examples(self) -> Examples:
        """Return the training images, then the test images, as published; values / 255."""
        return self._all()[0]

    def test_count(self) -> int:
        """Return the size of the published test part."""
        return self._all()[1]


@register("dataset", "cifar10")
@dataclass(frozen=True)
class Cifar10(_Cifar):
    """CIFAR-10: 60,000 photographs 3x32x32 of ten classes; the published 10,000 for testing, 5,000 for validation.

    In memory they take 0.7 GB.

    References
    ----------
    Krizhevsky (2009), Learning multiple layers of features from tiny images. SHA-256: the checksum lists of
    TensorFlow Datasets.
    """

    classes: ClassVar[int] = 10
    name: ClassVar[str] = "cifar10"
    file: ClassVar[Remote] = Remote(
        "cifar-10-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    )
    inner: ClassVar[str] = "cifar-10-batches-bin"
    train_files: ClassVar[tuple[str, ...]] = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
    test_file: ClassVar[str] = "test_batch.bin"
    label_bytes: ClassVar[int] = 1


@register("dataset", "cifar100")
@dataclass(frozen=True)
class Cifar100(_Cifar):
    """CIFAR-100: 60,000 photographs 3x32x32 of a hundred classes (the fine labels); divided as CIFAR-10.

    In memory they take 0.7 GB.

    References
    ----------
    Krizhevsky (2009), Learning multiple layers of features from tiny images. SHA-256: the checksum lists of
    TensorFlow Datasets.
    """

    classes: ClassVar[int] = 100
    name: ClassVar[str] = "cifar100"
    file: ClassVar[Remote] = Remote(
        "cifar-100-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    )
    inner: ClassVar[str] = "cifar-100-binary"
    train_files: ClassVar[tuple[str, ...]] = ("train.bin",)
    test_file: ClassVar[str] = "test.bin"
    label_bytes: ClassVar[int] = 2
