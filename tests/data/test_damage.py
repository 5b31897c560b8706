"""Whatever is done to a data file: it is read, or there is one clear error."""

import gzip
import io
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ablate.data import Cifar10, ImageFolder, Mnist, Npz
from ablate.data.npy import read_npy
from ablate.errors import UserError

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIXELS = np.random.default_rng(0).integers(256, size=(12, 8, 7)).astype(np.uint8)
LABELS = np.arange(12) % 2


@st.composite
def damaged(draw, originals):
    """One of the originals, changed, cut, or put together wrongly in a few places."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.one_of(st.integers(0, max(len(data) - 1, 0)), st.integers(0, min(len(data), 120))))
        what = draw(st.sampled_from(["set", "cut", "insert", "delete", "huge"]))
        if what == "set":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif what == "cut":
            del data[at:]
        elif what == "insert":
            data[at:at] = draw(st.binary(max_size=8))
        elif what == "delete":
            del data[at : at + draw(st.integers(1, 40))]
        else:
            data[at : at + 4] = draw(st.sampled_from([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"]))
    return bytes(data)


def error_of(read):
    """The text of the one error that is allowed; nothing where there is none."""
    try:
        read()
    except UserError as error:
        return str(error)
    return ""


def reads_or_says_why(source):
    said = error_of(source.examples)
    assert "\n" not in said
    assert len(said) < 900


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def picture(image, kind, **saving):
    stream = io.BytesIO()
    image.save(stream, kind, **saving)
    return stream.getvalue()


def all_pictures():
    grey = Image.fromarray(PIXELS[0])
    colour = Image.merge("RGB", [Image.fromarray(each) for each in PIXELS[:3]])
    clear = colour.copy()
    clear.putalpha(grey)
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(PIXELS[0].astype(np.uint16) * 257)
    found = [picture(each, "PNG", exif=exif) for each in (grey, colour, clear, grey.convert("P"), deep)]
    found += [picture(each, "JPEG", exif=exif) for each in (grey, colour, colour.convert("CMYK"))]
    found += [picture(each, "TIFF", compression=how) for each in (grey, clear, deep) for how in (None, "tiff_lzw")]
    found += [picture(colour, kind) for kind in ("BMP", "GIF", "PPM", "WEBP")]
    return [*found, b"P2 7 8 300 " + b" ".join(b"%d" % n for n in range(56))]


ARCHIVES = [npz(x=PIXELS, y=LABELS), npz(x_train=PIXELS / 255, y_train=LABELS[:, None], x_test=PIXELS, y_test=LABELS)]


@MANY
@given(data=damaged(ARCHIVES))
def test_an_archive(tmp_path, data):
    (tmp_path / "data.npz").write_bytes(data)
    reads_or_says_why(Npz(path=str(tmp_path / "data.npz")))


@MANY
@given(data=damaged(all_pictures()))
def test_a_picture(tmp_path, data):
    for n, each in enumerate(PIXELS):
        path = tmp_path / ("cat", "dog")[n % 2] / f"{n:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(each).save(path)
    (tmp_path / "cat" / "00.png").write_bytes(data)
    reads_or_says_why(ImageFolder(path=str(tmp_path)))


@MANY
@given(data=st.data())
def test_a_file_of_mnist(tmp_path, formats, data):
    files, _ = formats.mnist_files()
    name = data.draw(st.sampled_from(sorted(files)))
    changed = data.draw(damaged([files[name], gzip.decompress(files[name])]))
    for each, content in files.items():
        (tmp_path / each).write_bytes(changed if each == name else content)
    reads_or_says_why(Mnist(folder=str(tmp_path)))


@MANY
@given(data=st.data())
def test_the_archive_of_cifar(tmp_path, formats, data):
    names = (*Cifar10.train_files, Cifar10.test_file)
    whole = formats.tarred(
        {f"x/{each}": formats.cifar_records(4, 1, 10, seed=n).tobytes() for n, each in enumerate(names)}
    )
    changed = data.draw(damaged([whole, gzip.decompress(whole)]))
    (tmp_path / Cifar10.file.name).write_bytes(changed)
    reads_or_says_why(Cifar10(folder=str(tmp_path)))


WORDS = [
    "'descr'", "'fortran_order'", "'shape'", "{", "}", "(", ")", ",", ":", "[" * 300, "'<f4'", "'|O'", "True", "None",
    "-1", "8", "9" * 30, "0x" + "f" * 5000, "1e999", "b'x'", "1 if 1 else 2", "1j", "\0", "\n", "'\\d'", "*",
]  # fmt: skip


class TestHeaders:
    @settings(max_examples=300, deadline=None)
    @given(
        header=st.one_of(
            st.lists(st.sampled_from(WORDS), max_size=20).map("".join),
            st.fixed_dictionaries(
                {
                    "descr": st.sampled_from(["<f4", "|u1", "|O", "<U3", "<c8", "|V4", "<U0", 3, None, [("a", "<f4")]]),
                    "fortran_order": st.sampled_from([True, False, 1, None]),
                    "shape": st.one_of(
                        st.lists(st.integers(-1, 10**40), max_size=12).map(tuple), st.just([3]), st.just(("a",))
                    ),
                }
            ).map(repr),
        ).map(str.encode),
        version=st.sampled_from([b"\1\0", b"\2\0", b"\3\0", b"\0\0", b"\x09\x09"]),
        length=st.none() | st.binary(min_size=4, max_size=4),
    )
    def test_any_header_is_read_or_refused_in_one_line(self, header, version, length):
        size = length or len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stream = io.BytesIO(b"\x93NUMPY" + version + size + header + bytes(40))
            said = error_of(lambda: read_npy(stream, what="w"))
        assert said.startswith("cannot read w: ") or not said
        assert "\n" not in said
        assert len(said) < 400

    @pytest.mark.parametrize(
        ("member", "message"),
        [
            (b"\x93NUMPY\1\0\xff\xff", r"it promises 65,535 bytes and holds 0|header is 65,535 bytes long"),
            (b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(50), r"its header is 4,294,967,295 bytes long, more than 10,000"),
            (b"\x93NUMPY\1\0\x05\x00{'a':", r"its header is damaged"),
            (b"no array", r"does not begin like an array of NumPy's format"),
            (b"", r"does not begin like an array"),
        ],
    )
    def test_a_member_that_is_no_array_is_named(self, tmp_path, member, message):
        with zipfile.ZipFile(tmp_path / "data.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", member)
            archive.writestr("y.npy", member)
        with pytest.raises(UserError, match=rf"data.npz: x: .*({message})"):
            Npz(path=str(tmp_path / "data.npz")).examples()

    def test_an_array_that_stands_there_twice_is_refused(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(2):
                archive.writestr("x.npy", b"")
        with pytest.raises(UserError, match=r"holds an array twice: x.npy"):
            Npz(path=str(tmp_path / "data.npz")).examples()

    def test_a_bomb_is_not_unpacked(self, tmp_path):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 31, 31)})
        with zipfile.ZipFile(tmp_path / "data.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("x.npy", "w") as member:
                member.write(header.getvalue())
                for _ in range(20):
                    member.write(bytes(1 << 20))
            archive.writestr("y.npy", b"")
        with pytest.raises(UserError, match=r"961,000,000 values, 3.84 GB in memory, more than the 2 GB allowed"):
            Npz(path=str(tmp_path / "data.npz")).examples()

    def test_parts_are_counted_together(self, tmp_path, monkeypatch):
        (tmp_path / "data.npz").write_bytes(npz(x_train=PIXELS, y_train=LABELS, x_test=PIXELS, y_test=LABELS))
        monkeypatch.setenv("ABLATE_DATA_GB", "4e-6")
        with pytest.raises(UserError, match=r"data.npz: it promises 1,344 values"):
            Npz(path=str(tmp_path / "data.npz")).examples()
