"""Which arrays of an archive are read, what becomes of the parts it gives, and which axis is what."""

import numpy as np
import pytest

from ablate.data import Npz
from ablate.errors import UserError
from ablate.streams import stream

BYTES = np.random.default_rng(0).integers(256, size=(60, 6, 5)).astype(np.uint8)
LABELS = np.arange(60) % 3
KERAS = {"x_train": BYTES[:40], "y_train": LABELS[:40], "x_test": BYTES[40:], "y_test": LABELS[40:]}
MEDMNIST = {
    "train_images": BYTES[:30], "train_labels": LABELS[:30, None], "val_images": BYTES[30:45],
    "val_labels": LABELS[30:45, None], "test_images": BYTES[45:], "test_labels": LABELS[45:, None],
}  # fmt: skip


def saved(tmp_path, arrays, **settings):
    np.savez(tmp_path / "data.npz", **arrays)
    return Npz(path=str(tmp_path / "data.npz"), **settings)


class TestKeys:
    @pytest.mark.parametrize(
        "names",
        [("images", "labels"), ("x", "y"), ("X", "y"), ("data", "target"), ("data", "labels"), ("Images", "Labels")],
    )
    def test_a_pair_of_usual_names_is_read(self, tmp_path, names):
        examples = saved(tmp_path, dict(zip(names, (BYTES, LABELS), strict=True))).examples()
        np.testing.assert_allclose(examples.images[:, 0] * 255, BYTES, atol=1e-4)
        assert examples.notes == ()

    @pytest.mark.parametrize("before", [True, False])
    @pytest.mark.parametrize("names", [("x", "y"), ("X", "y"), ("images", "labels")])
    @pytest.mark.parametrize("words", [("train", "test"), ("training", "testing")])
    def test_a_part_stands_before_or_after_the_name(self, tmp_path, before, names, words):
        arrays = {
            f"{part}_{name}" if before else f"{name}_{part}": array
            for part, where in zip(words, (slice(40), slice(40, 60)), strict=True)
            for name, array in zip(names, (BYTES[where], LABELS[where]), strict=True)
        }
        loaded = saved(tmp_path, arrays).loaded()
        assert loaded.sizes == (40, 0, 20)
        np.testing.assert_array_equal(loaded.examples.labels, LABELS)

    def test_other_names_are_declared(self, tmp_path):
        arrays = {"arr_0": BYTES, "arr_1": LABELS}
        with pytest.raises(UserError, match=r"holds the arrays arr_0, arr_1, expected `images` .*dataset.images=…"):
            saved(tmp_path, arrays).examples()
        examples = saved(tmp_path, arrays, images="arr_0", labels="arr_1").examples()
        np.testing.assert_array_equal(examples.labels, LABELS)
        with pytest.raises(
            UserError, match=r"dataset.images 'arr0': expected one of arr_0, arr_1; nearest match: arr_0"
        ):
            saved(tmp_path, arrays, images="arr0", labels="arr_1").examples()
        with pytest.raises(UserError, match=r"dataset.labels must be given as well"):
            saved(tmp_path, arrays, images="arr_0").examples()

    def test_two_readings_are_asked_about(self, tmp_path):
        arrays = {"x": BYTES, "y": LABELS, "images": BYTES[::-1], "labels": LABELS}
        with pytest.raises(UserError, match=r"images with labels or x with y: say which with dataset.images=…"):
            saved(tmp_path, arrays).examples()
        examples = saved(tmp_path, arrays, images="x", labels="y").examples()
        np.testing.assert_allclose(examples.images[:, 0] * 255, BYTES, atol=1e-4)
        with pytest.raises(UserError, match=r"x with y or x_test with y_test: say which"):
            saved(tmp_path, {**KERAS, "x": BYTES, "y": LABELS}).examples()

    def test_what_is_not_read_is_told_and_not_touched(self, tmp_path):
        arrays = {"x": BYTES, "y": LABELS, "names": np.array([None, {}]), "x_test": BYTES}
        assert saved(tmp_path, arrays).examples().notes == ("data.npz: arrays that are not read: names, x_test",)

    def test_an_archive_without_a_training_part_is_refused(self, tmp_path):
        with pytest.raises(UserError, match=r"no training part: it holds x_test, y_test"):
            saved(tmp_path, {"x_test": BYTES, "y_test": LABELS}).examples()


class TestGivenParts:
    def test_are_used_as_they_are(self, tmp_path):
        source = saved(tmp_path, MEDMNIST)
        split = source.split(stream(3, "split"))
        np.testing.assert_array_equal(np.sort(split.train), np.arange(30))
        np.testing.assert_array_equal(split.validation, np.arange(30, 45))
        np.testing.assert_array_equal(split.test, np.arange(45, 60))
        told = "data.npz: the parts are those it gives (train 30, validation 15, test 15)"
        assert source.examples().notes == (told,)

    def test_a_part_that_is_not_given_is_a_share_of_the_training_part_for_all_seeds(self, tmp_path):
        source = saved(tmp_path, KERAS)
        one, two = (source.split(stream(seed, "split")) for seed in (0, 1))
        np.testing.assert_array_equal(one.test, np.arange(40, 60))
        np.testing.assert_array_equal(one.validation, two.validation)
        assert [len(part) for part in (one.train, one.validation)] == [36, 4]
        assert {*one.train, *one.validation} == set(range(40))
        assert "validation is a share of 0.1 of its training part" in source.examples().notes[0]
        without_test = {name: array for name, array in MEDMNIST.items() if not name.startswith("test")}
        split = saved(tmp_path, without_test).split(stream(0, "split"))
        np.testing.assert_array_equal(split.validation, np.arange(30, 45))
        assert len(split.test) == 6
        assert set(split.test) < set(range(30))

    def test_are_put_together_and_drawn_anew_where_the_user_says_so(self, tmp_path):
        source = saved(tmp_path, KERAS, parts="drawn")
        split = source.split(stream(0, "split"))
        assert [len(part) for part in (split.train, split.validation, split.test)] == [42, 6, 12]
        assert "put together and drawn again" in source.examples().notes[0]
        whole = saved(tmp_path, {"x": BYTES, "y": LABELS})
        assert source.examples().fingerprint == whole.examples().fingerprint
        np.testing.assert_array_equal(split.test, whole.split(stream(0, "split")).test)

    def test_other_parts_of_the_same_images_are_other_data(self, tmp_path):
        arrays = [KERAS, MEDMNIST, {"x": BYTES, "y": LABELS}]
        assert len({saved(tmp_path, each).examples().fingerprint for each in arrays}) == 3

    @pytest.mark.parametrize(
        ("arrays", "settings", "message"),
        [
            (KERAS, {"test": 0.3}, r"gives its test part, so that dataset.test=0.3 would not be used"),
            (MEDMNIST, {"validation": 0.3}, r"dataset.validation=0.3 would not be used"),
            (
                {"x": BYTES, "y": LABELS},
                {"parts": "given"},
                r"no test or validation part, which dataset.parts=given asks",
            ),
            ({**KERAS, "y_test": LABELS[40:] + 1}, {}, r"label 3 in another part, and not in its training part"),
            ({**KERAS, "x_test": BYTES[40:] / 255}, {}, r"parts of different kinds \(train uint8 1x6x5, test float64"),
            ({**KERAS, "x_test": BYTES[40:, :5]}, {}, r"test uint8 1x5x5"),
            ({**KERAS, "y_test": LABELS[40:].astype(str)}, {}, r"labels of different kinds"),
            ({**KERAS, "y_test": LABELS[41:]}, {}, r"x_test holds 20 images and 19 labels"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, tmp_path, arrays, settings, message):
        with pytest.raises(UserError, match=message):
            saved(tmp_path, arrays, **settings).examples()

    def test_a_setting_that_does_not_exist_is_refused(self):
        with pytest.raises(
            UserError, match=r"unknown dataset.parts 'drawm': expected one of drawn, given; nearest.*drawn"
        ):
            Npz(parts="drawm")

    def test_a_blank_picture_is_named_by_its_part(self, tmp_path):
        test = BYTES[40:].copy()
        test[3] = 0
        assert "(x_test[3])" in saved(tmp_path, {**KERAS, "x_test": test}).examples().notes[-1]


class TestLayout:
    BOTH = np.random.default_rng(0).integers(256, size=(60, 3, 4, 3)).astype(np.uint8)

    def test_an_open_question_is_asked(self, tmp_path):
        arrays = {"x": self.BOTH, "y": LABELS}
        with pytest.raises(
            UserError, match=r"second or the last axis, say which with dataset.layout=channels_first or"
        ):
            saved(tmp_path, arrays).examples()
        first = saved(tmp_path, arrays, layout="channels_first").examples().images
        last = saved(tmp_path, arrays, layout="channels_last").examples().images
        np.testing.assert_allclose(first * 255, self.BOTH, atol=1e-4)
        np.testing.assert_allclose(last * 255, self.BOTH.transpose(0, 3, 1, 2), atol=1e-4)

    def test_rows_of_numbers_are_folded_as_the_user_says(self, tmp_path):
        arrays = {"data": BYTES.reshape(60, 30), "target": LABELS}
        with pytest.raises(UserError, match=r"rows of 30 numbers and not pictures: dataset.layout=1x1x30 or another"):
            saved(tmp_path, arrays).examples()
        images = saved(tmp_path, arrays, layout="1x6x5").examples().images
        np.testing.assert_allclose(images[:, 0] * 255, BYTES, atol=1e-4)

    @pytest.mark.parametrize(
        ("images", "layout", "message"),
        [
            (BYTES.reshape(60, 30), "1x6x6", r"not rows of 36 numbers: dataset.layout=1x6x6 cannot hold"),
            (BYTES, "channels_last", r"\(60, 6, 5\), without channels: dataset.layout=channels_last cannot hold"),
            (BYTES[:, None], "channels_last", r"with dataset.layout=channels_last: expected"),
            (BYTES[:, None, None], None, r"expected \(examples, height, width\), or four axes with 1 or 3"),
            (np.repeat(BYTES[..., None], 4, axis=-1), None, r"1 or 3 channels second or last"),
            (BYTES[:, :0], None, r"images without pixels: their shape is"),
        ],
    )
    def test_what_is_no_picture_is_refused(self, tmp_path, images, layout, message):
        with pytest.raises(UserError, match=message):
            saved(tmp_path, {"x": images, "y": LABELS}, layout=layout).examples()

    def test_a_layout_that_does_not_exist_is_refused(self):
        with pytest.raises(UserError, match=r"unknown dataset.layout 'channel_last'.*nearest match: channels_last"):
            Npz(layout="channel_last")


class TestRepeats:
    def test_test_pictures_that_are_trained_on_are_told(self, tmp_path):
        arrays = {**KERAS, "x_test": np.concatenate([BYTES[:3], BYTES[43:]]), "y_test": LABELS[40:]}
        told = "data.npz: 3 of the 20 examples of its test part are in its training part too"
        assert any(note.startswith(told) for note in saved(tmp_path, arrays).examples().notes)
        assert not any("training part too" in note for note in saved(tmp_path, KERAS).examples().notes)

    def test_pictures_that_are_there_twice_are_told_where_parts_are_drawn(self, tmp_path):
        arrays = {"x": np.concatenate([BYTES, BYTES[:2]]), "y": np.concatenate([LABELS, LABELS[:2]])}
        assert saved(tmp_path, arrays).examples().notes == (
            "data.npz: 2 examples are copies of others: parts drawn from all may share some",
        )
