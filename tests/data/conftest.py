"""Small files in the true formats, and a server for them on this machine."""

import functools
import gzip
import hashlib
import http.server
import io
import struct
import tarfile
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest


def idx(array):
    """An IDX file of unsigned bytes."""
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


def mnist_files(train=120, test=40, side=6, seed=0):
    """The four files of MNIST, small: name -> bytes, and the arrays in them."""
    rng = np.random.default_rng(seed)
    arrays, files = [], {}
    for part, count in (("train", train), ("t10k", test)):
        images, labels = rng.integers(256, size=(count, side, side)), np.arange(count) % 10
        arrays += [images.astype(np.uint8), labels]
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(images))
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    return files, arrays


def cifar_records(count, label_bytes, classes, seed=0):
    """Records of CIFAR's binary version."""
    rng = np.random.default_rng(seed)
    records = rng.integers(256, size=(count, label_bytes + 3072), dtype=np.uint8)
    records[:, label_bytes - 1] = np.arange(count) % classes
    return records


def tarred(files):
    """A gzipped tar archive of name -> bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def serving(folder):
    """Serve a folder on 127.0.0.1; yields its address and the paths that were asked for."""
    asked = []

    class Handler(_Quiet):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def formats():
    """What writes files in the true formats, and `serving`."""
    return SimpleNamespace(
        idx=idx, mnist_files=mnist_files, cifar_records=cifar_records, tarred=tarred, sha256=sha256, serving=serving
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder of the test's own."""
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"
