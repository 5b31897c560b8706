"""Published datasets, served by a local HTTP server, and splits of them."""

import gzip
from itertools import pairwise

import numpy as np
import pytest

from ablate.data import Cifar10, Cifar100, FashionMnist, Kmnist, Mnist
from ablate.data.fetch import Remote, cache_folder
from ablate.errors import Failure, UserError
from ablate.identity import describe
from ablate.streams import stream

IDX = [Mnist, FashionMnist, Kmnist]


@pytest.fixture
def published(tmp_path, cache, formats, monkeypatch):
    """Publish small files of a dataset on a server; yields a function that does, and what was asked for."""
    site = tmp_path / "site"
    with formats.serving(site) as (address, asked):
        monkeypatch.setenv("ABLATE_DATA_URL", address + "/")

        def publish(cls, files, *, sha256=None):
            folder = site / cls.name
            folder.mkdir(parents=True, exist_ok=True)
            remotes = []
            for name, data in files.items():
                (folder / name).write_bytes(data)
                remotes.append(Remote(name, "http://nowhere.invalid/", (sha256 or {}).get(name, formats.sha256(data))))
            if hasattr(cls, "files"):
                by_name = {remote.name: remote for remote in remotes}
                monkeypatch.setattr(cls, "files", tuple(by_name[file.name] for file in cls.files))
            else:
                monkeypatch.setattr(cls, "file", remotes[0])

        yield publish, asked


def cifar(cls, formats, train=50, test=20):
    """An archive of the true layout: bytes, and the records in it."""
    count = train // len(cls.train_files)
    parts = {
        name: formats.cifar_records(count, cls.label_bytes, cls.classes, seed=n)
        for n, name in enumerate(cls.train_files)
    }
    parts[cls.test_file] = formats.cifar_records(test, cls.label_bytes, cls.classes, seed=99)
    return formats.tarred({f"{cls.inner}/{name}": part.tobytes() for name, part in parts.items()}), parts


@pytest.mark.parametrize("cls", IDX)
def test_idx_datasets_hold_the_training_images_then_the_test_images(cls, published, formats):
    files, (train, train_labels, test, test_labels) = formats.mnist_files(seed=IDX.index(cls))
    published[0](cls, files)
    examples = cls().examples()
    np.testing.assert_allclose(examples.images[:, 0] * 255, np.concatenate([train, test]), atol=1e-4)
    np.testing.assert_array_equal(examples.labels, np.concatenate([train_labels, test_labels]))
    assert cls().test_count() == 40
    assert examples.images.max() <= 1.0


def test_the_same_is_read_from_a_folder_packed_or_unpacked_with_the_same_fingerprint(published, formats, tmp_path):
    files, _ = formats.mnist_files()
    published[0](Mnist, files)
    for name, data in files.items():
        for kind in ("packed", "unpacked"):
            (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / "packed" / name).write_bytes(data)
        (tmp_path / "unpacked" / name.removesuffix(".gz")).write_bytes(gzip.decompress(data))
    sources = [Mnist(), Mnist(folder=str(tmp_path / "packed")), Mnist(folder=str(tmp_path / "unpacked"))]
    assert len({source.examples().fingerprint for source in sources}) == 1
    other, _ = formats.mnist_files(seed=5)
    (tmp_path / "unpacked" / "t10k-images-idx3-ubyte").write_bytes(gzip.decompress(other["t10k-images-idx3-ubyte.gz"]))
    assert sources[2].examples().fingerprint != sources[0].examples().fingerprint


def test_files_are_downloaded_once_and_read_once(published, formats):
    publish, asked = published
    publish(Mnist, formats.mnist_files()[0])
    assert Mnist().examples() is Mnist(train_size=20).examples()
    assert len(asked) == 4


def test_what_is_not_in_the_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"holds neither train-images-idx3-ubyte.gz nor train-images-idx3-ubyte$"):
        Mnist(folder=str(tmp_path)).examples()
    with pytest.raises(UserError, match=r"holds neither cifar-10-binary.tar.gz nor test_batch.bin"):
        Cifar10(folder=str(tmp_path)).examples()


def test_a_wrong_hash_keeps_nothing(published, formats, cache):
    files, _ = formats.mnist_files()
    published[0](Mnist, files, sha256={"train-labels-idx1-ubyte.gz": "0" * 64})
    with pytest.raises(Failure, match=r"is not train-labels-idx1-ubyte.gz: its SHA-256 is not the known 000000000000…"):
        Mnist().examples()
    assert [path.name for path in (cache / "mnist").iterdir()] == ["train-images-idx3-ubyte.gz"]


def test_a_file_damaged_in_the_cache_is_replaced(published, formats, cache):
    publish, asked = published
    publish(Mnist, formats.mnist_files()[0])
    damaged = cache_folder("mnist") / "train-labels-idx1-ubyte.gz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"half a download")
    damaged.with_name(f"{damaged.name}.other1").write_bytes(b"somebody's")
    assert len(Mnist().examples().labels) == 160
    assert len(asked) == 4
    # It may be somebody's own: it is put aside, not removed.
    assert damaged.with_name(f"{damaged.name}.other1").read_bytes() == b"somebody's"
    assert damaged.with_name(f"{damaged.name}.other2").read_bytes() == b"half a download"


def test_without_a_network_the_error_says_what_to_do(published, formats, cache, monkeypatch):
    published[0](Mnist, formats.mnist_files()[0])
    monkeypatch.setenv("ABLATE_DATA_URL", "http://127.0.0.1:9/")
    with pytest.raises(
        Failure, match=r"cannot download http://127.0.0.1:9/mnist/train-images.*dataset.folder=…"
    ) as caught:
        Mnist().examples()
    assert "\n" not in str(caught.value)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_missing_page_is_an_error(published, formats, tmp_path):
    published[0](Mnist, formats.mnist_files()[0])
    (tmp_path / "site" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(Failure, match="404"):
        Mnist().examples()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train-labels-idx1-ubyte.gz", lambda a: a[:-1], r"120 images and 119 labels: one label per image"),
        ("t10k-labels-idx1-ubyte.gz", lambda a: a + 5, r"holds the label 14: labels of 10 classes go from 0 to 9"),
        ("train-images-idx3-ubyte.gz", lambda a: a[:0], r"0 images and 120 labels"),
    ],
)
def test_parts_that_do_not_fit_are_refused(published, formats, name, change, message):
    files, arrays = formats.mnist_files()
    changed = dict(zip(files, arrays, strict=True))[name]
    files[name] = gzip.compress(formats.idx(change(changed)))
    published[0](Mnist, files)
    with pytest.raises(UserError, match=message):
        Mnist().examples()


class TestSplit:
    def test_the_published_test_part_is_the_test_part_and_a_tenth_of_the_rest_validates(self, published, formats):
        published[0](Mnist, formats.mnist_files(train=600, test=40)[0])
        one, two = (Mnist(train_size=100).split(stream(seed, "split")) for seed in (0, 1))
        for split in (one, two):
            np.testing.assert_array_equal(split.test, np.arange(600, 640))
            assert len(split.validation) == 60
            assert not set(split.train) & {*split.validation, *split.test}
        np.testing.assert_array_equal(one.validation, two.validation)
        assert set(one.train) != set(two.train)
        assert len(Mnist().split(stream(0, "split")).train) == 540

    def test_smaller_training_sets_are_part_of_larger_ones(self, published, formats):
        published[0](Mnist, formats.mnist_files(train=600)[0])
        sets = [set(Mnist(train_size=size).split(stream(0, "split")).train) for size in (50, 100, 200, 400)]
        assert all(small <= large for small, large in pairwise(sets))

    def test_more_than_there_is_is_refused(self, published, formats):
        published[0](Mnist, formats.mnist_files()[0])
        with pytest.raises(UserError, match=r"`dataset.train_size` must be at most 108 .*got 109"):
            Mnist(train_size=109).split(stream(0, "split"))


class TestOddImages:
    """Files of one's own in the published formats can hold anything."""

    def test_zero_and_one_are_black_and_white(self, published, formats):
        files, (train, _, test, _) = formats.mnist_files()
        for name, images in (("train", train), ("t10k", test)):
            files[f"{name}-images-idx3-ubyte.gz"] = gzip.compress(formats.idx(images // 128))
        published[0](Mnist, files)
        examples = Mnist().examples()
        np.testing.assert_array_equal(examples.images[:, 0], np.concatenate([train, test]) // 128)
        assert examples.notes == ("mnist: all values are 0 or 1: taken as black and white",)

    def test_little_contrast_is_told_and_no_setting_is_named_that_there_is_not(self, published, formats):
        files, (train, _, test, _) = formats.mnist_files()
        for name, images in (("train", train), ("t10k", test)):
            files[f"{name}-images-idx3-ubyte.gz"] = gzip.compress(formats.idx(images // 16))
        published[0](Mnist, files)
        told = "mnist: values go from 0 to 15, 6% of what is between black and white (0 and 255)"
        assert Mnist().examples().notes == (told,)

    def test_blank_images_are_refused(self, published, formats):
        files, (train, *_) = formats.mnist_files()
        train[:40] = 0
        files["train-images-idx3-ubyte.gz"] = gzip.compress(formats.idx(train))
        published[0](Mnist, files)
        with pytest.raises(
            UserError, match=r"40 of 160 pictures show one value throughout \(image 0, image 1, .*in them$"
        ):
            Mnist().examples()

    def test_images_without_pixels_are_refused(self, published, formats):
        files, (train, _, test, _) = formats.mnist_files()
        for name, images in (("train", train), ("t10k", test)):
            files[f"{name}-images-idx3-ubyte.gz"] = gzip.compress(formats.idx(images[:, :, :0]))
        published[0](Mnist, files)
        with pytest.raises(UserError, match=r"images without pixels"):
            Mnist().examples()

    @pytest.mark.parametrize("cls", [Mnist, Cifar10])
    @pytest.mark.parametrize("folder", ["~no-such-user", "a\0b", "x" * 5000])
    def test_a_folder_that_is_no_path_is_one_clear_error(self, cls, folder):
        with pytest.raises(UserError, match=r"dataset.folder (cannot be a path|cannot be looked at)"):
            cls(folder=folder).examples()

    def test_an_archive_is_not_unpacked_beyond_the_limit_whatever_lies_in_it(self, published, formats, monkeypatch):
        monkeypatch.setenv("ABLATE_DATA_GB", "0.01")
        published[0](Cifar10, {Cifar10.file.name: formats.tarred({"x/rubbish": bytes(4_000_000)})})
        with pytest.raises(UserError, match=r"promises 4,000,000 values, 0.016 GB in memory, more than the 0.01 GB"):
            Cifar10().examples()


class TestCifar:
    @pytest.mark.parametrize("cls", [Cifar10, Cifar100])
    def test_holds_the_records_of_the_archive_with_the_fine_labels(self, cls, published, formats):
        archive, parts = cifar(cls, formats)
        published[0](cls, {cls.file.name: archive})
        examples, records = cls().examples(), np.concatenate(list(parts.values()))
        np.testing.assert_array_equal(examples.labels, records[:, cls.label_bytes - 1])
        pixels = records[:, cls.label_bytes :].reshape(-1, 3, 32, 32)
        np.testing.assert_allclose(examples.images * 255, pixels, atol=1e-4)
        assert cls().test_count() == 20
        assert len(cls().split(stream(0, "split")).validation) == 5

    def test_is_read_from_an_unpacked_folder(self, published, formats, tmp_path):
        archive, parts = cifar(Cifar10, formats)
        published[0](Cifar10, {Cifar10.file.name: archive})
        folder = tmp_path / "mine" / Cifar10.inner
        folder.mkdir(parents=True)
        for name, part in parts.items():
            (folder / name).write_bytes(part.tobytes())
        expected = Cifar10().examples().fingerprint
        assert Cifar10(folder=str(tmp_path / "mine")).examples().fingerprint == expected
        assert Cifar10(folder=str(folder)).examples().fingerprint == expected

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda data: data[: len(data) // 2], r"damaged or cut off|damaged, cut off"),
            (lambda data: gzip.compress(b"no tar archive" * 100), r"damaged, cut off or not a tar archive"),
            (lambda data: b"no gzip either", r"damaged, cut off or not a tar archive"),
        ],
    )
    def test_a_damaged_archive_is_one_clear_error(self, published, formats, damage, message):
        archive, _ = cifar(Cifar10, formats)
        published[0](Cifar10, {Cifar10.file.name: damage(archive)})
        with pytest.raises(UserError, match=message):
            Cifar10().examples()

    def test_missing_batches_and_broken_records_are_refused(self, published, formats):
        records = formats.cifar_records(5, 1, 10).tobytes()
        published[0](Cifar10, {Cifar10.file.name: formats.tarred({"x/data_batch_1.bin": records})})
        with pytest.raises(UserError, match=r"does not hold data_batch_2.bin, .*test_batch.bin"):
            Cifar10().examples()
        names = (*Cifar10.train_files, Cifar10.test_file)
        published[0](Cifar10, {Cifar10.file.name: formats.tarred(dict.fromkeys(names, records[:-1]))})
        with pytest.raises(
            UserError, match=r"data_batch_1.bin: it holds 15,364 bytes, which is not a multiple of 3073"
        ):
            Cifar10().examples()


def test_where_the_files_lie_is_no_part_of_the_identity():
    assert describe(Mnist(folder="/here")) == describe(Mnist(folder="/there")) == {"name": "mnist", "train_size": None}
    assert describe(Mnist()) != describe(Kmnist())


@pytest.mark.parametrize("cls", [Mnist, FashionMnist, Kmnist, Cifar10, Cifar100])
def test_every_published_file_has_an_address_and_a_sha256(cls):
    for remote in getattr(cls, "files", None) or [cls.file]:
        assert remote.url.startswith(("http://", "https://"))
        assert remote.url.endswith(remote.name)
        assert len(remote.sha256) == 64
        int(remote.sha256, 16)
