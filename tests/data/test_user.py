"""The user's own data: `.npz` files and folders of pictures."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from ablate.data import ImageFolder, Npz
from ablate.errors import UserError
from ablate.streams import stream

LABELS = np.arange(60) % 3


def images(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(256, size=(60, *shape)).astype(dtype)


def saved(tmp_path, name="data.npz", **arrays):
    np.savez(tmp_path / name, **arrays)
    return Npz(path=str(tmp_path / name))


class TestNpz:
    @pytest.mark.parametrize("names", [("images", "labels"), ("x", "y")])
    @pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (4, 5, 1), (3, 4, 5), (4, 5, 3)])
    def test_reads_images_of_any_usual_layout(self, tmp_path, names, shape):
        pixels = images(*shape)
        examples = saved(tmp_path, **dict(zip(names, (pixels, LABELS), strict=True))).examples()
        expected = pixels.transpose(0, 3, 1, 2) if shape[-1] in {1, 3} else pixels
        np.testing.assert_allclose(examples.images * 255, expected.reshape(60, -1, 4, 5), atol=1e-4)
        np.testing.assert_array_equal(examples.labels, LABELS)
        assert examples.classes == 3

    def test_fractions_and_bytes_are_the_same_data(self, tmp_path):
        one = saved(tmp_path, "one.npz", x=images(4, 5), y=LABELS)
        two = saved(tmp_path, "two.npz", x=images(4, 5).astype(np.float64) / 255, y=LABELS.astype(np.uint8))
        three = saved(tmp_path, "three.npz", x=np.asfortranarray(images(4, 5)), y=LABELS[:, None])
        assert len({source.examples().fingerprint for source in (one, two, three)}) == 1

    def test_is_read_again_only_when_the_file_changes(self, tmp_path):
        source = saved(tmp_path, x=images(4, 5), y=LABELS)
        first = source.examples()
        assert source.examples() is first
        np.savez(tmp_path / "data.npz", x=255 - images(4, 5), y=LABELS)
        assert source.examples().fingerprint != first.fingerprint

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"a": np.zeros(3)}, r"holds the arrays a, expected `images` and `labels`, `x` and `y`, or `x_train`"),
            ({"x": images(4, 5), "y": LABELS[:-1]}, r"60 images and 59 labels"),
            ({"x": images(4, 5, dtype=np.float64), "y": LABELS}, r"fractions must lie in \[0, 1\]"),
            ({"x": images(2, 4, 5), "y": LABELS}, r"1 or 3 channels"),
            ({"x": np.array([None] * 60), "y": LABELS}, r"objects are never unpickled"),
            ({"x": images(4, 5)[:0], "y": LABELS[:0]}, r"holds no images"),
        ],
    )
    def test_what_is_no_such_data_is_refused(self, tmp_path, arrays, message):
        with pytest.raises(UserError, match=message):
            saved(tmp_path, **arrays).examples()

    @pytest.mark.parametrize("data", [b"", b"no zip file", "half"])
    def test_a_damaged_file_is_one_clear_error(self, tmp_path, data):
        source = saved(tmp_path, x=images(4, 5), y=LABELS)
        path = tmp_path / "data.npz"
        path.write_bytes(path.read_bytes()[:700] if data == "half" else data)
        with pytest.raises(UserError, match=r"cannot read .*data.npz as an .npz file"):
            source.examples()

    def test_a_header_that_promises_too_much_allocates_nothing(self, tmp_path):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (2**31, 28, 28)})
        with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
            archive.writestr("x.npy", header.getvalue() + bytes(50))
            archive.writestr("y.npy", header.getvalue())
        with pytest.raises(
            UserError, match=r"x: it promises 1,683,627,180,032 values, .* GB in memory, more than the 2 GB"
        ):
            Npz(path=str(tmp_path / "data.npz")).examples()

    def test_a_path_is_needed_and_must_be_there(self, tmp_path):
        with pytest.raises(UserError, match=r"dataset.path must name an .npz file: dataset.path=…"):
            Npz().examples()
        with pytest.raises(UserError, match=r"there is none at .*nowhere.npz"):
            Npz(path=str(tmp_path / "nowhere.npz")).examples()


class TestSplit:
    def test_parts_are_the_stated_shares_and_only_training_differs_by_seed(self, tmp_path):
        source = saved(tmp_path, x=images(4, 5), y=LABELS)
        one, two = (source.split(stream(seed, "split")) for seed in (0, 1))
        assert [len(part) for part in (one.train, one.validation, one.test)] == [42, 6, 12]
        assert len({*one.train, *one.validation, *one.test}) == 60
        np.testing.assert_array_equal(np.bincount(LABELS[one.test]), [4, 4, 4])
        np.testing.assert_array_equal(one.test, two.test)
        np.testing.assert_array_equal(one.validation, two.validation)
        assert list(one.train) != list(two.train)

    def test_shares_that_leave_nothing_are_refused(self, tmp_path):
        with pytest.raises(UserError, match=r"`dataset.test` must be a share between 0 and 1, got 0.0"):
            Npz(test=0.0)
        with pytest.raises(UserError, match=r"`dataset.validation` must leave a share for training"):
            Npz(test=0.6, validation=0.4)
        few = saved(tmp_path, x=images(4, 5)[:9], y=LABELS[:9])
        with pytest.raises(
            UserError, match=r"too few examples: the (test|validation) part \(\d\) has none of some class"
        ):
            few.split(stream(0, "split"))


def pictures(tmp_path, *, mode="L", size=(5, 4), suffix=".png", classes=("cat", "dog")):
    bands = len(Image.new(mode, (1, 1)).getbands())
    for number, name in enumerate(classes):
        (tmp_path / name).mkdir()
        for n in range(10):
            values = np.arange(size[0] * size[1] * bands).reshape(size[1], size[0], bands) + 10 * n + number
            Image.fromarray(values.astype(np.uint8).squeeze()).save(tmp_path / name / f"{n}{suffix}")
    return ImageFolder(path=str(tmp_path))


class TestImageFolder:
    def test_classes_are_the_folders_in_the_order_of_their_names(self, tmp_path):
        examples = pictures(tmp_path).examples()
        assert examples.images.shape == (20, 1, 4, 5)
        np.testing.assert_array_equal(examples.labels, np.repeat([0, 1], 10))
        np.testing.assert_allclose(
            examples.images[:, 0, 0, 0] * 255, [*range(0, 100, 10), *range(1, 101, 10)], atol=1e-3
        )

    def test_colour_makes_three_channels(self, tmp_path):
        examples = pictures(tmp_path, mode="RGB").examples()
        assert examples.images.shape == (20, 3, 4, 5)
        np.testing.assert_allclose(examples.images[13, :, 0, 1] * 255, [34, 35, 36], atol=1e-3)

    def test_is_read_again_only_when_a_file_changes(self, tmp_path):
        source = pictures(tmp_path)
        first = source.examples()
        assert source.examples() is first
        Image.new("L", (5, 4), 200).save(tmp_path / "cat" / "0.png")
        assert source.examples().fingerprint != first.fingerprint

    def test_pictures_of_different_sizes_are_refused(self, tmp_path):
        source = pictures(tmp_path)
        Image.new("L", (6, 4)).save(tmp_path / "dog" / "z.png")
        with pytest.raises(UserError, match=r"must be of one size: .*0.png is 5x4, .*z.png 6x4"):
            source.examples()

    @pytest.mark.parametrize("data", [b"no picture", "half"])
    def test_a_broken_picture_is_named(self, tmp_path, data):
        source, path = pictures(tmp_path), tmp_path / "dog" / "3.png"
        path.write_bytes(path.read_bytes()[:50] if data == "half" else data)
        with pytest.raises(UserError, match=r"cannot read the picture .*dog/3.png"):
            source.examples()

    def test_a_folder_without_classes_or_pictures_is_refused(self, tmp_path):
        (tmp_path / "one").mkdir()
        with pytest.raises(UserError, match=r"one is a class without pictures"):
            ImageFolder(path=str(tmp_path)).examples()
        (tmp_path / "one" / "a.png").write_bytes(b"")
        with pytest.raises(UserError, match=r"holds 1 folder\(s\), expected one folder of pictures for each"):
            ImageFolder(path=str(tmp_path)).examples()
        with pytest.raises(UserError, match=r"dataset.path must name a folder"):
            ImageFolder().examples()
