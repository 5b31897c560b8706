import numpy as np
import pytest

from ablate.errors import UserError
from ablate.streams import streams
from ablate.train.gan import Gan, coverage
from ablate.train.numpy_program import NumpyProgram


def training_set(blocks=2, count=30):
    rng = np.random.default_rng(0)
    return rng.random((blocks, count, 1, 4, 3)), np.tile(np.arange(count, dtype=np.int64) % 3, (blocks, 1))


def test_the_stated_share_of_a_minibatch_is_generated_and_classes_are_kept():
    images, labels = training_set()
    rngs = streams([0, 1], "augment")
    prepared = Gan(share=0.4, steps=5).prepared(images, labels, rngs, classes=3)
    changed, kept = prepared(images[:, :10], labels[:, :10], rngs)
    np.testing.assert_array_equal(kept, labels[:, :10])
    np.testing.assert_array_equal(changed[:, 4:], images[:, 4:10])
    assert (changed[:, :4] != images[:, :4]).any(axis=(2, 3, 4)).all()
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    assert changed.dtype == images.dtype


def test_without_a_share_nothing_is_generated():
    images, labels = training_set()
    rngs = streams([0, 1], "augment")
    changed, _ = Gan(share=0.0, steps=1).prepared(images, labels, rngs, classes=3)(images, labels, rngs)
    assert changed is images


def test_an_unprepared_one_says_so():
    with pytest.raises(ValueError, match="before it is prepared"):
        Gan()(*training_set(), streams([0, 1], "augment"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"share": 1.5}, r"`Gan.share` must be between 0 and 1, got 1.5"),
        ({"steps": 0}, r"`Gan.steps` must be >= 1, got 0"),
        ({"batch": 1}, r"`Gan.batch` must be >= 2, got 1"),
        ({"lr": 0.0}, r"`Gan.lr` must be > 0, got 0.0"),
    ],
)
def test_values_out_of_range_are_refused(changed, message):
    with pytest.raises(UserError, match=message):
        Gan(**changed)


def test_an_arm_keeps_samples_counts_and_losses(config):
    for result in NumpyProgram().run(config(augment=Gan(steps=30, hidden=8), epochs=6), [0, 1]):
        arrays = result.arrays
        assert arrays["gan/samples"].shape == (3, 10, 1, 3, 4)
        assert arrays["gan/samples"].dtype == np.uint8
        np.testing.assert_array_equal(arrays["gan/landed"].sum(axis=1), [50, 50, 50])
        assert arrays["gan/generator_loss"].shape == (30,)
        assert result.metrics["final/test_accuracy"] > 0.5
        assert result.metrics["gan/landed_share"] == pytest.approx(np.trace(arrays["gan/landed"]) / 150)
        assert 0.0 < result.metrics["gan/modes"] <= 1.0


def test_an_arm_without_it_keeps_nothing(config):
    assert NumpyProgram().run(config(epochs=1), [0])[0].arrays == {}


def test_coverage_counts_where_images_land():
    train, labels = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0]]), np.array([0, 0, 1])
    images, asked = np.array([[0.1, 0.0], [0.0, 0.9], [0.0, 1.1], [5.0, 4.0], [0.0, 0.0]]), np.array([0, 0, 0, 1, 1])
    found = coverage(images, asked, train, labels, classes=2)
    np.testing.assert_array_equal(found.landed, [[3, 0], [1, 1]])
    np.testing.assert_array_equal(found.distinct, [2, 1])
    np.testing.assert_allclose(found.distance, [0.1, 0.5])
    assert found.landed_share == pytest.approx(4 / 5)
    assert found.modes(labels, 50) == 1.0  # all three training images are the nearest one of some image
    collapsed = coverage(np.tile(images[:1], (5, 1)), np.zeros(5, np.int64), train, labels, classes=2)
    assert collapsed.modes(labels, 50) == pytest.approx((1 / 2 + 0) / 2)
