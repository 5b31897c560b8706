"""The user's own images and labels in one `.npz` file."""

from __future__ import annotations

import functools
import itertools
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.keys import chosen
from ablate.data.labels import number_labels
from ablate.data.layout import arranged, check_layout
from ablate.data.limits import check_values
from ablate.data.npy import read_npy
from ablate.data.paths import printable_line, some
from ablate.data.plausible import repeats
from ablate.data.ranges import Group
from ablate.data.stored import check_labels, examples_of
from ablate.data.user import Loaded, UserData
from ablate.data.values import by_type
from ablate.errors import UserError
from ablate.registry import register
from ablate.resources import file_stamp
from ablate.zips import zip_damage

Pair = tuple[NDArray[Any], NDArray[Any]]


def _arrays(path: Path, source: Npz) -> tuple[dict[str, Pair], dict[str, str], list[str]]:
    """Return part -> (images, labels), part -> the name of its images, and what is told of the rest."""
    pairs: dict[str, Pair] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            if twice := sorted(name for name, count in Counter(members).items() if count > 1):
                raise UserError(f"{path} holds an array twice: {some(twice)}")
            names = [name.removesuffix(".npy") for name in members]
            choice = chosen(names, images=source.images, labels=source.labels, what=str(path))
            for part, pair in choice.parts.items():
                one, two = (_member(archive, name, path) for name in pair)
                two = two.reshape(-1) if two.ndim != 2 or two.shape[0] == 1 else two  # a row of labels, a single one
                check_labels(len(one) if one.ndim else 0, two, what=f"{path}: {pair[0]}")
                pairs[part] = one, two
                check_values(sum(images.size for images, _ in pairs.values()), what=str(path))
    except zip_damage(ValueError, KeyError, IndexError) as error:
        raise UserError(
            f"cannot read {path} as an .npz file ({printable_line(error) or type(error).__name__})"
        ) from error
    told = [f"arrays that are not read: {some(choice.unread)}"] if choice.unread else []
    return pairs, {part: pair[0] for part, pair in choice.parts.items()}, told


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as stream:
        return read_npy(stream, what=f"{path}: {printable_line(name)}")


def _together(pairs: dict[str, Pair], layout: str | None, path: Path) -> Pair:
    """Return the images of all parts as (examples, channels, height, width), and their labels."""
    images = {part: arranged(pair[0], layout, what=str(path)) for part, pair in pairs.items()}
    kinds = {part: (array.dtype, array.shape[1:]) for part, array in images.items()}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{part} {dtype} {'x'.join(map(str, shape))}" for part, (dtype, shape) in kinds.items())
        raise UserError(f"{path} has parts of different kinds ({listed}): expected images of one type and shape")
    labels = [pair[1] for pair in pairs.values()]
    if len({(array.dtype.kind in "US", array.shape[1:]) for array in labels}) > 1:
        raise UserError(f"{path} has labels of different kinds in its parts: expected one kind")
    if len(pairs) == 1:
        return next(iter(images.values())), labels[0]
    return np.concatenate(list(images.values())), np.concatenate(labels)


def _parts(sizes: dict[str, int], names: dict[str, str]) -> list[Group]:
    """Return the parts as they may have been scaled, by the names of their arrays."""
    ends = list(itertools.accumulate(sizes.values()))
    advice = "scale it as the others are, so that the same values are black and white in all parts"
    rows = np.split(np.arange(ends[-1], dtype=np.int64), ends[:-1])
    return [Group(names[part], positions, advice) for part, positions in zip(sizes, rows, strict=True)]


@functools.lru_cache(maxsize=4)
def _read(source: Npz, path: Path, stamp: tuple[int, ...]) -> Loaded:  # noqa: ARG001
    pairs, names, notes = _arrays(path, source)
    images, labels = _together(pairs, source.layout, path)
    numbers, classes, told = number_labels(labels, what=str(path))
    sizes = {part: len(pair[0]) for part, pair in pairs.items()}
    ends = dict(zip(sizes, itertools.accumulate(sizes.values()), strict=True))
    if strange := sorted(set(range(len(classes))) - set(numbers[: sizes["train"]].tolist())):
        raise UserError(f"{path} has the label {classes[strange[0]]} in another part, and not in its training part")

    def named(position: int) -> str:
        part = next(part for part, end in ends.items() if position < end)
        return f"{names[part]}[{position - ends[part] + sizes[part]}]"

    kept, divided = source.division(sizes, what=str(path))
    raw, typed = by_type(images)
    divided += repeats(images, kept)
    examples = examples_of(
        raw,
        numbers,
        classes=len(classes),
        source=source.source(str(path), named, groups=_parts(sizes, names)),
        notes=[*notes, *divided, *told, *([] if source.white is not None else typed)],
        parts=kept or (),
    )
    return Loaded(examples, kept)


@register("dataset", "npz")
@dataclass(frozen=True)
class Npz(UserData):
    """Your own data: an `.npz` file with arrays `images` and `labels` (or `x` and `y`, `data` and `target`, …).

    With parts as `x_train`, `y_train`, `x_test`, `y_test`, or `train_images`, `train_labels`, `val_images`, …, their
    test and validation parts are used as they are. Images are (examples, height, width), or have 1 or 3 channels as
    second or last axis. Bytes (255 is white), 16-bit numbers (65,535), or fractions in [0, 1]; other whole numbers as
    bytes, in 0 … 255. Labels are whole numbers, text or one-hot rows. Nothing is unpickled.

    Attributes
    ----------
    path
        The file.
    images, labels
        Names of the arrays to read; None: by the names above.
    layout
        `channels_first` or `channels_last`, where an image's shape leaves that open; a shape as `1x28x28` for rows of
        numbers.
    test, validation, parts, black, white, blank
        See `UserData`.
    """

    path: str | None = field(default=None, metadata={"identity": False})
    images: str | None = field(default=None, metadata={"unsaid": None})
    labels: str | None = field(default=None, metadata={"unsaid": None})
    layout: str | None = field(default=None, metadata={"unsaid": None})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layout(self.layout)

    def loaded(self) -> Loaded:
        """Return all images in the order of the file; read once while the file stays as it is."""
        path = self.existing(self.path, "path", "an .npz file", want=Path.is_file)
        return _read(replace(self, train_size=None), path, file_stamp(path))
