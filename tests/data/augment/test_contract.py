"""What every registered augmentation promises."""

import numpy as np
import pytest
from omegaconf import OmegaConf

import ablate.train.gan  # noqa: F401  registers augment=gan
from ablate.data.augment import MixedLabels, NoAugmentation
from ablate.registry import options
from ablate.streams import streams

AUGMENTATIONS = options("augment")
RANDOM = {name: cls for name, cls in AUGMENTATIONS.items() if cls is not NoAugmentation}
SHAPES = [(3, 4, 1, 28, 28), (2, 5, 3, 6, 9), (1, 1, 1, 1, 1), (2, 3, 1, 8, 8)]


BRIEF = {"Gan": {"steps": 2, "hidden": 8}}  # what takes long by default


class Fresh:
    """An augmentation with what it needs to begin: its generators and, where asked for, a training set."""

    def __init__(self, cls, seeds, shape=None, dtype=np.float32):
        self.rngs, self.augment = streams(seeds, "augment"), cls(**BRIEF.get(cls.__name__, {}))
        if self.augment.needs_training_set:
            # Of each seed its own, so that a block alone trains on what it trains on among others.
            sets = [training_set(seed, shape, dtype) for seed in seeds]
            images, labels = (np.stack(part) for part in zip(*sets, strict=True))
            self.augment = self.augment.prepared(images, labels, self.rngs, classes=10)

    def __call__(self, images, labels):
        return self.augment(images, labels, self.rngs)


def training_set(seed, shape, dtype, count=20):
    rng = np.random.default_rng([8, seed])
    return rng.random((count, *shape), dtype=np.float32).astype(dtype), np.arange(count, dtype=np.int64) % 10


def minibatch(shape, dtype=np.float32):
    rng = np.random.default_rng(7)
    return rng.random(shape, dtype=np.float32).astype(dtype), rng.integers(0, 10, size=shape[:2])


@pytest.mark.parametrize("cls", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
class TestEveryAugmentation:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_keeps_shape_and_dtype_and_is_finite(self, cls, shape, dtype):
        images, labels = minibatch(shape, dtype)
        augment = Fresh(cls, list(range(shape[0])), shape[2:], dtype)
        changed, kept = augment(images, labels)
        assert changed.shape == shape
        assert changed.dtype == dtype
        assert np.isfinite(changed).all()
        if isinstance(kept, MixedLabels):
            np.testing.assert_array_equal(np.sort(kept.other), np.sort(labels))
            assert kept.share.shape == shape[:1]
            assert ((kept.share >= 0) & (kept.share <= 1)).all()
            kept = kept.own
        assert kept.shape == labels.shape
        assert kept.dtype == labels.dtype
        if not cls().needs_training_set:
            np.testing.assert_array_equal(kept, labels)

    def test_never_writes_to_its_input(self, cls):
        images, labels = minibatch(SHAPES[0])
        images.flags.writeable = labels.flags.writeable = False
        before = images.copy()
        Fresh(cls, [0, 1, 2], SHAPES[0][2:])(images, labels)
        np.testing.assert_array_equal(images, before)

    def test_a_block_alone_equals_the_block_among_others(self, cls):
        images, labels = minibatch((4, 40, 1, 28, 28))
        among = Fresh(cls, [0, 1, 2, 3], (1, 28, 28))
        together, again = among(images, labels)[0], among(images, labels)[0]
        for block in range(4):
            one = slice(block, block + 1)
            by_itself = Fresh(cls, [block], (1, 28, 28))
            np.testing.assert_array_equal(by_itself(images[one], labels[one])[0], together[one])
            np.testing.assert_array_equal(by_itself(images[one], labels[one])[0], again[one])

    def test_float64_training_sees_the_same_augmentation(self, cls):
        images, labels = minibatch(SHAPES[0])
        single, _ = Fresh(cls, [0, 1, 2], SHAPES[0][2:])(images, labels)
        double, _ = Fresh(cls, [0, 1, 2], SHAPES[0][2:])(images.astype(np.float64), labels)
        np.testing.assert_allclose(single, double, atol=1e-4)

    def test_is_its_own_configuration_schema(self, cls):
        schema = OmegaConf.structured(cls)
        OmegaConf.set_readonly(schema, False)
        assert OmegaConf.to_object(schema) == cls()


@pytest.mark.parametrize("cls", RANDOM.values(), ids=RANDOM)
class TestEveryAugmentationThatDraws:
    def test_draws_anew_at_every_call(self, cls):
        images, labels = minibatch(SHAPES[0])
        augment = Fresh(cls, [0, 1, 2], SHAPES[0][2:])
        first, _ = augment(images, labels)
        second, _ = augment(images, labels)
        assert all((first[block] != second[block]).any() for block in range(3))

    def test_blocks_with_the_same_images_are_augmented_differently(self, cls):
        images, labels = minibatch((1, 40, 1, 8, 8))
        twice = np.concatenate([images, images]), np.concatenate([labels, labels])
        changed, _ = Fresh(cls, [0, 1], (1, 8, 8))(*twice)
        assert (changed[0] != changed[1]).any()

    def test_needs_one_generator_per_block(self, cls):
        images, labels = minibatch(SHAPES[0])
        with pytest.raises(ValueError, match="one generator per block, got 2 for 3 blocks"):
            Fresh(cls, [0, 1, 2], SHAPES[0][2:]).augment(images, labels, streams([0, 1], "augment"))


def test_the_augmentations_are_registered():
    assert {"none", "shift", "rotate", "noise", "flip", "mixup", "baked"} <= set(AUGMENTATIONS)
