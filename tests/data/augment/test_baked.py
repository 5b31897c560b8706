import numpy as np
import pytest

from ablate.data.augment import Baked, ShiftRotate
from ablate.errors import UserError
from ablate.streams import streams


def numbered(blocks=2, count=10):
    """Images whose single pixel tells their number, a different hundred for each block."""
    labels = np.tile(np.arange(count, dtype=np.int64) % 3, (blocks, 1))
    numbers = np.arange(count) + 100.0 * np.arange(blocks)[:, None]
    return numbers.reshape(blocks, count, 1, 1, 1), labels


def batches(augment, images, labels, *, steps, batch=5):
    rngs = streams(list(range(len(images))), "augment")
    prepared = augment.prepared(images, labels, rngs, classes=3)
    ignored = np.full((len(images), batch, *images.shape[2:]), -1.0), np.full((len(images), batch), -1)
    found = [prepared(*ignored, rngs) for _ in range(steps)]
    return (np.concatenate(part, axis=1) for part in zip(*found, strict=True))


def test_duplicates_are_each_image_as_often_as_the_others_once_per_epoch():
    images, labels = numbered()
    drawn, own = batches(Baked(copies=3, of="none"), images, labels, steps=6)  # 30 = 3 copies of 10
    for block in range(2):
        numbers, counts = np.unique(drawn[block].ravel(), return_counts=True)
        np.testing.assert_array_equal(numbers, images[block].ravel())
        assert (counts == 3).all()
        np.testing.assert_array_equal(own[block], (drawn[block].ravel() - 100 * block).astype(int) % 3)


def test_epochs_are_in_different_orders_and_minibatches_may_cross_their_borders():
    images, labels = numbered(blocks=1)
    drawn, _ = batches(Baked(copies=1, of="none"), images, labels, steps=5, batch=8)
    epochs = drawn.ravel()[:40].reshape(4, 10)
    assert all(len(set(epoch)) == 10 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_copies_are_made_once_and_stay_as_they_are():
    rng = np.random.default_rng(0)
    images, labels = rng.random((1, 4, 1, 8, 8)), np.arange(4)[None] % 3
    drawn, _ = batches(Baked(copies=2, of="shift_rotate"), images, labels, steps=10, batch=8)
    kinds = np.unique(drawn[0].reshape(80, -1), axis=0)
    assert len(kinds) == 8
    rngs = streams([0], "augment")
    expected = [ShiftRotate()(images, labels, rngs)[0][0] for _ in range(2)]
    np.testing.assert_allclose(kinds, np.unique(np.concatenate(expected).reshape(8, -1), axis=0))


@pytest.mark.parametrize("name", ["mixup", "baked"])
def test_what_cannot_be_baked_is_refused(name):
    with pytest.raises(UserError, match=f"unknown augmentation to bake '{name}'"):
        Baked(of=name)
    with pytest.raises(UserError, match=r"nearest match: shift"):
        Baked(of="shifft")
    with pytest.raises(UserError, match=r"`Baked.copies` must be >= 1, got 0"):
        Baked(copies=0)


def test_an_unprepared_one_says_so():
    with pytest.raises(ValueError, match="before it is prepared"):
        Baked()(*numbered(), streams([0, 1], "augment"))
