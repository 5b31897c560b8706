"""What datasets, augmentations and models keep to."""

from __future__ import annotations

import numpy as np

from ablate.data.augment.base import Augmentation, MixedLabels
from ablate.data.base import Dataset
from ablate.nn import NoDropout, NoNorm, Tanh
from ablate.nn.init import He
from ablate.nn.model import Model
from ablate.nn.network import Replicas
from ablate.streams import streams
from ablate.testing.base import Check, close, generators, require, suite

_STEP = 1e-6


def dataset_checks(dataset: Dataset) -> list[Check]:
    """Return the checks for a dataset."""
    return suite(
        ("has the same examples each time, numbers from 0 to 1", _examples),
        ("a seed's parts share no example, and are the same each time", _parts),
        of=dataset,
    )


def _examples(dataset: Dataset) -> None:
    one, again = dataset.examples(), dataset.examples()
    require(one.fingerprint == again.fingerprint, "read twice, the examples have different fingerprints")
    require(one.images.ndim == 4, f"images have the shape {one.images.shape}, expected (n, channels, height, width)")
    require(one.images.min() >= 0 and one.images.max() <= 1, "images hold numbers outside 0 to 1")
    require(one.labels.min() >= 0 and one.labels.max() < one.classes, f"labels are not 0 to {one.classes - 1}")


def _parts(dataset: Dataset) -> None:
    count = len(dataset.examples().labels)
    for seed in (0, 1):
        one, again = (dataset.split(np.random.default_rng(seed)) for _ in range(2))
        parts = {name: getattr(one, name) for name in ("train", "validation", "test")}
        for name, part in parts.items():
            require(len(part), f"the {name} part is empty")
            require(part.min() >= 0 and part.max() < count, f"the {name} part names examples that are not there")
            close(getattr(again, name), part, f"the {name} part, drawn twice from one seed")
        every = np.concatenate(list(parts.values()))
        require(len(np.unique(every)) == len(every), "an example is in two parts, or in one twice")


def augment_checks(augment: Augmentation) -> list[Check]:
    """Return the checks for an augmentation."""
    return suite(
        ("keeps shape and dtype, and gives finite numbers", _shapes),
        ("leaves what it is given as it was", _untouched),
        ("a block is augmented as it would be alone", _alone),
        of=augment,
    )


def _apply(
    augment: Augmentation, seeds: list[int], images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    rngs = streams(seeds, "augment")
    if augment.needs_training_set:
        drawn = [np.random.default_rng([8, seed]).random((20, *images.shape[2:]), dtype=np.float32) for seed in seeds]
        names = np.tile(np.arange(20, dtype=np.int64) % 10, (len(seeds), 1))
        augment = augment.prepared(np.stack(drawn).astype(images.dtype), names, rngs, classes=10)
    changed, kept = augment(images, labels, rngs)
    return changed, kept.own if isinstance(kept, MixedLabels) else kept


def _minibatch(dtype: str, blocks: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.random((blocks, 4, 1, 8, 8), dtype=np.float32).astype(dtype), rng.integers(0, 10, size=(blocks, 4))


def _shapes(augment: Augmentation) -> None:
    for dtype in ("float32", "float64"):
        images, labels = _minibatch(dtype)
        changed, kept = _apply(augment, [0, 1, 2], images, labels)
        require(changed.shape == images.shape, f"images of {images.shape} become {changed.shape}")
        require(changed.dtype == dtype, f"images of {dtype} become {changed.dtype}")
        require(kept.shape == labels.shape, f"labels of {labels.shape} become {kept.shape}")
        require(np.isfinite(changed).all(), "augmented images are not finite")


def _untouched(augment: Augmentation) -> None:
    images, labels = _minibatch("float32")
    before = images.copy(), labels.copy()
    _apply(augment, [0, 1, 2], images, labels)
    close(images, before[0], "the images it was given")
    close(labels, before[1], "the labels it was given")


def _alone(augment: Augmentation) -> None:
    images, labels = _minibatch("float32")
    together, _ = _apply(augment, [0, 1, 2], images.copy(), labels.copy())
    alone, _ = _apply(augment, [1], images[1:2].copy(), labels[1:2].copy())
    close(together[1], alone[0], "block 1 among three and alone")


def model_checks(model: Model) -> list[Check]:
    """Return the checks for a model."""
    return suite(("builds a network whose gradients are those of its scores", _gradients), of=model)


def _gradients(model: Model) -> None:
    network = model.build((1, 8, 8), 3, activation=Tanh(), norm=NoNorm(), dropout=NoDropout())
    require(network.out_shape == (3,), f"for 3 classes its scores have the shape {network.out_shape}")
    replicas = Replicas(network, blocks=2, dtype="float64")
    replicas.init(He(), generators(1, 2))
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((2, 3, 1, 8, 8)), rng.standard_normal((2, 3, 3))
    start, along = replicas.params.copy(), rng.standard_normal(replicas.params.shape)
    ends = []
    for sign in (1, -1):
        replicas.params[...] = start + sign * _STEP * along
        ends.append((replicas.forward(x, train=True, rngs=generators(2, 2)) * weights).sum(axis=(1, 2)).copy())
    replicas.params[...] = start
    replicas.forward(x, train=True, rngs=generators(2, 2))
    replicas.backward(weights.copy())
    got = (replicas.grads * along).sum(axis=1)
    close(got, (ends[0] - ends[1]) / (2 * _STEP), "gradient in the parameters", rtol=1e-5, atol=1e-6)
