"""The user's own images: a folder with a folder of pictures for each class."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Examples
from ablate.data.packed import MOST_BYTES
from ablate.data.stored import examples_of
from ablate.data.user import UserData
from ablate.errors import Failure
from ablate.registry import register

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm")
_GREY = ("1", "L", "LA")


def _pictures(folder: Path) -> list[tuple[str, list[Path]]]:
    """Return each class with its files, both sorted by name."""
    found = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        files = sorted(path for path in inner.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
        if not files:
            raise Failure(f"{inner} is a class without pictures: expected files {', '.join(SUFFIXES)}")
        found.append((inner.name, files))
    if len(found) < 2:
        raise Failure(f"{folder} holds {len(found)} folder(s), expected one folder of pictures for each of 2+ classes")
    return found


def _open(path: Path) -> Any:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(path)
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Failure(f"cannot read the picture {path} ({error})") from error


@functools.lru_cache(maxsize=4)
def _read(folder: Path, listing: tuple[tuple[str, int, int], ...]) -> Examples:  # noqa: ARG001
    classes = _pictures(folder)
    files = [path for _, paths in classes for path in paths]
    size, grey = None, True
    for path in files:  # headers only
        with _open(path) as picture:
            grey = grey and picture.mode in _GREY
            if size is None:
                size = picture.size
            elif picture.size != size:
                raise Failure(
                    f"pictures must be of one size: {files[0]} is {size[0]}x{size[1]}, {path} "
                    f"{picture.size[0]}x{picture.size[1]}"
                )
    assert size is not None
    width, height = size
    mode, channels = ("L", 1) if grey else ("RGB", 3)
    if (total := len(files) * channels * width * height) > MOST_BYTES:
        raise Failure(f"the pictures in {folder} take {total:,} bytes, more than the {MOST_BYTES:,} allowed")
    images = np.empty((len(files), channels, height, width), dtype=np.uint8)
    for row, path in zip(images, files, strict=True):
        with _open(path) as picture:
            try:
                pixels: NDArray[np.uint8] = np.asarray(picture.convert(mode))
            except (OSError, ValueError, SyntaxError) as error:
                raise Failure(f"cannot read the picture {path} ({error})") from error
        row[...] = pixels[None] if grey else pixels.transpose(2, 0, 1)
    labels = np.repeat(np.arange(len(classes)), [len(paths) for _, paths in classes])
    return examples_of(images, labels, classes=len(classes), what=str(folder))


@register("dataset", "folder")
@dataclass(frozen=True)
class ImageFolder(UserData):
    """Your own data: a folder that holds a folder of pictures for each class.

    Classes are numbered in the order of their folders' names. Pictures must be of one size; they are grey (one
    channel) if all of them are, else RGB.

    Attributes
    ----------
    path
        The folder.
    test, validation
        Shares of all pictures, held out once for all seeds, stratified.
    """

    path: str | None = field(default=None, metadata={"identity": False})

    def examples(self) -> Examples:
        """Return all pictures, sorted by class and name; read once while the files stay as they are."""
        folder = self.existing(self.path, "path", "a folder with a folder of pictures per class", want=Path.is_dir)
        stats = ((path, path.stat()) for _, paths in _pictures(folder) for path in paths)
        return _read(folder, tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats))
