"""A pool of slots that runs wait for: a GPU each, two on one GPU; shared by all processes of a user on this machine."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ablate.identity import digest

_PAUSE = 0.1  # seconds between two looks


@contextmanager
def hold_slot(slots: Sequence[str]) -> Iterator[str]:
    """Wait until a slot is free, and hold it meanwhile; gives its value, empty without a pool.

    A slot is held by a lock on a file, which the system releases when the process dies. One that is named twice is two.
    """
    if not slots:
        yield ""
        return
    folder = Path(tempfile.gettempdir()) / f"ablate-slots-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    files = [folder / digest([slot, slots[:i].count(slot)])[:16] for i, slot in enumerate(slots)]
    while True:
        for slot, file in zip(slots, files, strict=True):
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            try:
                yield slot_value(slot)
            finally:
                os.close(handle)
            return
        time.sleep(_PAUSE)


def slot_value(slot: str) -> str:
    """Return what `{slot}` stands for: what follows the name of the pool.

    >>> slot_value("gpu:0"), slot_value("3")
    ('0', '3')
    """
    return slot.partition(":")[2] or slot
