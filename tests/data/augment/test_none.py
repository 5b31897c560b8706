import numpy as np

from ablate.data.augment import NoAugmentation


def test_gives_back_the_very_arrays():
    images, labels = np.zeros((2, 3, 1, 4, 4), np.float32), np.zeros((2, 3), np.int64)
    changed, kept = NoAugmentation()(images, labels, [])
    assert changed is images
    assert kept is labels
