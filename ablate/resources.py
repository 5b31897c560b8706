"""Where the visible files are: `conf/` and `studies/`, in a checkout and in an installed package; and the runs."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _find(folder: str) -> Path:
    # A wheel carries both folders inside the package; a checkout (or an editable install) has them beside it.
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


def conf_folder() -> Path:
    """Return the folder of Hydra options."""
    return _find("conf")


def own_conf_folder() -> Path | None:
    """Return the folder of the user's own Hydra options: `conf/` of the current folder, where it is not ours.

    That of a checkout of ablate belongs to the package in the checkout, also where another one is installed and run.
    """
    folder = Path.cwd() / "conf"
    checkout = (Path.cwd() / "ablate" / "resources.py").is_file()
    return folder if folder.is_dir() and not checkout and folder.resolve() != conf_folder().resolve() else None


def study_folders() -> list[Path]:
    """Return the folders that study files are looked for in: the user's own `studies/` first, then ours."""
    folder, ours = Path.cwd() / "studies", _find("studies")
    return [folder, ours] if folder.is_dir() and folder.resolve() != ours.resolve() else [ours]


def findings_folder() -> Path:
    """Return where findings are kept: `studies/findings/` of the current folder, or of a checkout of ours.

    A study of one's own may have the name of one of ours: beside studies of one's own no findings of ours are looked
    at. Nothing is ever written into an installed package.
    """
    folder = study_folders()[0]
    return (Path.cwd() / "studies" if _PACKAGE in folder.parents else folder) / "findings"


def sentences_file() -> Path:
    """Return the file of the sentences of the notes, the user's own before ours."""
    files = [folder / "notes" / "sentences.yaml" for folder in study_folders()]
    return next((path for path in files if path.is_file()), files[0])


def package_folder() -> Path:
    """Return the folder of this package's code."""
    return _PACKAGE


def plain_file(path: Path) -> Path:
    """Return the path of a file that is found beside others, a run's or a log's, and not named by the user.

    Raises
    ------
    OSError
        It is a pipe or a device: to read it would wait for ever, or never end.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is not a plain file, but a pipe or a device", str(path))
    return path


_SECOND = 10**9  # nanoseconds


def file_stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file or a folder does: which file lies there, its size, when it changed in any way.

    The time of its content alone does not tell: tools set it back.

    Raises
    ------
    OSError
        It is not there.
    """
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def stamp_of_now(path: Path) -> tuple[int, ...]:
    """Return the stamp of what may be written again in no time, as code is: a change of just now always has another.

    The system counts in hundredths of a second, some disks in two seconds: two writes may have one time.

    Raises
    ------
    OSError
        It is not there.
    """
    stamp = file_stamp(path)
    changed, now = max(stamp[-2:]), time.time_ns()
    moment = _SECOND // 10 if changed % _SECOND else 3 * _SECOND
    return *stamp, now if abs(now - changed) < moment else 0


def settle_temporary_folder() -> None:
    """Let `tempfile` know its folder, so that it leaves no file there where this process is killed while it looks.

    It looks by writing a file with a name, which it removes. Here the file has none (`O_TMPFILE`): the system takes it
    away with the process. Where the first folder that `tempfile` would try cannot be used, or a system or a disk knows
    no such files, the choice stays with it.
    """
    if tempfile.tempdir is not None or not hasattr(os, "O_TMPFILE"):
        return
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    folder = os.path.abspath(next(filter(None, named), "/tmp"))  # noqa: PTH100 - links stay, as in `tempfile`
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, b"some")  # a full disk is none to choose
        finally:
            os.close(handle)
    except OSError:
        return
    tempfile.tempdir = folder


def root_folder() -> Path:
    """Return the folder that holds `mlruns/`: the current one, or what ABLATE_ROOT names."""
    return Path(os.environ.get("ABLATE_ROOT", ".")).resolve()
