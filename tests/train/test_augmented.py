"""Arms with augmentations that look at the training set, or mix labels."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from ablate.data.augment import Augmentation, Baked, Mixup, NoAugmentation
from ablate.train.numpy_program import NumpyProgram
from ablate.train.parts import Parts


@dataclass(frozen=True)
class Spy(Augmentation):
    """Remembers the training set it was shown, and changes nothing."""

    needs_training_set: ClassVar[bool] = True
    shown: ClassVar[list] = []

    def prepared(self, images, labels, rngs, *, classes):
        self.shown.append((images, labels, classes))
        return NoAugmentation()

    def __call__(self, images, labels, rngs):
        raise AssertionError("the prepared one is to be called")


def test_an_augmentation_is_shown_exactly_the_training_set_of_each_block(config):
    Spy.shown.clear()
    arm = config(augment=Spy())
    plain, spied = (NumpyProgram().run(c, [3, 5]) for c in (config(), arm))
    ((images, labels, classes),) = Spy.shown
    train, examples = Parts.of(arm.dataset, [3, 5]).train, arm.dataset.examples()
    np.testing.assert_array_equal(images, examples.images[train])
    np.testing.assert_array_equal(labels, examples.labels[train])
    assert classes == 3
    for one, other in zip(plain, spied, strict=True):
        assert one.metrics["final/test_loss"] == other.metrics["final/test_loss"]


@pytest.mark.parametrize("augment", [Baked(copies=3, of="none"), Baked(of="noise"), Mixup()])
def test_training_with_it_learns(config, augment):
    for result in NumpyProgram().run(config(augment=augment, epochs=20), [0, 1]):
        assert result.metrics["final/test_accuracy"] > 0.6


def test_duplicates_take_as_many_steps_as_no_augmentation(config):
    plain, duplicated = (config(augment=a) for a in (NoAugmentation(), Baked(of="none")))
    assert NumpyProgram().facts(plain)["steps"] == NumpyProgram().facts(duplicated)["steps"]
    one, other = (NumpyProgram().run(arm, [0])[0] for arm in (plain, duplicated))
    np.testing.assert_array_equal(one.curves["train/loss"].steps, other.curves["train/loss"].steps)
    assert one.curves["train/loss"].values[0] == other.curves["train/loss"].values[0]  # same weights to begin with
    assert one.curves["train/loss"].values[-1] != other.curves["train/loss"].values[-1]
