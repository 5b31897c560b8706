"""Downloads data files once, checks what came, and keeps them in a cache folder."""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from ablate.data.paths import given_path, is_there, printable_line
from ablate.errors import Failure, UserError
from ablate.resources import file_stamp

CACHE = "ABLATE_DATA"
"""Environment variable: the cache folder; else the one the operating system has for it."""

MIRROR = "ABLATE_DATA_URL"
"""Environment variable: where to download from instead; files lie at ``MIRROR/dataset/name``."""


@dataclass(frozen=True)
class Remote:
    """A file somebody publishes.

    Attributes
    ----------
    sha256
        Of the file as it is downloaded, 64 hexadecimal digits.
    """

    name: str
    url: str
    sha256: str


def cache_folder(dataset: str) -> Path:
    """Return where a dataset's downloaded files are kept."""
    import pooch

    chosen = os.environ.get(CACHE)
    return (Path(chosen) if chosen else Path(pooch.os_cache("ablate"))) / dataset


def fetch_file(file: Remote, *, dataset: str) -> Path:
    """Return the path of a downloaded file, downloading it where it is missing or damaged.

    A file is moved into the cache only when its SHA-256 is right. Another one found there under its name was damaged,
    or is somebody's: it is put aside under a name of its own.

    Raises
    ------
    Failure
        It cannot be downloaded, or what comes is something else.
    """
    import pooch
    import requests

    mirror = os.environ.get(MIRROR)
    url = f"{mirror.rstrip('/')}/{dataset}/{file.name}" if mirror else file.url
    path = cache_folder(dataset) / file.name
    if path.is_file():
        if _sha256(path, file_stamp(path)) == file.sha256:
            return path
        path.rename(_free(path))
    log = pooch.get_logger()
    level = log.level
    log.setLevel(logging.WARNING if mirror else logging.INFO)
    try:
        pooch.retrieve(url, f"sha256:{file.sha256}", fname=file.name, path=path.parent)
    except ValueError as error:  # what pooch raises for a wrong hash
        if "hash" not in str(error).lower():
            raise Failure(f"cannot download {url}: {error}") from error
        raise Failure(
            f"what {url} sent is not {file.name}: its SHA-256 is not the known {file.sha256[:12]}…; nothing was kept"
        ) from error
    except (requests.RequestException, OSError) as error:
        reason = printable_line(error)
        raise Failure(
            f"cannot download {url} ({reason}): give a folder that holds {file.name} as dataset.folder=…, "
            f"or another address as {MIRROR}"
        ) from error
    finally:
        log.setLevel(level)
    return path


def _free(path: Path) -> Path:
    """Return a name beside a file that nothing has."""
    names = (path.with_name(f"{path.name}.other{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())


@functools.lru_cache(maxsize=16)
def _sha256(path: Path, stamp: tuple[int, ...]) -> str:  # noqa: ARG001
    """Return the SHA-256 of a file's bytes, in hexadecimal; read once while the file stays as it is."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def located(file: Remote, *, dataset: str, folder: str | None) -> Path:
    """Return a file in the folder the user names (packed or unpacked), or the downloaded one.

    Files in the user's own folder are not held against the known SHA-256: what they hold goes into the data's
    fingerprint.

    Raises
    ------
    UserError
        The folder does not hold it.
    Failure
        It cannot be downloaded.
    """
    if folder is None:
        return fetch_file(file, dataset=dataset)
    names = (file.name, file.name.removesuffix(".gz"))
    for name in names:
        if is_there(path := given_path(folder, name="folder") / name, Path.is_file, name="folder"):
            return path
    raise UserError(f"the folder {folder} (dataset.folder) holds neither {' nor '.join(names)}")
