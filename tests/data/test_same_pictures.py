"""The same pictures, however they are stored, are the same data; and what was right before is the same as before."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ablate.data import ImageFolder, Npz

FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROUNDING = 1e-6
_folders = itertools.count()


def stored(tmp_path, pictures, suffix=".png", **saving):
    """A folder of the pictures, every second one a cat, the others dogs."""
    folder = tmp_path / f"folder{next(_folders)}"
    for n, picture in enumerate(pictures):
        (folder / ("cat", "dog")[n % 2]).mkdir(parents=True, exist_ok=True)
        picture.save(folder / ("cat", "dog")[n % 2] / f"{n:03}{suffix}", **saving)
    return ImageFolder(path=str(folder), blank="keep")


def in_order(examples):
    """The images of a folder from `stored` in the order they were given."""
    count = len(examples.images)
    order = np.argsort([*range(0, count, 2), *range(1, count, 2)])
    return examples.images[order]


def archived(tmp_path, images):
    path = tmp_path / f"{next(_folders)}.npz"
    np.savez(path, x=images, y=np.arange(len(images)) % 2)
    return Npz(path=str(path), blank="keep").examples()


def bytes_of(*inner):
    """A few pictures of bytes whose values span enough of the range for nothing to be odd."""
    return arrays(np.uint8, (4, *inner)).filter(lambda a: a.max() > 1 and int(a.max()) - int(a.min()) > 1)


def greys(pixels):
    return [Image.fromarray(each) for each in pixels]


def coloured(pixels):
    """The pictures as palettes of the greys that stand at their own index, which Pillow gives red, green and blue."""
    found = []
    for each in pixels:
        picture = Image.frombytes("P", each.shape[::-1], each.tobytes())
        picture.putpalette([value for value in range(256) for _ in range(3)])
        found.append(picture)
    return found


class TestGrey:
    @FEW
    @given(pixels=bytes_of(5, 4))
    def test_pictures_are_the_same_in_every_way_to_store_them(self, tmp_path, pixels):
        expected = np.float32(pixels[:, None]) / 255
        wide = pixels.astype(np.uint16) * 257
        deep = (pixels.astype(np.int64) * (2**31 - 1) // 255).astype(np.int32)
        folders = {
            "8-bit PNG": stored(tmp_path, greys(pixels)),
            "16-bit PNG": stored(tmp_path, greys(wide)),
            "8-bit TIFF": stored(tmp_path, greys(pixels), ".tif"),
            "16-bit TIFF": stored(tmp_path, greys(wide), ".tif"),
            "16-bit TIFF, packed": stored(tmp_path, greys(wide), ".tif", compression="tiff_deflate"),
            "32-bit TIFF": stored(tmp_path, greys(deep), ".tiff"),
            "float TIFF": stored(tmp_path, greys(np.float32(pixels) / np.float32(255)), ".tif"),
            "portable greymap": stored(tmp_path, greys(pixels), ".pgm"),
            "16-bit greymap": stored(tmp_path, greys(wide), ".pgm"),
            "grey with alpha": stored(tmp_path, [each.convert("LA") for each in greys(pixels)]),
        }
        for name, folder in folders.items():
            examples = folder.examples()
            np.testing.assert_allclose(in_order(examples), expected, atol=ROUNDING, err_msg=name)
        assert len({folder.examples().fingerprint for folder in folders.values()}) == 1
        colours = {
            "palette": stored(tmp_path, coloured(pixels)),
            "RGB": stored(tmp_path, [each.convert("RGB") for each in greys(pixels)]),
            "RGBA": stored(tmp_path, [each.convert("RGBA") for each in greys(pixels)]),
            "CMYK": stored(tmp_path, [each.convert("CMYK") for each in greys(pixels)], ".tif"),
            "BMP": stored(tmp_path, [each.convert("RGB") for each in greys(pixels)], ".bmp"),
        }
        for name, folder in colours.items():
            wanted = np.repeat(expected, 3, axis=1)
            np.testing.assert_allclose(in_order(folder.examples()), wanted, atol=ROUNDING, err_msg=name)
        assert len({folder.examples().fingerprint for folder in colours.values()}) == 1

    @FEW
    @given(pixels=bytes_of(5, 4))
    def test_arrays_are_the_same_in_every_type(self, tmp_path, pixels):
        kinds = {
            "uint8": pixels,
            "uint16 of bytes": pixels.astype(np.uint16),
            "uint16": pixels.astype(np.uint16) * 257,
            "int64": pixels.astype(np.int64),
            "big-endian": pixels.astype(">i4"),
            "float16": (pixels / 255).astype(np.float16),
            "float32": np.float32(pixels) / np.float32(255),
            "float32 by multiplying": pixels * np.float32(1 / 255),
            "float64": pixels / 255,
            "channels first": pixels[:, None],
            "channels last": pixels[..., None],
            "Fortran order": np.asfortranarray(pixels),
        }
        found = {name: archived(tmp_path, images) for name, images in kinds.items()}
        for name, examples in found.items():
            np.testing.assert_allclose(examples.images, pixels[:, None] / 255, atol=ROUNDING, err_msg=name)
        assert len({examples.fingerprint for examples in found.values()}) == 1

    @FEW
    @given(values=arrays(np.uint16, (4, 5, 4)))
    def test_sixteen_bits_keep_all_their_steps(self, tmp_path, values):
        assume(values.max() > 255 and int(values.max()) - int(values.min()) > 300)
        expected = np.float32(values[:, None] / 65535)
        for examples in (
            stored(tmp_path, greys(values)).examples(),
            stored(tmp_path, greys(values), ".tif").examples(),
        ):
            np.testing.assert_allclose(in_order(examples), expected, atol=ROUNDING)
        np.testing.assert_allclose(archived(tmp_path, values).images, expected, atol=ROUNDING)

    @FEW
    @given(values=arrays(np.float32, (4, 5, 4), elements=st.floats(0, 1, width=32)))
    def test_fractions_stay_as_they_are(self, tmp_path, values):
        assume(values.max() - values.min() > 0.01)
        np.testing.assert_allclose(archived(tmp_path, values).images[:, 0], values, atol=ROUNDING)
        np.testing.assert_allclose(in_order(stored(tmp_path, greys(values), ".tif").examples())[:, 0], values)

    @FEW
    @given(drawn=arrays(np.bool_, (4, 5, 4)))
    def test_black_and_white_is_the_same_as_truth_values_as_zero_and_one_and_as_bits(self, tmp_path, drawn):
        assume(drawn.any() and not drawn.all())
        as_one = drawn.astype(np.uint8)
        for images in (drawn, as_one, as_one * np.uint8(255), as_one.astype(np.int64), as_one.astype(np.float32)):
            np.testing.assert_array_equal(archived(tmp_path, images).images[:, 0], drawn)
        for pictures in (greys(as_one * np.uint8(255)), greys(as_one), greys(drawn)):
            np.testing.assert_array_equal(in_order(stored(tmp_path, pictures).examples())[:, 0], drawn)


class TestDeclaredRange:
    @FEW
    @given(pixels=bytes_of(5, 4), scale=st.floats(0.01, 1000), shift=st.floats(-500, 500))
    def test_any_range_is_the_same_data_once_it_is_declared(self, tmp_path, pixels, scale, shift):
        path = tmp_path / f"{next(_folders)}.npz"
        np.savez(path, x=pixels / 255 * scale + shift, y=np.arange(4) % 2)
        black, white = shift, max(shift + scale, float((pixels / 255 * scale + shift).max()))
        examples = Npz(path=str(path), black=black, white=white, blank="keep").examples()
        np.testing.assert_allclose(examples.images, pixels[:, None] / 255, atol=1e-5)


class TestColour:
    @FEW
    @given(pixels=bytes_of(5, 4, 3))
    def test_is_the_same_in_files_and_in_arrays_of_both_layouts(self, tmp_path, pixels):
        opaque = np.concatenate([pixels, np.full((4, 5, 4, 1), 255, np.uint8)], axis=-1)
        found = [
            stored(tmp_path, greys(pixels)).examples(),
            stored(tmp_path, greys(opaque)).examples(),
            stored(tmp_path, greys(pixels), ".webp", lossless=True).examples(),
            stored(tmp_path, greys(pixels), ".ppm").examples(),
        ]
        expected = pixels.transpose(0, 3, 1, 2) / 255
        for examples in found:
            np.testing.assert_allclose(in_order(examples), expected, atol=ROUNDING)
        for images in (pixels, pixels.transpose(0, 3, 1, 2), pixels / 255):
            np.testing.assert_allclose(archived(tmp_path, images).images, expected, atol=ROUNDING)

    @FEW
    @given(colour=bytes_of(5, 4, 3), alpha=bytes_of(5, 4, 1), level=st.sampled_from([0.0, 0.2, 1.0]))
    def test_transparency_is_laid_on_the_declared_background(self, tmp_path, colour, alpha, level):
        pictures = greys(np.concatenate([colour, alpha], axis=-1))
        folder = stored(tmp_path, pictures)
        examples = ImageFolder(path=folder.path, background=level, blank="keep").examples()
        share = alpha / 255
        expected = (colour / 255 * share + level * (1 - share)).transpose(0, 3, 1, 2)
        np.testing.assert_allclose(in_order(examples), expected, atol=0.5 / 255 + ROUNDING)


ORIENTATIONS = {
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: np.rot90,
}


class TestOrientation:
    @FEW
    @given(
        pixels=st.one_of(bytes_of(5, 4), bytes_of(5, 4, 3)),
        number=st.sampled_from(sorted(ORIENTATIONS)),
        suffix=st.sampled_from([".png", ".tif", ".webp"]),
    )
    def test_a_picture_that_says_how_it_is_turned_is_the_picture_turned(self, tmp_path, pixels, number, suffix):
        if suffix == ".webp" and pixels.ndim == 3:
            pixels = np.repeat(pixels[..., None], 3, axis=-1)
        exif = Image.Exif()
        exif[0x0112] = number
        saving = {"lossless": True} if suffix == ".webp" else {}
        said = stored(tmp_path, greys(pixels), suffix, exif=exif, **saving).examples()
        turned = [Image.fromarray(np.ascontiguousarray(ORIENTATIONS[number](each))) for each in pixels]
        expected = stored(tmp_path, turned, suffix, **saving).examples()
        np.testing.assert_array_equal(said.images, expected.images)
        assert said.fingerprint == expected.fingerprint

    def test_a_jpeg_of_a_camera_is_turned_upright_and_that_is_told(self, tmp_path):
        pixels = np.zeros((4, 16, 24), np.uint8)
        pixels[:, :8, :8] = np.array([255, 200, 150, 100])[:, None, None]
        exif = Image.Exif()
        exif[0x0112] = 6
        examples = stored(tmp_path, greys(pixels), ".jpg", exif=exif, quality=95).examples()
        expected = np.rot90(pixels, -1, axes=(1, 2))
        np.testing.assert_allclose(in_order(examples)[:, 0] * 255, expected, atol=12)
        assert "4 of 4 pictures are turned upright" in examples.notes[0]


GREY = (np.arange(40 * 6 * 5) * 97 % 256).reshape(40, 6, 5).astype(np.uint8)
COLOUR = (np.arange(40 * 6 * 5 * 3) * 89 % 256).reshape(40, 6, 5, 3).astype(np.uint8)


class TestFingerprintsThatRunsWereStoredWith:
    """Of data that were read rightly from the first version on: their runs must be found again."""

    @pytest.mark.parametrize(
        "images", [GREY, GREY.astype(int), GREY / 255, np.float32(GREY / 255), np.float16(GREY / 255)]
    )
    def test_grey_arrays(self, tmp_path, images):
        known = "49a8fb82b50a63d62418a58e788ee03b6f1ea304013c8ea60bb9421cd23ab242"
        assert archived(tmp_path, images).fingerprint == known

    @pytest.mark.parametrize("images", [COLOUR, COLOUR.transpose(0, 3, 1, 2)])
    def test_colour_arrays(self, tmp_path, images):
        known = "3773fdcdb98e7029ea20ba1603ecd700fb5e2587d97f9490acdb0adf9fc16e60"
        assert archived(tmp_path, images).fingerprint == known

    @pytest.mark.parametrize(
        ("pictures", "known"),
        [
            (greys(GREY), "9135a056c6b5d95a7a472bb59f80b77be6824688f43f2b005fb7a104686c787a"),
            (
                [each.convert("LA") for each in greys(GREY)],
                "9135a056c6b5d95a7a472bb59f80b77be6824688f43f2b005fb7a104686c787a",
            ),
            (greys(COLOUR), "1b52a61e33f0481b553400869828835dd1af3bae48013fb04f7a840bbc537002"),
            (
                [each.convert("RGBA") for each in greys(COLOUR)],
                "1b52a61e33f0481b553400869828835dd1af3bae48013fb04f7a840bbc537002",
            ),
            (
                [each.convert("1", dither=Image.Dither.NONE) for each in greys(GREY)],
                "7a7e928efd6949112c5ac6693e56f9266cae212bc9d7876a06e8c9584d9831dd",
            ),
        ],
    )
    def test_folders(self, tmp_path, pictures, known):
        folder = tmp_path / "folder"
        for n, picture in enumerate(pictures):
            (folder / ("cat", "dog")[n // 20]).mkdir(parents=True, exist_ok=True)
            picture.save(folder / ("cat", "dog")[n // 20] / f"{n:02}.png")
        assert ImageFolder(path=str(folder)).examples().fingerprint == known
