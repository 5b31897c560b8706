"""Zip files that come from anywhere: what reading a damaged one raises, and which are traps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.errors import UserError

if TYPE_CHECKING:
    import zipfile
    from pathlib import Path

_MOST = 4 * 2**30
_TIMES, _FROM = 200, 200 * 2**20  # a file that grows more than so many times, beyond so many bytes, is a trap


def check_unpacked(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a zip file that grows out of all proportion, or beyond what anybody reads.

    Raises
    ------
    UserError
        It unpacks to more than 4 GB, or to more than 200 MB that are more than 200 times what is packed.
    """
    infos = archive.infolist()
    size, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if size > _MOST or (size > _FROM and size > _TIMES * packed):
        raise UserError(
            f"{path} would unpack to {size / 2**20:,.0f} MB from {packed / 2**20:,.1f} MB; refused (at most "
            f"{_MOST // 2**30} GB, and {_TIMES} times its size)"
        )


def zip_damage(*inside: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what reading a damaged zip file raises: its directory, its entries, what they are packed by, and `inside`.

    Made where it is asked for, in an `except`: only then are the packers imported.
    """
    import lzma
    import struct
    import zipfile
    import zlib

    return (
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
        RuntimeError, EOFError, OSError, *inside,
    )  # fmt: skip
