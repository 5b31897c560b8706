"""Ranges of values: scaled by a stated rule, told where they look odd, refused where nothing would be left."""

import re

import numpy as np
import pytest

from ablate.data import ImageFolder, Npz
from ablate.errors import UserError
from ablate.identity import describe

LABELS = np.arange(60) % 3
BYTES = np.random.default_rng(0).integers(256, size=(60, 5, 4)).astype(np.uint8)


def saved(tmp_path, images, **settings):
    np.savez(tmp_path / "data.npz", x=images, y=LABELS)
    return Npz(path=str(tmp_path / "data.npz"), **settings)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (
            BYTES // 128,
            r"all values are 0 or 1: taken as black and white \(dataset.white=255 keeps them nearly black\)",
        ),
        (BYTES // 16, r"values go from 0 to 15, 6% of what is between black and white \(0 and 255\)"),
        (BYTES // 16, r"dataset.black=0 dataset.white=15 spreads them$"),
        (BYTES // 100, r"from 0 to 2, 0.0078 of what is between"),
        (200 + BYTES // 8, r"values go from 200 to 231, 12% of"),
        (BYTES.astype(np.uint16) * 257, r"more than 8 bits: 65535 is white"),
        (BYTES.astype(np.uint16) * 16, r"from 0 to 4080, 6% of what is between black and white \(0 and 65535\)"),
        (
            BYTES.astype(np.uint16),
            r"16-bit values up to 255 are taken as 8-bit ones \(dataset.white=65535 takes them as",
        ),
        (BYTES / 255 / 10, r"values go from 0 to 0.1, 10% of what is between black and white \(0 and 1\)"),
    ],
)
def test_what_looks_odd_is_told(tmp_path, images, told):
    notes = saved(tmp_path, images).examples().notes
    assert all(note.startswith("data.npz: ") for note in notes)
    assert any(re.search(told, note) for note in notes), notes


@pytest.mark.parametrize("images", [BYTES, BYTES.astype(int), BYTES / 255, BYTES > 99, (BYTES / 255).astype("f2")])
def test_of_usual_data_nothing_is_told(tmp_path, images):
    assert saved(tmp_path, images).examples().notes == ()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (BYTES.astype(float), r"from 0 to 255: fractions must lie in \[0, 1\]: dataset.white=255 would make"),
        (BYTES.astype(float) // 16, r"dataset.white=15 would make that value white \(dataset.white=255 is usual\)"),
        (BYTES / 127.5 - 1, r"from -1 to 1: .*must not be negative: dataset.black=-1 dataset.white=1 would make them"),
        (BYTES.astype(int) - 7, r"from -7 to 248: .*must not be negative"),
        (BYTES.astype(int) * 4, r"from 0 to 1020: whole numbers of int64 must lie in 0 … 255: dataset.white=1020 or"),
        (
            np.where(BYTES == 7, np.nan, BYTES / 255),
            r"values that are not finite \(NaN or infinity\), first in x\[\d+\]",
        ),
        (np.where(BYTES == 7, np.inf, BYTES / 255), r"not finite"),
        (BYTES / 255 / 255, r"0.0039 of what is between .*little would be seen: dataset.black=0 dataset.white=0.0039"),
        (254 + BYTES // 128, r"values go from 254 to 255, .* dataset.white=255 keeps them"),
        (BYTES.astype(complex), r"it holds <c16, expected numbers"),
    ],
)
def test_what_fits_no_rule_is_refused_and_the_error_says_what_to_declare(tmp_path, images, message):
    with pytest.raises(UserError, match=message):
        saved(tmp_path, images).examples()


class TestDeclared:
    def test_white_and_black_are_what_the_user_says(self, tmp_path):
        examples = saved(tmp_path, BYTES / 127.5 - 1, black=-1, white=1).examples()
        np.testing.assert_allclose(examples.images[:, 0], BYTES / 255, atol=1e-6)
        assert examples.notes == ("data.npz: values from -1 to 1 become 0 to 1, as declared",)
        assert examples.fingerprint == saved(tmp_path, BYTES).examples().fingerprint

    def test_zero_and_one_are_nearly_black_where_the_user_wants_that(self, tmp_path):
        examples = saved(tmp_path, BYTES // 128, white=255).examples()
        np.testing.assert_allclose(np.unique(examples.images), [0, 1 / 255], atol=1e-9)

    def test_values_outside_are_refused(self, tmp_path):
        with pytest.raises(UserError, match=r"from 0 to 255, outside of what is declared: .*dataset.white=100"):
            saved(tmp_path, BYTES, white=100).examples()

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"black": 1.0}, r"`dataset.white` must be given with dataset.black"),
            ({"white": 0.0}, r"`dataset.white` must be a number above dataset.black \(0\)"),
            ({"black": 5.0, "white": 5.0}, r"above dataset.black \(5\)"),
            ({"white": float("nan")}, r"`dataset.white` must be a number"),
            ({"white": float("inf")}, r"`dataset.white` must be a number"),
            ({"black": float("-inf"), "white": 1.0}, r"`dataset.black` must be a number"),
        ],
    )
    def test_a_range_that_is_none_is_refused(self, settings, message):
        with pytest.raises(UserError, match=message):
            Npz(**settings)

    def test_another_range_is_another_run_and_no_range_is_the_run_it_was(self):
        assert describe(Npz()) == {"name": "npz", "train_size": None, "test": 0.2, "validation": 0.1}
        assert describe(ImageFolder()) == {"name": "folder", "train_size": None, "test": 0.2, "validation": 0.1}
        assert describe(Npz(white=16))["white"] == 16


class TestBlank:
    def blanked(self, count):
        images = BYTES.copy()
        images[:count] = 9
        return images

    def test_one_of_a_class_is_told_by_name(self, tmp_path):
        assert saved(tmp_path, self.blanked(2)).examples().notes == (
            "data.npz: 2 of 60 pictures show one value throughout (x[0], x[1])",
        )

    def test_several_of_a_class_are_refused_by_name_unless_they_are_wanted(self, tmp_path):
        with pytest.raises(UserError, match=r"6 of 60 pictures .*\(x\[0\], x\[1\], x\[2\] and 3 more\).*blank=keep"):
            saved(tmp_path, self.blanked(6)).examples()
        assert len(saved(tmp_path, self.blanked(6), blank="keep").examples().notes) == 1

    def test_so_is_a_class_of_a_single_picture(self, tmp_path):
        np.savez(tmp_path / "data.npz", x=self.blanked(1), y=np.minimum(np.arange(60), 2))
        with pytest.raises(UserError, match=r"1 of 60 pictures show one value throughout \(x\[0\]\)"):
            Npz(path=str(tmp_path / "data.npz")).examples()

    def test_so_are_pictures_with_a_single_step_among_others_with_all(self, tmp_path):
        images = BYTES.copy()
        images[:30] //= 128
        with pytest.raises(UserError, match=r"30 of 60 pictures show one value throughout"):
            saved(tmp_path, images).examples()

    def test_a_data_set_of_one_picture_is_told(self, tmp_path):
        told = "data.npz: all 60 pictures are the same: nothing in them tells classes apart"
        copies = "data.npz: 59 examples are copies of others: parts drawn from all may share some"
        assert saved(tmp_path, np.repeat(BYTES[:1], 60, axis=0)).examples().notes == (copies, told)

    def test_points_of_the_plane_are_no_pictures_and_may_have_equal_coordinates(self, tmp_path):
        corners = np.array([[0, 0], [0, 255], [255, 0], [255, 255]], np.uint8)[np.arange(60) % 4]
        assert saved(tmp_path, corners[:, None, :]).examples().notes == ()

    def test_the_setting_knows_two_values(self):
        with pytest.raises(
            UserError, match=r"unknown dataset.blank 'kep': expected one of keep, refuse; nearest match: keep"
        ):
            Npz(blank="kep")
