"""The user's own images: a folder with a folder of pictures for each class."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.limits import check_values
from ablate.data.listing import Listing, list_pictures
from ablate.data.paths import count_text, printable_line, some
from ablate.data.pictures import Head, Remarks, picture_head, pixels_of
from ablate.data.plausible import blank, repeats
from ablate.data.ranges import Group
from ablate.data.stored import examples_of
from ablate.data.user import Loaded, UserData
from ablate.data.values import Raw, number_text
from ablate.errors import UserError, must
from ablate.registry import register
from ablate.resources import file_stamp

_WHITE, _BLACK = 1.0, 0.0


def _heads(files: Sequence[Path], folder: Path) -> list[Head]:
    """Return the head of every picture: all of one size, but for an orientation, and not too many."""
    heads: list[Head] = []
    for path in files:
        head = picture_head(path)
        if heads and sorted(head.size) != sorted(heads[0].size):
            raise _sizes(files[0], heads[0].size, path, head.size)
        heads.append(head)
    width, height = heads[0].size
    channels = 1 if all(head.grey for head in heads) else 3
    check_values(len(files) * channels * width * height, what=str(folder))
    return heads


def _sizes(one: Path, size: Sequence[int], other: Path, its: Sequence[int], how: str = "") -> UserError:
    return UserError(f"pictures must be of one size: {one} is {size[0]}x{size[1]}, {other} {its[0]}x{its[1]}{how}")


def _values(files: Sequence[Path], heads: Sequence[Head], background: float) -> tuple[Raw, Remarks]:
    """Return the values of all pictures, as stored where all are stored alike, else each as fractions of its white."""
    alike = {(head.dtype, head.full) for head in heads}
    dtype, full = next(iter(alike)) if len(alike) == 1 else ("float32", 1.0)
    channels, remarks = 1 if all(head.grey for head in heads) else 3, Remarks()
    images: NDArray[Any] | None = None
    for row, (path, head) in enumerate(zip(files, heads, strict=True)):
        pixels = pixels_of(path, head, background=background, remarks=remarks)
        if images is None:
            images = np.empty((len(files), channels, *pixels.shape[:2]), dtype)
        if pixels.shape[:2] != images.shape[2:]:
            raise _sizes(files[0], images.shape[:1:-1], path, pixels.shape[1::-1], " (turned upright)")
        planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        with np.errstate(all="ignore"):  # NaN among fractions: refused when all are there
            images[row] = planes if len(alike) == 1 else planes / head.full
    assert images is not None
    return Raw(images, full, whole=len(alike) == 1 and dtype != "float32"), remarks


def _seen(files: Sequence[Path], heads: Sequence[Head], background: float | None) -> tuple[Raw, Remarks, list[str]]:
    """Return the values of all pictures, and what is told of their transparent parts.

    Without a declared background it is white, or black where fewer pictures are then blank: those drawn in white.
    """
    raw, remarks = _values(files, heads, _WHITE if background is None else background)
    if not remarks.transparent:
        return raw, remarks, []
    told = f"transparent parts of {count_text(remarks.transparent, 'picture')} show"
    if background is not None:
        return raw, remarks, [f"{told} dataset.background={background:g}"]
    vanished = int(blank(raw.values, full=raw.full or 1.0).sum())
    if vanished:
        dark, _ = _values(files, heads, _BLACK)
        if blank(dark.values, full=dark.full or 1.0).sum() < vanished:
            on_white = f"on white {count_text(vanished, 'picture')} would be blank"
            return dark, remarks, [f"{told} black (dataset.background=0): {on_white}"]
    return raw, remarks, [f"{told} white (dataset.background=1)"]


def _told(listing: Listing, heads: Sequence[Head], remarks: Remarks) -> list[str]:
    notes = listing.skipped.told()
    facts = [
        (sum(head.reduced for head in heads), "pictures have 16-bit colours, of which the upper 8 bits are read"),
        (sum(head.first_of > 1 for head in heads), "files hold more than the first picture, which is read"),
        (remarks.turned, "pictures are turned upright, as the camera noted"),
    ]
    notes += [f"{count:,} of {len(heads):,} {text}" for count, text in facts if count]
    kinds = sorted({head.dtype for head in heads})
    if len({(head.dtype, head.full) for head in heads}) > 1:
        notes.append(f"pictures are stored in different ways ({', '.join(kinds)}): each is scaled by its own")
    if remarks.warned:
        notes.append(f"{len(remarks.warned)} pictures were read with a warning: {some(remarks.warned)}")
    return notes


def _groups(sizes: dict[str, int], heads: Sequence[Head], named: Callable[[int], str]) -> list[Group]:
    """Return the pictures of each part and type: they may have been scaled in different ways."""
    parts = [part for part, size in sizes.items() for _ in range(size)]
    kinds = [(head.dtype, head.full) for head in heads]
    by_kind: dict[tuple[str, str, float], list[int]] = {}
    for row, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        by_kind.setdefault((part, *kind), []).append(row)
    mixed = len(set(kinds)) > 1
    groups = []
    for (part, dtype, full), rows in by_kind.items():
        name = part
        if mixed:
            name = f"{count_text(len(rows), f'{dtype} picture')} (the first is {named(rows[0])})"
        advice = "save them as the others are" if mixed else "save them with the range of the others"
        groups.append(Group(name, np.array(rows, dtype=np.int64), advice, full if mixed else 1.0))
    return groups


@functools.lru_cache(maxsize=4)
def _read(source: ImageFolder, folder: Path, state: tuple[tuple[str | int, ...], ...]) -> Loaded:  # noqa: ARG001
    listing = list_pictures(folder)
    classes = sorted(listing.parts["train"])
    files, labels, sizes = list[Path](), list[int](), dict[str, int]()
    for part, of in listing.parts.items():
        before = len(files)
        for index, name in enumerate(classes):
            files += of.get(name, [])
            labels += [index] * len(of.get(name, []))
        sizes[part] = len(files) - before
    heads = _heads(files, folder)
    if source.white is not None and len({(head.dtype, head.full) for head in heads}) > 1:
        raise UserError(
            f"{folder} holds pictures of different types: dataset.white={number_text(source.white)} cannot hold for all"
        )

    def named(position: int) -> str:
        return printable_line(files[position].relative_to(folder), most=60)

    raw, remarks, told = _seen(files, heads, source.background)
    kept, divided = source.division(sizes, what=str(folder))
    divided += repeats(raw.values, kept)
    hint = "; another dataset.background may show them" if remarks.transparent else ""
    examples = examples_of(
        raw,
        np.array(labels, dtype=np.int64),
        classes=len(classes),
        source=source.source(str(folder), named, hint=hint, groups=_groups(sizes, heads, named)),
        notes=[*_told(listing, heads, remarks), *divided, *told],
        parts=kept or (),
    )
    return Loaded(examples, kept)


@register("dataset", "folder")
@dataclass(frozen=True)
class ImageFolder(UserData):
    """Your own data: a folder that holds a folder of pictures for each class, or such folders in `train`, `test`, ….

    Classes are numbered in the order of their folders' names. Pictures must be of one size; they are grey (one
    channel) if all of them are, else RGB. They are turned upright as their camera noted, scaled by what their type can
    hold (255, 65,535, fractions as they are), and laid on the background where they are transparent. Files of other
    kinds and folders below the classes are left out, counted and told.

    Attributes
    ----------
    path
        The folder.
    background
        What transparent parts show, from 0 (black) to 1 (white); None: white, or black where pictures would vanish.
    test, validation, parts, black, white, blank
        See `UserData`.
    """

    path: str | None = field(default=None, metadata={"identity": False})
    background: float | None = field(default=None, metadata={"unsaid": None})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.background is not None and not 0.0 <= self.background <= 1.0:
            raise must("dataset.background", "be between 0 (black) and 1 (white)", self.background)

    def loaded(self) -> Loaded:
        """Return all pictures, sorted by part, class and name; read once while the files stay as they are."""
        folder = self.existing(self.path, "path", "a folder with a folder of pictures per class", want=Path.is_dir)
        listing = list_pictures(folder)
        files = [path for of in listing.parts.values() for paths in of.values() for path in paths]
        try:
            state = [(str(path), *file_stamp(path)) for path in files]
        except OSError as error:
            raise UserError(f"cannot list {folder} ({printable_line(error)})") from error
        left_out = ((listing.skipped.told() or [""])[0],)
        return _read(replace(self, train_size=None), folder, (*state, left_out))
