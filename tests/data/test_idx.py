import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from ablate.data.idx import read_idx
from ablate.errors import UserError


def test_reads_images_and_labels_packed_or_not(tmp_path, formats):
    images = np.random.default_rng(0).integers(256, size=(5, 3, 4)).astype(np.uint8)
    for name, data in (("plain", formats.idx(images)), ("packed.gz", gzip.compress(formats.idx(images)))):
        (tmp_path / name).write_bytes(data)
        np.testing.assert_array_equal(read_idx(tmp_path / name, dimensions=3), images)
    (tmp_path / "labels").write_bytes(formats.idx(np.arange(7)))
    np.testing.assert_array_equal(read_idx(tmp_path / "labels", dimensions=1), np.arange(7))


def broken(name, idx):
    whole = idx(np.zeros((4, 3, 3)))
    return {
        "wrong magic": b"\x00\x00\x08\x01" + whole[4:],
        "another type": b"\x00\x00\x0d\x03" + whole[4:],
        "nothing": b"",
        "header cut off": whole[:9],
        "pixels missing": whole[:-1],
        "pixels too many": whole + b"\x00",
        "gzip cut off": gzip.compress(np.random.default_rng(0).bytes(0) + whole)[:-9],
        "gzip damaged": gzip.compress(whole)[:10] + b"\xff" * 20,
        "a web page": b"<html>not found</html>",
    }[name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong magic", r"begins with 00 00 08 03, this one with 00 00 08 01"),
        ("another type", r"this one with 00 00 0d 03"),
        ("nothing", r"this one with nothing"),
        ("header cut off", r"promises 12 bytes and holds 5"),
        ("pixels missing", r"promises 36 bytes and holds 35"),
        ("pixels too many", r"goes on after what it promises"),
        ("gzip cut off", r"it is damaged or cut off"),
        ("gzip damaged", r"it is damaged or cut off"),
        ("a web page", r"this one with 3c 68 74 6d"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path, formats, name, message):
    path = tmp_path / "images"
    path.write_bytes(broken(name, formats.idx))
    with pytest.raises(UserError, match=message) as caught:
        read_idx(path, dimensions=3)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (2**31, r"promises 1,683,627,180,032 values, .* GB in memory, more than the 2 GB allowed"),
        (300_000, r"promises 235,200,000 bytes and holds 10"),
    ],
)
def test_a_header_that_promises_too_much_allocates_nothing(tmp_path, count, message):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(b"\x00\x00\x08\x03" + struct.pack(">3I", count, 28, 28) + bytes(10)))
    tracemalloc.start()
    with pytest.raises(UserError, match=message):
        read_idx(path, dimensions=3)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
