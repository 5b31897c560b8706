"""What lies in a folder of pictures beside the pictures: counted, named, and never left out without a word."""

import os

import numpy as np
import pytest
from PIL import Image

from ablate.data import ImageFolder
from ablate.errors import UserError
from ablate.streams import stream

PIXELS = np.random.default_rng(0).integers(256, size=(80, 6, 5)).astype(np.uint8)


def fill(folder, start, count=10, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(start, start + count):
        Image.fromarray(PIXELS[n]).save(folder / f"{n:02}{suffix}")


@pytest.fixture
def source(tmp_path):
    fill(tmp_path / "cat", 0)
    fill(tmp_path / "dog", 10)
    return ImageFolder(path=str(tmp_path))


class TestLeftOut:
    def told(self, source, tmp_path):
        (note,) = source.examples().notes
        return note.removeprefix(f"{tmp_path.name}: left out: ")

    def test_files_of_other_kinds(self, source, tmp_path):
        for name in ("a.heic", "b.HEIC", "notes.txt", "README"):
            (tmp_path / "cat" / name).write_bytes(b"x")
        (tmp_path / "labels.csv").write_bytes(b"x")
        told = "5 files of other kinds (.csv, .heic, .txt, no ending): labels.csv, cat/README, cat/a.heic and 2 more"
        assert self.told(source, tmp_path) == told

    def test_folders_inside_a_class_and_pictures_outside_of_any(self, source, tmp_path):
        fill(tmp_path / "cat" / "more", 20, 3)
        Image.fromarray(PIXELS[30]).save(tmp_path / "stray.png")
        told = "1 picture outside of any class: stray.png; 1 subfolder with all they hold: cat/more"
        assert self.told(source, tmp_path) == told

    def test_hidden_files_and_those_of_operating_systems(self, source, tmp_path):
        for name in (".DS_Store", "._01.png", "Thumbs.db", "desktop.ini"):
            (tmp_path / "cat" / name).write_bytes(b"x")
        (tmp_path / "__MACOSX").mkdir()
        (tmp_path / ".ipynb_checkpoints").mkdir()
        assert self.told(source, tmp_path) == "6 hidden files"

    @pytest.mark.skipif(os.name == "nt", reason="links need rights there")
    def test_links_that_lead_nowhere(self, source, tmp_path):
        (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
        assert self.told(source, tmp_path) == "1 name without a file: cat/gone.png"

    def test_nothing_is_told_where_nothing_is_left_out(self, source):
        assert source.examples().notes == ()

    def test_a_file_that_comes_later_is_told_too(self, source, tmp_path):
        source.examples()
        (tmp_path / "cat" / "notes.txt").write_bytes(b"x")
        assert "notes.txt" in source.examples().notes[0]

    def test_more_endings_are_read(self, source, tmp_path):
        Image.fromarray(PIXELS[20]).convert("RGB").save(tmp_path / "cat" / "x.WebP", lossless=True)
        Image.fromarray(PIXELS[21]).save(tmp_path / "cat" / "y.jfif", "JPEG")
        assert len(source.examples().labels) == 22


class TestParts:
    @pytest.fixture
    def parted(self, tmp_path):
        fill(tmp_path / "train" / "cat", 0)
        fill(tmp_path / "train" / "dog", 10)
        fill(tmp_path / "test" / "cat", 20, 4)
        fill(tmp_path / "test" / "dog", 30, 3)
        return tmp_path

    def test_folders_of_parts_are_used_as_they_are(self, parted):
        source = ImageFolder(path=str(parted))
        split = source.split(stream(0, "split"))
        np.testing.assert_array_equal(split.test, np.arange(20, 27))
        np.testing.assert_array_equal(source.examples().labels, np.repeat([0, 1, 0, 1], [10, 10, 4, 3]))
        expected = np.concatenate([PIXELS[:20], PIXELS[20:24], PIXELS[30:33]])
        np.testing.assert_allclose(source.examples().images[:, 0] * 255, expected, atol=1e-4)
        assert "the parts are those it gives (train 20, test 7); validation is a share" in source.examples().notes[0]

    def test_or_put_together(self, parted):
        source = ImageFolder(path=str(parted), parts="drawn")
        assert len(source.split(stream(0, "split")).test) == 5
        assert source.examples().fingerprint != ImageFolder(path=str(parted)).examples().fingerprint

    def test_a_part_may_lack_a_class_and_may_not_have_one_of_its_own(self, parted):
        for path in (parted / "test" / "dog").iterdir():
            path.unlink()
        (parted / "test" / "dog").rmdir()
        fill(parted / "test" / "cow", 40, 2)
        with pytest.raises(UserError, match=r"the test part has the class cow, and the training part has not"):
            ImageFolder(path=str(parted)).examples()

    def test_folders_that_may_be_parts_or_classes_are_asked_about(self, tmp_path):
        fill(tmp_path / "train", 0)
        fill(tmp_path / "test", 10)
        with pytest.raises(
            UserError, match=r"holds the folders test, train: give each a folder of pictures per class if"
        ):
            ImageFolder(path=str(tmp_path)).examples()

    def test_two_folders_for_one_part_are_refused(self, parted):
        fill(parted / "testing" / "cat", 40, 2)
        fill(parted / "testing" / "dog", 50, 2)
        with pytest.raises(UserError, match=r"two folders for the test part: test, testing, train"):
            ImageFolder(path=str(parted)).examples()

    def test_a_class_may_be_called_like_a_part_among_others(self, tmp_path):
        for n, name in enumerate(("bus", "train", "valid")):
            fill(tmp_path / name, 10 * n)
        assert ImageFolder(path=str(tmp_path)).examples().classes == 3


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("~no-such-user/x", r"dataset.path cannot be a path: ~no-such-user/x \("),
            ("a\0b", r"dataset.path cannot be a path: a\\x00b"),
            ("x" * 5000, r"dataset.path cannot be looked at: .*name too long"),
            ("nowhere", r"dataset.path must name a folder .*: there is none at nowhere"),
        ],
    )
    def test_a_path_that_is_none_is_one_clear_error(self, path, message):
        with pytest.raises(UserError, match=message) as caught:
            ImageFolder(path=path).examples()
        assert len(str(caught.value)) < 700

    def test_a_class_with_pictures_further_down_says_where_they_are(self, tmp_path, source):
        fill(tmp_path / "cow" / "2024", 20)
        with pytest.raises(
            UserError, match=r"cow is a class without pictures: .*the folders cow/2024 inside it are not read"
        ):
            source.examples()

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
    def test_a_folder_that_is_closed_to_us_is_one_clear_error(self, tmp_path, source):
        (tmp_path / "cat").chmod(0)
        with pytest.raises(UserError, match=r"cannot list .*Permission denied"):
            source.examples()

    @pytest.mark.skipif(os.name == "nt", reason="names are text there")
    def test_a_name_that_is_no_text_can_be_told(self, tmp_path, source):
        (tmp_path / "cat" / os.fsdecode(b"\xff\n.txt")).write_bytes(b"x")
        note = source.examples().notes[0]
        assert note.encode().endswith(rb"cat/\udcff .txt")
