"""Examples, fingerprints, and the promises every registered dataset keeps."""

import dataclasses

import numpy as np
import pytest
from omegaconf import OmegaConf, ValidationError

import ablate.data
from ablate.data.base import Dataset, Examples, Split, fingerprint, majority_rate
from ablate.data.stored import StoredDataset
from ablate.errors import UserError
from ablate.registry import options
from ablate.streams import stream

DATASETS = {
    name: cls for name, cls in options("dataset").items() if not issubclass(cls, StoredDataset)
}  # those: test_stored


def small(count=4, side=3):
    images = np.random.default_rng(0).random((count, 1, side, side), dtype=np.float32)
    return images, np.arange(count, dtype=np.int64) % 2


class TestFingerprint:
    def test_is_the_same_for_equal_data_in_other_memory_layouts(self):
        images, labels = small()
        assert fingerprint(np.asfortranarray(images), labels) == fingerprint(images, labels)
        assert fingerprint(images.astype(">f4"), labels.astype(">i8")) == fingerprint(images, labels)

    def test_notices_one_changed_pixel_label_shape_or_dtype(self):
        images, labels = small()
        pixel, label = images.copy(), labels.copy()
        pixel[-1, 0, -1, -1] += 1e-6
        label[0] += 1
        prints = {
            fingerprint(images, labels),
            fingerprint(pixel, labels),
            fingerprint(images, label),
            fingerprint(images.reshape(4, 1, 1, 9), labels),
            fingerprint(images.view(np.int32), labels),
            fingerprint(images, labels.astype(np.int32)),
        }
        assert len(prints) == 6

    def test_known_value(self):
        # sha256(b"<f4(1, 1, 1, 1)" + 4 zero bytes + b"<i8(1,)" + 8 zero bytes)
        known = "7c30a5c162dce3f26a856266118576a3a969f2b1ff4fdc514742bb0972685cb7"
        assert fingerprint(np.zeros((1, 1, 1, 1), np.float32), np.zeros(1, np.int64)) == known


class TestExamples:
    def test_cannot_be_written_to(self):
        examples = Examples.of(*small(), classes=2)
        with pytest.raises(ValueError, match="read-only"):
            examples.images[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            examples.labels[0] = 0
        with pytest.raises(dataclasses.FrozenInstanceError):
            examples.classes = 3

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda x, y: (x.astype(np.float64), y), r"`Examples.images` must be float32 .*float64"),
            (lambda x, y: (x[:, 0], y), r"`Examples.images` must be float32 \(examples, channels, height, width\)"),
            (lambda x, y: (x, y[:-1]), r"`Examples.labels` must be int64 \(4,\)"),
            (lambda x, y: (x, y.astype(np.int32)), r"`Examples.labels` must be int64 \(4,\)"),
            (lambda x, y: (x * 255, y), r"`Examples.images` must lie in \[0, 1\]"),
            (lambda x, y: (x * np.float32("nan"), y), r"`Examples.images` must lie in \[0, 1\]"),
            (lambda x, y: (x, y + 1), r"`Examples.labels` must lie in 0..1, got \(1, 2\)"),
        ],
    )
    def test_refuses_data_that_breaks_the_promise(self, change, message):
        with pytest.raises(UserError, match=message):
            Examples.of(*change(*small()), classes=2)


def test_majority_rate_is_the_accuracy_of_always_answering_the_commonest_class():
    assert majority_rate(np.array([2, 2, 2, 0])) == 0.75


@pytest.mark.parametrize("cls", DATASETS.values(), ids=DATASETS)
class TestEveryDataset:
    def test_examples_are_loaded_once(self, cls):
        assert cls().examples() is cls(train_size=100).examples()

    def test_examples_keep_the_promise(self, cls):
        examples = cls().examples()
        again = Examples.of(examples.images, examples.labels, classes=examples.classes)
        assert again.fingerprint == examples.fingerprint
        assert examples.classes == cls.classes == len(np.unique(examples.labels))
        assert 0.9 < examples.images.max() <= 1.0

    @pytest.mark.parametrize("train_size", [None, 10, 137, 1000])
    def test_parts_are_disjoint_and_of_the_stated_size(self, cls, train_size):
        dataset = cls(train_size=train_size)
        split = dataset.split(stream(1, "split"))
        parts = (split.train, split.validation, split.test)
        everything = np.concatenate(parts)
        assert len(np.unique(everything)) == len(everything)
        assert everything.min() >= 0
        assert everything.max() < len(dataset.examples().labels)
        assert all(part.dtype == np.int64 for part in parts)
        assert len(split.train) == (train_size or cls.most_train)
        if train_size is None:
            assert len(everything) == len(dataset.examples().labels)

    @pytest.mark.parametrize("part", ["train", "validation", "test"])
    def test_every_part_holds_each_class_in_its_share_to_within_one_and_a_rounding(self, cls, part):
        dataset = cls(train_size=123)
        labels = dataset.examples().labels
        chosen = getattr(dataset.split(stream(2, "split")), part)
        share = np.bincount(labels) * len(chosen) / len(labels)
        # A part is drawn from what an earlier part left, whose own rounding shifts the share a little.
        assert np.abs(np.bincount(labels[chosen]) - share).max() < 1.2

    def test_the_same_seed_gives_the_same_split(self, cls):
        one, two = (cls().split(stream(3, "split")) for _ in range(2))
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(one, part), getattr(two, part))

    def test_different_seeds_train_on_different_examples_with_equal_class_counts(self, cls):
        labels = cls().examples().labels
        one, two = (cls().split(stream(seed, "split")) for seed in (3, 4))
        assert not np.array_equal(np.sort(one.train), np.sort(two.train))
        for part in ("train", "validation", "test"):
            counts = [np.bincount(labels[getattr(split, part)]) for split in (one, two)]
            np.testing.assert_array_equal(*counts)

    def test_a_smaller_training_set_is_drawn_in_the_order_of_the_larger_one(self, cls):
        small, large = (cls(train_size=size).split(stream(5, "split")) for size in (100, 1000))
        outside = np.setdiff1d(small.train, large.train)
        assert len(outside) <= cls.classes
        np.testing.assert_array_equal(small.test, large.test)
        np.testing.assert_array_equal(small.validation, large.validation)

    @pytest.mark.parametrize("size", [20, 50, 137, 500, 573])
    def test_a_training_set_is_part_of_the_one_of_twice_its_size(self, cls, size):
        one, two = (cls(train_size=count).split(stream(5, "split")) for count in (size, 2 * size))
        assert set(one.train) <= set(two.train)

    def test_training_examples_come_with_their_classes_mixed(self, cls):
        dataset = cls()
        labels = dataset.examples().labels[dataset.split(stream(0, "split")).train]
        assert set(labels[:100]) == set(range(dataset.classes))

    def test_labels_belong_to_the_images(self, cls):
        dataset = cls()
        examples, split = dataset.examples(), dataset.split(stream(0, "split"))
        flat = examples.images.reshape(len(examples.images), -1)
        # The nearest of 500 training examples is of the same class, more often than not by far.
        seen, asked = split.train[:500], split.test[::4]
        distances = ((flat[asked][:, None] - flat[seen]) ** 2).sum(axis=2)
        assert (examples.labels[seen[distances.argmin(axis=1)]] == examples.labels[asked]).mean() > 0.75

    @pytest.mark.parametrize("short", [1, 2, 10])
    def test_a_training_set_without_every_class_is_refused(self, cls, short):
        size = cls.classes - short
        message = (
            f"`dataset.train_size` must be between {cls.classes} (one of each class) and {cls.most_train} (what "
            f"validation and test leave), or null for all that is left, got {size}."
        )
        with pytest.raises(UserError) as caught:
            cls(train_size=size)
        assert str(caught.value) == message

    def test_a_training_set_larger_than_what_is_left_is_refused(self, cls):
        with pytest.raises(UserError, match=rf"`dataset.train_size` must be .*got {cls.most_train + 1}\.$"):
            cls(train_size=cls.most_train + 1)
        assert len(cls(train_size=cls.most_train).split(stream(0, "split")).train) == cls.most_train

    def test_is_its_own_configuration_schema(self, cls):
        schema = OmegaConf.structured(cls)
        OmegaConf.set_readonly(schema, False)
        assert OmegaConf.to_object(schema) == cls()
        assert OmegaConf.to_object(OmegaConf.merge(schema, {"train_size": None})) == cls(train_size=None)
        with pytest.raises(ValidationError):
            OmegaConf.merge(schema, {"train_size": "many"})


def test_a_dataset_of_unknown_size_checks_the_lower_bound_only():
    @dataclasses.dataclass(frozen=True)
    class Custom(Dataset):
        def examples(self) -> Examples:
            raise NotImplementedError

        def split(self, rng: np.random.Generator) -> Split:
            raise NotImplementedError

    assert Custom(train_size=10**9).train_size == 10**9
    with pytest.raises(UserError, match=r"must be >= 1 \(one of each class\), or null for all that is left, got 0"):
        Custom(train_size=0)


def test_importing_the_package_registers_the_datasets_and_reads_nothing():
    assert {"digits", "mnist5k"} <= set(DATASETS)
    assert DATASETS["mnist5k"] is ablate.data.Mnist5k
