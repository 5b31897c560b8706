"""Datasets read from files: what they share."""

from __future__ import annotations

import functools
import hashlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Dataset, Examples, Split, fingerprint
from ablate.data.paths import printable_line
from ablate.data.plausible import STEP, check_seen
from ablate.data.ranges import Group, check_ranges
from ablate.data.stratify import stratified
from ablate.data.values import Declared, Raw, fractions
from ablate.errors import UserError, must
from ablate.streams import ENTROPY

_SPAWN_KEY = (60_000, 0, 0)  # three long, so that it is not a seed's key (those are pairs)


@dataclass(frozen=True)
class StoredSource:
    """Where examples come from, as errors and notes need it.

    Attributes
    ----------
    what
        Names the file or folder in errors, with its path.
    named
        Names an image by its position.
    declared
        Which values are black and white.
    keep_blank
        The user wants pictures of one value, too; None: the source does not have that setting.
    blank_hint
        What may have made pictures blank.
    groups
        Pictures that may have been scaled in different ways: parts, types.
    """

    what: str
    named: Callable[[int], str] = "image {}".format
    declared: Declared = field(default_factory=lambda: Declared(possible=False))
    keep_blank: bool | None = None
    blank_hint: str = ""
    groups: tuple[Group, ...] = ()

    @property
    def name(self) -> str:
        """What notes call it: the last part of its path."""
        return printable_line(Path(self.what).name)


def check_labels(count: int, labels: NDArray[Any], *, what: str) -> None:
    """Raise `UserError` unless there is one label for each of `count` images; `what` names the source."""
    if count != len(labels):
        raise UserError(f"{what} holds {count:,} images and {len(labels):,} labels: one label per image is needed")
    if not count:
        raise UserError(f"{what} holds no images")


def check_classes(labels: NDArray[np.integer], *, classes: int, what: str) -> None:
    """Raise `UserError` unless labels lie in 0 … classes - 1."""
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise UserError(f"{what} holds the label {wrong}: labels of {classes} classes go from 0 to {classes - 1}")


def examples_of(
    raw: Raw,
    labels: NDArray[np.integer],
    *,
    classes: int,
    source: StoredSource,
    notes: Sequence[str] = (),
    parts: Sequence[int] = (),
) -> Examples:
    """Check values and labels against each other and return them as examples in [0, 1].

    The fingerprint is that of bytes where the values are those of 8-bit pictures, in whatever type they are stored,
    else that of the float32 values.

    Parameters
    ----------
    raw
        (examples, channels, height, width).
    labels
        (examples,), whole numbers.
    notes
        What is told beside what is found here.
    parts
        Sizes of the training, validation and test parts where the source gives them: part of the fingerprint then.

    Raises
    ------
    UserError
        There is not one label in 0 … classes - 1 for each image; values out of range; pictures without content.
    """
    what = source.what
    check_labels(len(raw.values), labels, what=what)
    check_classes(labels, classes=classes, what=what)
    scaled, told = fractions(raw, source.declared, what=what, named=source.named)
    told += check_ranges(raw.values, scaled, source.groups, what=what)
    numbers = labels.astype(np.int64)
    step = STEP if source.declared.white is None else 0.0
    told += check_seen(
        scaled, numbers, keep=source.keep_blank, step=step, what=what, named=source.named, hint=source.blank_hint
    )
    digest = fingerprint(scaled, numbers)
    if parts:
        digest = hashlib.sha256(f"{digest} in parts of {list(parts)}".encode()).hexdigest()
    images: Any = np.multiply(scaled, np.float32(1 / 255), dtype=np.float32) if scaled.dtype == np.uint8 else scaled
    said = [f"{source.name}: {note}" for note in (*notes, *told)]
    return Examples.of(images, numbers, classes=classes, known=digest, notes=said)


def fixed_priority(count: int) -> NDArray[np.uint64]:
    """Return a random number for each example, the same on every machine: who is held out for all seeds."""
    # random_raw, because NumPy promises a bit generator's stream for ever.
    bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=_SPAWN_KEY))
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Positions that are the same for every seed: test, validation, and the pool of what is left; ascending."""

    test: NDArray[np.int64]
    validation: NDArray[np.int64]
    pool: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Examples, test: NDArray[np.int64], validation: NDArray[np.int64]) -> HeldOut:
        """Sort the parts and find what they leave."""
        rest = np.ones(len(examples.labels), dtype=np.bool_)
        rest[test] = rest[validation] = False
        parts = cls(np.sort(test), np.sort(validation), np.flatnonzero(rest))
        for part in (parts.test, parts.validation, parts.pool):
            part.flags.writeable = False
        return parts


@dataclass(frozen=True)
class StoredDataset(Dataset):
    """A dataset whose test and validation parts are the same for every seed.

    Seeds differ in which of the remaining examples they train on, stratified by class.
    """

    same_test: ClassVar[bool] = True

    @abstractmethod
    def held_out(self) -> HeldOut:
        """Return the parts that no seed draws; found once per process."""

    def split(self, rng: np.random.Generator) -> Split:
        """Draw the seed's training images; test and validation do not depend on `rng`.

        Raises
        ------
        UserError
            `train_size` is more than what they leave.
        """
        parts, labels = self.held_out(), self.examples().labels
        pool = parts.pool
        size = len(pool) if self.train_size is None else self.train_size
        if size > len(pool):
            raise must(
                "dataset.train_size",
                f"be at most {len(pool)} (what validation and test leave), or null for all that is left",
                size,
            )
        train = pool[stratified(labels[pool], size, priority=rng.random(len(pool)))]
        return Split(train=train, validation=parts.validation, test=parts.test)


@functools.lru_cache(maxsize=4)
def drawn_out(examples: Examples, test: float, validation: float) -> HeldOut:
    """Hold out a share of all examples for testing and one for validation, stratified."""
    labels = examples.labels
    priority = fixed_priority(len(labels))
    sizes = round(test * len(labels)), round(validation * len(labels))
    held_out = stratified(labels, sum(sizes), priority=priority)
    chosen = stratified(labels[held_out], sizes[0], priority=priority[held_out])
    return HeldOut.of(examples, held_out[chosen], np.delete(held_out, chosen))


@functools.lru_cache(maxsize=4)
def given_out(examples: Examples, sizes: tuple[int, int, int], validation: int, test: int) -> HeldOut:
    """Hold out the parts that a source gives, and draw what it does not give from its training part, stratified.

    Parameters
    ----------
    sizes
        Of the training, validation and test parts as they follow each other; 0: not given.
    validation, test
        How many training examples become these parts where they are not given; else unused.
    """
    count, given, _ = sizes
    labels, positions = examples.labels[:count], np.arange(len(examples.labels), dtype=np.int64)
    parts = {"validation": positions[count : count + given], "test": positions[count + given :]}
    rest = positions[:count]
    for name, size in (("test", test), ("validation", validation)):
        if not len(parts[name]):
            parts[name] = rest[stratified(labels[rest], size, priority=fixed_priority(count)[rest])]
            rest = np.setdiff1d(rest, parts[name])
    return HeldOut.of(examples, parts["test"], parts["validation"])


@dataclass(frozen=True)
class PublishedDataset(StoredDataset):
    """A dataset published with a test part of its own; a tenth of the rest is the validation part.

    Attributes
    ----------
    train_size
        None: all that validation and test leave.
    folder
        A folder that holds the files as they are published, or unpacked; None: they are downloaded once into the
        cache (the folder ABLATE_DATA, or the operating system's) and checked by SHA-256.
    """

    @abstractmethod
    def test_count(self) -> int:
        """Return how many examples, the last ones, are the published test part."""

    def held_out(self) -> HeldOut:
        """Return the published test part, a fixed tenth of the rest, and what is left."""
        examples, tests = self.examples(), self.test_count()
        rest = len(examples.labels) - tests
        return given_out(examples, (rest, 0, tests), rest // 10, 0)
