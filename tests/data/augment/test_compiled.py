"""Compiling once for all processes, wherever the compiled code can be stored."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import types
from numba.core import caching

from ablate.data.augment.compiled import compiled
from ablate.data.augment.kernels import way_squared

VECTOR = types.float64[::1]
ROOT = Path(__file__).parents[3]


def double(values):
    for i in range(values.size):
        values[i] *= 2


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Where compiled code is stored during a test."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def doubles(function):
    values = np.arange(3.0)
    function(values)
    return values.tolist() == [0.0, 2.0, 4.0]


def test_what_one_process_compiled_the_next_one_loads(folder):
    first, second = compiled(double, VECTOR), compiled(double, VECTOR)
    assert sum(first.stats.cache_misses.values()) == 1
    assert sum(second.stats.cache_hits.values()) == 1
    assert doubles(first)
    assert doubles(second)


def test_arguments_of_other_types_are_refused_instead_of_compiled_for(folder):
    with pytest.raises(TypeError, match="No matching definition"):
        compiled(double, VECTOR)(np.arange(3))


def test_where_nothing_can_be_stored_each_process_compiles_for_itself(folder, monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    function = compiled(double, VECTOR)
    assert function.stats.cache_path is None
    assert doubles(function)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95"])
def test_damaged_files_do_not_stop_a_run(folder, ending, content):
    compiled(double, VECTOR)
    (file,) = folder.rglob(f"*.{ending}")
    file.write_bytes(content)
    assert doubles(compiled(double, VECTOR))


def test_a_full_disk_does_not_stop_a_run(folder, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    assert doubles(compiled(double, VECTOR))


def test_processes_that_start_at_once_for_other_dtypes_each_get_theirs(tmp_path):
    (tmp_path / "loop.py").write_text(
        "import sys, time, pathlib, numpy as np\n"
        "from numba import from_dtype\n"
        "from ablate.data.augment.compiled import compiled\n"
        "def double(values):\n    for i in range(values.size):\n        values[i] *= 2\n"
        "while not pathlib.Path('go').exists():\n    time.sleep(0.001)\n"
        "values = np.arange(3, dtype=sys.argv[1])\n"
        "function = compiled(double, from_dtype(values.dtype)[::1])\n"
        "function(values)\n"
        "print(*values, sum(function.stats.cache_misses.values()))\n"
    )
    dtypes = ["float32", "float64", "int64", "float64"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "stored")}
    at_once = [
        subprocess.Popen(
            [sys.executable, "loop.py", dtype], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
        )
        for dtype in dtypes
    ]
    (tmp_path / "go").touch()
    said = [process.communicate(timeout=120)[0].split() for process in at_once]
    for dtype, (*values, _) in zip(dtypes, said, strict=True):
        assert values == [str(value) for value in 2 * np.arange(3, dtype=dtype)]
    assert sum(int(missed) for *_, missed in said) == 3  # the second of float64 loaded what the first one compiled


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("most", [0, 2, 50])
def test_the_way_of_a_shift_is_measured_as_numpy_does(dtype, most):
    rng = np.random.default_rng(0)
    images, moves = rng.random((30, 2, 7, 5)).astype(dtype), rng.integers(-most, most + 1, (30, 2))
    way, found = np.zeros(images.shape), np.empty(30, np.float32)
    for n, (down, right) in enumerate(moves):
        for y in range(7):
            for x in range(5):
                inside = 0 <= y - down < 7 and 0 <= x - right < 5
                way[n, :, y, x] = (images[n, :, y - down, x - right] if inside else 0.0) - images[n, :, y, x]
    way_squared(images.dtype)(images, moves, found)
    np.testing.assert_allclose(found, (way**2).sum(axis=(1, 2, 3)), rtol=1e-6)


def test_numba_is_imported_by_the_first_image_that_is_resampled():
    code = (
        "import sys, numpy as np\nfrom ablate.data.augment import Cutout, Elastic, Noise, Shift\n"
        "from ablate.streams import streams\n"
        "images, labels = np.ones((1, 2, 1, 4, 4)), np.zeros((1, 2), int)\n"
        "for augment in (Cutout(), Noise(), Shift(), Elastic()):\n"
        "    print('numba' in sys.modules)\n"
        "    augment(images, labels, streams([0], 'augment'))\n"
        "print('numba' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["False"] * 4 + ["True"]
