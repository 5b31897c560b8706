"""Pictures of a folder in every way that files hold them, and what is told of it."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from ablate.data import ImageFolder
from ablate.errors import UserError

BYTES = np.random.default_rng(0).integers(256, size=(12, 6, 5)).astype(np.uint8)
COLOUR = np.random.default_rng(1).integers(256, size=(12, 6, 5, 3)).astype(np.uint8)


def folder(tmp_path, pictures, suffix=".png", **settings):
    """A folder of six cats and six dogs in this order."""
    for n, picture in enumerate(pictures):
        path = tmp_path / ("cat", "dog")[n // 6] / f"{n:02}{suffix}"
        path.parent.mkdir(exist_ok=True)
        if isinstance(picture, bytes):
            path.write_bytes(picture)
        else:
            picture.save(path)
    return ImageFolder(path=str(tmp_path), **settings)


def greys(arrays):
    return [Image.fromarray(each) for each in arrays]


def layered(colour, alpha):
    return [Image.merge("LA", [Image.fromarray(c), Image.fromarray(a)]) for c, a in zip(colour, alpha, strict=True)]


def full(value):
    return np.full_like(BYTES, value)


class TestTransparency:
    def test_what_is_drawn_in_black_on_nothing_shows_on_white(self, tmp_path):
        examples = folder(tmp_path, layered(full(0), BYTES)).examples()
        np.testing.assert_allclose(examples.images[:, 0], 1 - BYTES / 255, atol=1e-6)
        assert examples.notes == (
            f"{tmp_path.name}: transparent parts of 12 pictures show white (dataset.background=1)",
        )

    def test_what_is_drawn_in_white_on_nothing_shows_on_black(self, tmp_path):
        examples = folder(tmp_path, layered(full(255), BYTES)).examples()
        np.testing.assert_allclose(examples.images[:, 0], BYTES / 255, atol=1e-6)
        told = "show black (dataset.background=0): on white 12 pictures would be blank"
        assert told in examples.notes[0]

    @pytest.mark.parametrize("grey", [0, 100, 255])
    def test_a_drawing_in_any_plain_colour_comes_out_as_a_picture(self, tmp_path, grey):
        images = folder(tmp_path, layered(full(grey), BYTES)).examples().images
        assert (np.ptp(images, axis=(1, 2, 3)) > 0.5).all()

    def test_the_background_can_be_declared(self, tmp_path):
        source = folder(tmp_path, layered(full(0), BYTES), background=0.5)
        np.testing.assert_allclose(source.examples().images[:, 0], 128 / 255 * (1 - BYTES / 255), atol=0.51 / 255)
        assert "show dataset.background=0.5" in source.examples().notes[0]

    def test_where_nothing_is_seen_on_the_declared_background_the_error_says_so(self, tmp_path):
        with pytest.raises(UserError, match=r"show one value throughout .*; another dataset.background may show them"):
            folder(tmp_path, layered(full(0), BYTES), background=0).examples()

    def test_a_colour_that_stands_for_nothing_is_the_background(self, tmp_path):
        for name, pictures, hidden in (
            ("grey", greys(BYTES), 7), ("deep", greys(BYTES.astype(np.uint16) * 257), 7 * 257),
        ):  # fmt: skip
            inner = tmp_path / name
            inner.mkdir()
            data = []
            for picture in pictures:
                picture.putpixel((0, 0), hidden)
                stream = io.BytesIO()
                picture.save(stream, "PNG", transparency=hidden)
                data.append(stream.getvalue())
            images = folder(inner, data).examples().images
            np.testing.assert_array_equal(images[:, 0, 0, 0], 1.0)
            assert (images[:, 0][BYTES != 7] < 1.0).sum() > 300

    def test_pictures_of_one_colour_in_a_palette_with_holes(self, tmp_path):
        pictures = []
        for each in BYTES // 128:
            picture = Image.frombytes("P", (5, 6), each.tobytes())
            picture.putpalette([10, 20, 30, 10, 20, 30])
            picture.info["transparency"] = 0
            pictures.append(picture)
        images = folder(tmp_path, pictures).examples().images
        drawn = (BYTES // 128)[:, None].astype(bool)
        expected = np.where(drawn, np.array([10, 20, 30])[:, None, None] / 255, 1.0)
        np.testing.assert_allclose(images, expected, atol=1e-6)

    @pytest.mark.parametrize("level", [-0.1, 1.5, float("nan")])
    def test_a_background_that_is_none_is_refused(self, level):
        with pytest.raises(UserError, match=r"`dataset.background` must be between 0 \(black\) and 1 \(white\)"):
            ImageFolder(background=level)


class TestDepth:
    def test_a_tiff_of_twelve_bits_has_its_own_white(self, tmp_path):
        values = np.random.default_rng(0).integers(4096, size=(12, 6, 4)).astype(np.uint16)
        values[:, 0, 0] = 4095
        packed = [((v[:, ::2].astype(int) << 12) | v[:, 1::2]) for v in values]
        data = [tiff(b"".join(int(p).to_bytes(3, "big") for p in each.ravel()), 4, 6, bits=12) for each in packed]
        np.testing.assert_allclose(folder(tmp_path, data, ".tif").examples().images[:, 0], values / 4095, atol=1e-6)

    def test_a_tiff_whose_white_is_zero_is_turned_over(self, tmp_path):
        values = BYTES.astype("<u2") * 257
        data = [tiff((65535 - each).astype("<u2").tobytes(), 5, 6, bits=16, photometric=0) for each in values]
        np.testing.assert_allclose(folder(tmp_path, data, ".tif").examples().images[:, 0], BYTES / 255, atol=1e-6)

    def test_unsigned_numbers_of_32_bits_are_not_taken_for_negative_ones(self, tmp_path):
        values = BYTES.astype("<u4") * (2**32 // 256 + 65793)
        data = [tiff(each.tobytes(), 5, 6, bits=32) for each in values]
        np.testing.assert_allclose(folder(tmp_path, data, ".tif").examples().images[:, 0], BYTES / 255, atol=1e-6)

    def test_signed_bytes_are_refused(self, tmp_path):
        data = [tiff(each.tobytes(), 5, 6, bits=8, form=2) for each in BYTES]
        with pytest.raises(UserError, match=r"00.tif has signed 8-bit values, which are not read"):
            folder(tmp_path, data, ".tif").examples()

    def test_a_small_range_in_a_wide_type_is_asked_about(self, tmp_path):
        pictures = greys(BYTES.astype(np.int32))
        with pytest.raises(UserError, match=r"from 0 to 255, 1.2e-07 of .*: dataset.black=0 dataset.white=255 spreads"):
            folder(tmp_path, pictures, ".tif").examples()
        images = ImageFolder(path=str(tmp_path), white=255).examples().images
        np.testing.assert_allclose(images[:, 0], BYTES / 255, atol=1e-6)

    def test_fractions_outside_are_asked_about(self, tmp_path):
        with pytest.raises(UserError, match=r"from 0 to 255: fractions must lie in \[0, 1\]: dataset.white=255"):
            folder(tmp_path, greys(BYTES.astype(np.float32)), ".tif").examples()

    def test_a_value_that_is_none_is_named_by_its_picture(self, tmp_path):
        values = (BYTES / 255).astype(np.float32)
        values[7, 0, 0] = np.nan
        with pytest.raises(UserError, match=r"not finite \(NaN or infinity\), first in dog/07.tif"):
            folder(tmp_path, greys(values), ".tif").examples()

    def test_pictures_of_several_types_are_each_scaled_by_their_own_and_that_is_told(self, tmp_path):
        pictures = [
            Image.fromarray(each if n % 2 else each.astype(np.uint16) * 257) for n, each in enumerate(BYTES)
        ]  # fmt: skip
        examples = folder(tmp_path, pictures).examples()
        np.testing.assert_allclose(examples.images[:, 0], BYTES / 255, atol=1e-6)
        assert "stored in different ways (uint16, uint8): each is scaled by its own" in examples.notes[0]
        with pytest.raises(UserError, match=r"dataset.white=200 cannot hold for all"):
            ImageFolder(path=str(tmp_path), white=200).examples()

    def test_colours_of_sixteen_bits_are_read_to_eight_and_that_is_told(self, tmp_path):
        data = [b"P6 5 6 65535 " + (each.astype(">u2") * 257).tobytes() for each in COLOUR]
        examples = folder(tmp_path, data, ".ppm").examples()
        np.testing.assert_allclose(examples.images, COLOUR.transpose(0, 3, 1, 2) / 255, atol=1.01 / 255)
        assert "12 of 12 pictures have 16-bit colours, of which the upper 8 bits are read" in examples.notes[0]

    def test_grey_levels_of_any_maximum_are_spread(self, tmp_path):
        data = [b"P5 5 6 15 " + (each // 16).tobytes() for each in BYTES]
        examples = folder(tmp_path, data, ".pgm").examples()
        np.testing.assert_allclose(examples.images[:, 0], BYTES // 16 / 15, atol=1e-6)


def tiff(pixels, width, height, *, bits, form=1, photometric=1):
    """An uncompressed grey TIFF of these pixels, little-endian."""
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1), (278, height)]
    tags += [(279, len(pixels)), (339, form)]
    entries = b"".join(
        tag.to_bytes(2, "little") + (4).to_bytes(2, "little") + (1).to_bytes(4, "little") + value.to_bytes(4, "little")
        for tag, value in tags
    )
    pixels += b"\0" * (len(pixels) % 2)
    start = (8 + len(pixels)).to_bytes(4, "little")
    return b"II*\0" + start + pixels + len(tags).to_bytes(2, "little") + entries + bytes(4)


class TestRefused:
    @pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
    def test_a_file_of_several_frames(self, tmp_path, kind):
        suffix = f".{kind.lower()}"
        source = folder(tmp_path, greys(COLOUR), suffix)
        more = greys(COLOUR[:2])
        more[0].save(tmp_path / "dog" / f"08{suffix}", kind, save_all=True, append_images=more[1:])
        with pytest.raises(
            UserError, match=rf"dog/08{suffix} has 2 frames or pages: expected one picture in each file"
        ):
            source.examples()

    def test_of_a_camera_that_adds_pictures_the_first_is_read_and_that_is_told(self, tmp_path):
        source = folder(tmp_path, greys(COLOUR), ".jpg")
        more = greys(COLOUR[:2])
        more[0].save(tmp_path / "dog" / "08.jpg", "MPO", save_all=True, append_images=more[1:])
        assert "1 of 12 files hold more than the first picture, which is read" in source.examples().notes[0]

    def test_a_mode_without_a_meaning_here(self, tmp_path):
        pictures = [Image.merge("LAB", [each] * 3) for each in greys(BYTES)]
        with pytest.raises(UserError, match=r"00.tif is stored in the mode LAB, which is not read"):
            folder(tmp_path, pictures, ".tif").examples()

    def test_a_format_that_calls_other_programs_whatever_the_file_is_called(self, tmp_path):
        data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 6\n%%EndComments\n"
        with pytest.raises(UserError, match=r"cannot read the picture .*00.png \(cannot identify image file"):
            folder(tmp_path, [data] * 12).examples()

    def test_pictures_that_stand_upright_in_different_sizes(self, tmp_path):
        source = folder(tmp_path, greys(BYTES))
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(BYTES[0]).save(tmp_path / "dog" / "09.png", exif=exif)
        with pytest.raises(UserError, match=r"00.png is 5x6, .*09.png 6x5 \(turned upright\)"):
            source.examples()

    def test_a_checksum_that_does_not_hold(self, tmp_path):
        source, path = folder(tmp_path, greys(BYTES)), tmp_path / "dog" / "08.png"
        data = bytearray(path.read_bytes())
        data[data.index(b"IDAT") + 20] ^= 1
        path.write_bytes(bytes(data))
        with pytest.raises(UserError, match=r"cannot read the picture .*dog/08.png"):
            source.examples()


class TestLimits:
    def test_a_picture_that_promises_too_many_pixels_is_not_unpacked(self, tmp_path, monkeypatch):
        source = folder(tmp_path, greys(BYTES))
        Image.new("1", (5000, 4000)).save(tmp_path / "dog" / "11.png")
        with pytest.raises(UserError, match=r"11.png: it is 5000x4000, 20 million pixels, more than the 16 allowed"):
            source.examples()
        monkeypatch.setenv("ABLATE_DATA_MEGAPIXELS", "20")
        with pytest.raises(UserError, match=r"must be of one size"):
            source.examples()

    def test_the_user_can_go_beyond_the_limit_of_the_library(self, tmp_path, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
        assert len(folder(tmp_path, greys(BYTES)).examples().labels) == 12
        assert Image.MAX_IMAGE_PIXELS == 10

    def test_pictures_that_take_too_much_together_are_not_unpacked(self, tmp_path, monkeypatch):
        source = folder(tmp_path, greys(BYTES))
        monkeypatch.setenv("ABLATE_DATA_GB", "0.000001")
        with pytest.raises(
            UserError, match=r"360 values, .* more than the 1e-06 GB allowed \(the environment variable"
        ):
            source.examples()

    @pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf"])
    def test_a_limit_that_is_none_is_refused(self, tmp_path, monkeypatch, text):
        monkeypatch.setenv("ABLATE_DATA_GB", text)
        with pytest.raises(UserError, match=r"`ABLATE_DATA_GB` must be a number above 0 \(an environment variable\)"):
            folder(tmp_path, greys(BYTES)).examples()


def test_a_warning_of_the_library_becomes_a_note_and_not_a_line_on_the_terminal(tmp_path, monkeypatch):
    convert = Image.Image.convert

    def warning(picture, mode):
        warnings.warn("odd metadata", stacklevel=1)
        return convert(picture, mode)

    monkeypatch.setattr(Image.Image, "convert", warning)
    notes = folder(tmp_path, greys(BYTES)).examples().notes
    assert "12 pictures were read with a warning: cat/00.png: odd metadata, cat/01.png: odd metadata" in notes[0]


def test_what_a_c_library_prints_of_a_damaged_file_stays_off_the_terminal(tmp_path, capfd):
    source = folder(tmp_path, greys(BYTES), ".tif")
    path = tmp_path / "dog" / "08.tif"
    Image.fromarray(BYTES[0]).save(path, compression="tiff_adobe_deflate")
    data = bytearray(path.read_bytes())
    data[10:20] = bytes(10)
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match=r"cannot read the picture .*dog/08.tif"):
        source.examples()
    assert capfd.readouterr().err == ""
