"""MNIST, Fashion-MNIST and KMNIST, whole: 70,000 images 28x28 of ten classes each."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from ablate.data.base import Examples
from ablate.data.fetch import Remote, located
from ablate.data.idx import read_idx
from ablate.data.stored import PublishedDataset, StoredSource, check_classes, check_labels, examples_of
from ablate.data.values import EIGHT, Raw
from ablate.errors import UserError
from ablate.registry import register
from ablate.resources import file_stamp

_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def _published(base: str, *sha256: str) -> tuple[Remote, ...]:
    return tuple(Remote(name, base + name, sha) for name, sha in zip(_NAMES, sha256, strict=True))


@functools.lru_cache(maxsize=2)
def _read(paths: tuple[Path, ...], stamps: tuple[tuple[int, ...], ...]) -> tuple[Examples, int]:  # noqa: ARG001
    """Return all examples, the test part last, and how many those are."""
    parts = []
    for images_path, labels_path in (paths[:2], paths[2:]):
        images, labels = read_idx(images_path, dimensions=3), read_idx(labels_path, dimensions=1)
        what = f"{images_path.parent}: {images_path.name} with {labels_path.name}"
        check_labels(len(images), labels, what=what)
        check_classes(labels, classes=10, what=what)
        parts.append((images, labels))
    (train, train_labels), (test, test_labels) = parts
    if train.shape[1:] != test.shape[1:]:
        raise UserError(
            f"{paths[0].parent} holds training images of {train.shape[1:]} and test images of {test.shape[1:]}"
        )
    if not all(train.shape[1:]):
        raise UserError(f"{paths[0].parent} holds images without pixels: their shape is {train.shape[1:]}")
    raw = Raw(np.concatenate([train, test])[:, None], EIGHT, whole=True)
    labels = np.concatenate([train_labels, test_labels])
    return examples_of(raw, labels, classes=10, source=StoredSource(str(paths[0].parent))), len(test_labels)


@dataclass(frozen=True)
class _Idx(PublishedDataset):
    # Where the files lie is not part of what a run is: their fingerprint is.
    folder: str | None = field(default=None, metadata={"identity": False})

    classes: ClassVar[int] = 10
    name: ClassVar[str]
    files: ClassVar[tuple[Remote, ...]]

    def _all(self) -> tuple[Examples, int]:
        paths = tuple(located(file, dataset=self.name, folder=self.folder) for file in self.files)
        return _read(paths, tuple(map(file_stamp, paths)))  # once, while the files stay as they are

    def examples(self) -> Examples:
        """Return the training images, then the test images, as published; values / 255."""
        return self._all()[0]

    def test_count(self) -> int:
        """Return the size of the published test part."""
        return self._all()[1]


@register("dataset", "mnist")
@dataclass(frozen=True)
class Mnist(_Idx):
    """MNIST: 70,000 handwritten digits 28x28; the published 10,000 for testing, 6,000 for validation.

    The writers of the published test part did not write the training part.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition. SHA-256: the
    checksum lists of TensorFlow Datasets.
    """

    name: ClassVar[str] = "mnist"
    files: ClassVar[tuple[Remote, ...]] = _published(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    )


@register("dataset", "fashion_mnist")
@dataclass(frozen=True)
class FashionMnist(_Idx):
    """Fashion-MNIST: 70,000 pictures 28x28 of ten kinds of clothing, 7,000 each; divided as MNIST.

    References
    ----------
    Xiao, Rasul, Vollgraf (2017), Fashion-MNIST. SHA-256: the checksum lists of TensorFlow Datasets.
    """

    name: ClassVar[str] = "fashion_mnist"
    files: ClassVar[tuple[Remote, ...]] = _published(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    )


@register("dataset", "kmnist")
@dataclass(frozen=True)
class Kmnist(_Idx):
    """KMNIST: 70,000 handwritten cursive Japanese characters 28x28 of ten kinds, 7,000 each; divided as MNIST.

    References
    ----------
    Clanuwat et al. (2018), Deep learning for classical Japanese literature. SHA-256: the checksum lists of
    TensorFlow Datasets.
    """

    name: ClassVar[str] = "kmnist"
    files: ClassVar[tuple[Remote, ...]] = _published(
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    )
