"""The user's own images and labels in one `.npz` file."""

from __future__ import annotations

import functools
import math
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Examples
from ablate.data.packed import nothing_left, read_exactly
from ablate.data.stored import examples_of
from ablate.data.user import UserData
from ablate.errors import Failure
from ablate.registry import register

_NAMES = (("images", "labels"), ("x", "y"))


def _array(stream: IO[bytes], *, what: str) -> NDArray[Any]:
    """Read one `.npy`, allocating what is there and not what its header promises; no pickles."""
    version = np.lib.format.read_magic(stream)
    if version not in {(1, 0), (2, 0)}:
        raise Failure(f"cannot read {what}: its format version {version} is not 1.0 or 2.0")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if dtype.hasobject or dtype.kind not in "uif":
        raise Failure(f"cannot read {what}: it holds {dtype}, expected numbers (objects are never unpickled)")
    if min(shape, default=1) < 0:
        raise Failure(f"cannot read {what}: its shape {shape} is impossible")
    data = read_exactly(stream, math.prod(shape) * dtype.itemsize, what=what)
    nothing_left(stream, what=what)
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def _arrays(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
            pair = next((names for names in _NAMES if set(names) <= inside), None)
            if pair is None:
                raise Failure(
                    f"{path} holds the arrays {', '.join(sorted(inside)) or 'nothing'}, "
                    "expected `images` and `labels`, or `x` and `y`"
                )
            found = []
            for name in pair:
                with archive.open(f"{name}.npy") as stream:
                    found.append(_array(stream, what=f"{path}: {name}"))
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Failure(f"cannot read {path} as an .npz file ({error})") from error
    return found[0], found[1]


def _bytes(images: NDArray[Any], *, what: str) -> NDArray[np.uint8]:
    """Return images as uint8 (examples, channels, height, width)."""
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in {1, 3} and images.shape[3] in {1, 3}:
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in {1, 3}:
        raise Failure(
            f"{what} has images of shape {images.shape}, expected (examples, height, width), or four axes with "
            "1 or 3 channels second or last"
        )
    if images.dtype.kind == "f":
        if images.size and not (images.min() >= 0.0 and images.max() <= 1.0):
            raise Failure(f"{what} has values from {images.min()} to {images.max()}: fractions must lie in [0, 1]")
        rounded: NDArray[np.uint8] = np.rint(images * 255).astype(np.uint8)
        return rounded
    if images.size and (images.min() < 0 or images.max() > 255):
        raise Failure(f"{what} has values from {images.min()} to {images.max()}: whole numbers must lie in 0 … 255")
    whole: NDArray[np.uint8] = images.astype(np.uint8)
    return whole


@functools.lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Examples:  # noqa: ARG001
    images, labels = _arrays(path)
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.reshape(-1)
    if labels.ndim != 1 or labels.dtype.kind not in "ui":
        raise Failure(f"{path} has labels of {labels.dtype}, {labels.shape}: expected whole numbers (examples,)")
    low, high = (int(labels.min()), int(labels.max())) if len(labels) else (0, 0)
    if low < 0 or high >= max(len(labels), 2):
        raise Failure(f"{path} has labels from {low} to {high}: expected 0 to classes - 1")
    counts = np.bincount(labels.astype(np.int64), minlength=2)
    if (missing := np.flatnonzero(counts == 0)).size and len(labels):
        raise Failure(f"{path} has no example of class {missing[0]}: labels must go from 0 up without gaps")
    return examples_of(_bytes(images, what=str(path)), labels, classes=len(counts), what=str(path))


@register("dataset", "npz")
@dataclass(frozen=True)
class Npz(UserData):
    """Your own data: an `.npz` file with arrays `images` and `labels` (or `x` and `y`).

    Images are (examples, height, width), or have 1 or 3 channels as second or last axis; whole numbers 0 … 255, or
    fractions in [0, 1], which are kept to 1/255. Labels are whole numbers from 0 up, without gaps.

    Attributes
    ----------
    path
        The file.
    test, validation
        Shares of all examples, held out once for all seeds, stratified.
    """

    path: str | None = field(default=None, metadata={"identity": False})

    def examples(self) -> Examples:
        """Return all images in the order of the file; read once while the file stays as it is."""
        path = self.existing(self.path, "path", "an .npz file", want=Path.is_file)
        return _read(path, path.stat().st_mtime_ns)
