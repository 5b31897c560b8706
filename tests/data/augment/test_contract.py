"""What every registered augmentation promises."""

import numpy as np
import pytest
from omegaconf import OmegaConf

from ablate.data.augment import NoAugmentation
from ablate.registry import options
from ablate.streams import streams

AUGMENTATIONS = options("augment")
RANDOM = {name: cls for name, cls in AUGMENTATIONS.items() if cls is not NoAugmentation}
SHAPES = [(3, 4, 1, 28, 28), (2, 5, 3, 6, 9), (1, 1, 1, 1, 1), (2, 3, 1, 8, 8)]


def minibatch(shape, dtype=np.float32):
    rng = np.random.default_rng(7)
    return rng.random(shape, dtype=np.float32).astype(dtype), rng.integers(0, 10, size=shape[:2])


@pytest.mark.parametrize("cls", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
class TestEveryAugmentation:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_keeps_shape_and_dtype_and_is_finite(self, cls, shape, dtype):
        images, labels = minibatch(shape, dtype)
        changed, kept = cls()(images, labels, streams(list(range(shape[0])), "augment"))
        assert changed.shape == shape
        assert changed.dtype == dtype
        assert np.isfinite(changed).all()
        np.testing.assert_array_equal(kept, labels)
        assert kept.dtype == labels.dtype

    def test_never_writes_to_its_input(self, cls):
        images, labels = minibatch(SHAPES[0])
        images.flags.writeable = labels.flags.writeable = False
        before = images.copy()
        cls()(images, labels, streams([0, 1, 2], "augment"))
        np.testing.assert_array_equal(images, before)

    def test_a_block_alone_equals_the_block_among_others(self, cls):
        images, labels = minibatch((5, 40, 1, 28, 28))
        together, _ = cls()(images, labels, streams([0, 1, 2, 3, 4], "augment"))
        for block in range(5):
            one = slice(block, block + 1)
            alone, _ = cls()(images[one], labels[one], streams([block], "augment"))
            np.testing.assert_array_equal(alone, together[one])

    def test_float64_training_sees_the_same_augmentation(self, cls):
        images, labels = minibatch(SHAPES[0])
        single, _ = cls()(images, labels, streams([0, 1, 2], "augment"))
        double, _ = cls()(images.astype(np.float64), labels, streams([0, 1, 2], "augment"))
        np.testing.assert_allclose(single, double, atol=1e-4)

    def test_is_its_own_configuration_schema(self, cls):
        schema = OmegaConf.structured(cls)
        OmegaConf.set_readonly(schema, False)
        assert OmegaConf.to_object(schema) == cls()


@pytest.mark.parametrize("cls", RANDOM.values(), ids=RANDOM)
class TestEveryAugmentationThatDraws:
    def test_draws_anew_at_every_call(self, cls):
        images, labels = minibatch(SHAPES[0])
        rngs = streams([0, 1, 2], "augment")
        first, _ = cls()(images, labels, rngs)
        second, _ = cls()(images, labels, rngs)
        assert all((first[block] != second[block]).any() for block in range(3))

    def test_blocks_with_the_same_images_are_augmented_differently(self, cls):
        images, labels = minibatch((1, 40, 1, 8, 8))
        twice = np.concatenate([images, images]), np.concatenate([labels, labels])
        changed, _ = cls()(*twice, streams([0, 1], "augment"))
        assert (changed[0] != changed[1]).any()

    def test_needs_one_generator_per_block(self, cls):
        images, labels = minibatch(SHAPES[0])
        with pytest.raises(ValueError, match="one generator per block, got 2 for 3 blocks"):
            cls()(images, labels, streams([0, 1], "augment"))


def test_the_augmentations_are_registered():
    assert {"none", "shift", "rotate", "noise", "flip"} <= set(AUGMENTATIONS)
