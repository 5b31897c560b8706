"""What a dataset is: examples that never change, and a split of them per seed."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must
from ablate.registry import options
from ablate.streams import stream


def fingerprint(images: NDArray[np.float32] | NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """Return the SHA-256 (hex) over shapes, dtypes and bytes of images and labels.

    Bytes are taken in C order and little-endian, so the same data has the same fingerprint on every machine.

    >>> one = np.zeros((1, 1, 2, 2), np.float32), np.zeros(1, np.int64)
    >>> fingerprint(*one) == fingerprint(*one), fingerprint(*one) == fingerprint(one[0], one[1] + 1)
    (True, False)
    """
    sha = hashlib.sha256()
    for array in (images, labels):
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        sha.update(f"{little.dtype.str}{little.shape}".encode())
        sha.update(little.data)
    return sha.hexdigest()


def majority_rate(labels: NDArray[np.int64]) -> float:
    """Return the share of the most frequent class: the accuracy of a model that ignores its input.

    >>> majority_rate(np.array([0, 1, 1, 2]))
    0.5
    """
    return float(np.bincount(labels).max() / len(labels))


@dataclass(frozen=True, eq=False)
class Examples:
    """All examples of a dataset, read-only. Build with `Examples.of`, which computes the fingerprint.

    Attributes
    ----------
    images
        float32 (examples, channels, height, width) in [0, 1].
    labels
        int64 (examples,), from 0 to classes - 1.
    classes
        Number of classes.
    fingerprint
        See `ablate.data.base.fingerprint`; part of every run's identity.
    notes
        What the user is told of how the data were read: what was left out, scaled, or looks odd; no paths.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: int
    fingerprint: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Shared by every arm of the process: a component that writes into them would change other arms' data.
        self.images.flags.writeable = False
        self.labels.flags.writeable = False

    @classmethod
    def of(
        cls,
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
        *,
        classes: int,
        known: str | None = None,
        notes: Sequence[str] = (),
    ) -> Examples:
        """Check shapes, dtypes and ranges, and compute the fingerprint.

        Parameters
        ----------
        known
            A fingerprint already taken, of what the images were made from; None: it is computed.

        Raises
        ------
        UserError
            What was loaded is not what `Examples` promises.
        """
        if images.ndim != 4 or images.dtype != np.float32:
            raise must(
                "Examples.images", "be float32 (examples, channels, height, width)", (images.dtype, images.shape)
            )
        if labels.shape != images.shape[:1] or labels.dtype != np.int64:
            raise must("Examples.labels", f"be int64 ({len(images)},)", (str(labels.dtype), labels.shape))
        if len(images) and not (images.min() >= 0.0 and images.max() <= 1.0):  # false for NaN, too
            raise must("Examples.images", "lie in [0, 1]", (float(images.min()), float(images.max())))
        if len(labels) and not (labels.min() >= 0 and labels.max() < classes):
            raise must("Examples.labels", f"lie in 0..{classes - 1}", (int(labels.min()), int(labels.max())))
        return cls(images, labels, classes, known or fingerprint(images, labels), tuple(notes))


def told_of(examples: Examples) -> dict[str, list[str]]:
    """Return the fact `data_notes` of an arm: what the user is told of its data; nothing where there is nothing.

    Parameters
    ----------
    examples
        What the arm's dataset holds.
    """
    return {"data_notes": list(examples.notes)} if examples.notes else {}


@dataclass(frozen=True, eq=False)
class Split:
    """Disjoint parts of a dataset, as int64 positions in its `Examples`.

    `train` comes in random order, `validation` and `test` in ascending order.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Dataset(ABC):
    """A source of labelled images and of a split per seed.

    The sizes of the parts, and how many examples of each class they hold, depend on the settings only and
    not on `rng`: all seeds of an arm train together, and share one majority rate.

    Attributes
    ----------
    train_size
        Number of training examples, drawn stratified by class; None: all that validation and test leave.
        At one seed, a smaller training set is drawn from the same shuffled order as a larger one.
    """

    train_size: int | None = None

    classes: ClassVar[int] = 1
    """Number of classes; the smallest training set holds one example of each."""

    drawn_from: ClassVar[str] = ""
    """Name of the collection that holds its examples; data sets with the same one share examples."""

    same_test: ClassVar[bool] = False
    """Its test part holds the same examples in every seed, in the same order."""

    most_train: ClassVar[int | None] = None
    """Examples that validation and test leave for training; None where only loading can tell."""

    def __post_init__(self) -> None:
        size, most = self.train_size, self.most_train
        if size is not None and (size < self.classes or (most is not None and size > most)):
            low = f"{self.classes} (one of each class)"
            bounds = f">= {low}" if most is None else f"between {low} and {most} (what validation and test leave)"
            raise must("dataset.train_size", f"be {bounds}, or null for all that is left", size)

    @abstractmethod
    def examples(self) -> Examples:
        """Return all examples; loaded once per process.

        Raises
        ------
        UserError
            What the user gave cannot be read, or does not hold labelled images.
        Failure
            What is published cannot be downloaded, or what is shipped is missing.
        """

    @abstractmethod
    def split(self, rng: np.random.Generator) -> Split:
        """Draw one seed's training, validation and test parts; `rng` is the seed's `split` stream."""


def same_test(name: str) -> bool:
    """Tell whether a data set is known to be tested on the same examples in every seed.

    >>> import ablate.data
    >>> same_test("mnist5k"), same_test("digits"), same_test("somebody's")
    (True, False, False)
    """
    return bool(getattr(options("dataset").get(name), "same_test", False))


def same_source(names: Sequence[str]) -> tuple[str, str] | None:
    """Return two data sets, by their names, that hold the same examples; None where no two do.

    >>> import ablate.data
    >>> same_source(["mnist5k", "letter", "mnist"]), same_source(["mnist5k", "digits", "letter"])
    (('mnist5k', 'mnist'), None)
    """
    kinds = options("dataset")
    seen: dict[str, str] = {}
    for name in names:
        source = getattr(kinds.get(name), "drawn_from", "") or name
        if source in seen:
            return seen[source], name
        seen[source] = name
    return None


def first_split(dataset: Dataset) -> Split:
    """Return the split of seed 0: sizes and classes of its parts are those of every seed. Nobody may write to it.

    Drawn once for the arms that share a dataset: there are thousands of them in a large plan.
    """
    try:
        return _first_split(dataset, dataset.examples().fingerprint)
    except TypeError:  # a dataset that cannot be a key, with a list among its settings
        return dataset.split(stream(0, "split"))


@lru_cache(maxsize=8)
def _first_split(dataset: Dataset, fingerprint: str) -> Split:
    del fingerprint  # a file may be another one by now, under the same settings
    return dataset.split(stream(0, "split"))
