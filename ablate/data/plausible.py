"""Pictures in which nothing is to be seen, which are refused where they are many, and pictures that are there twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.paths import count_text, some
from ablate.data.values import EIGHT
from ablate.errors import UserError

MOST_BLANK = 20
"""One picture of a class, or one in so many, may be blank, and is told; more are refused."""

STEP = 1.001 / 255
"""What a blank picture may vary by, of the range from black to white: a step of 8 bits."""


def blank(images: NDArray[Any], *, full: float, step: float = STEP) -> NDArray[np.bool_]:
    """Return which images are of one value throughout, to within `step` of the range, in every channel.

    Rows and columns are not pictures (points of the plane are stored like that): none of them is blank.

    Parameters
    ----------
    images
        (examples, channels, height, width), of any real type.
    full
        The value that is white; black is 0.
    """
    if 1 in images.shape[2:]:
        return np.zeros(len(images), dtype=np.bool_)
    low, high = (edge.astype(np.float64) for edge in (images.min(axis=(2, 3)), images.max(axis=(2, 3))))
    with np.errstate(invalid="ignore"):
        seen: NDArray[np.bool_] = (high - low > step * full).any(axis=1)
    return ~seen


def check_seen(
    images: NDArray[Any],
    labels: NDArray[np.int64],
    *,
    keep: bool | None,
    step: float = STEP,
    what: str,
    named: Callable[[int], str],
    hint: str = "",
) -> list[str]:
    """Return what is told of blank pictures, and of pictures that are all the same.

    Parameters
    ----------
    keep
        The user wants them; None: the source does not have that setting.
    step
        See `blank`; 0 where the user declared black and white, and so wants little contrast.
    named
        Names an image by its position.
    hint
        What else may be wrong, for the error.

    Raises
    ------
    UserError
        All pictures of a class are blank, or more than one and more than one in `MOST_BLANK`; unless they are wanted.
    """
    full = EIGHT if images.dtype == np.uint8 else 1.0
    blanks = blank(images, full=full, step=step)
    notes = []
    if blanks.any():
        positions = np.flatnonzero(blanks)
        names = some([named(int(position)) for position in positions])
        plain = bool(blank(images[positions], full=full, step=0.0).all())
        shown = (
            "show one value throughout" if plain else "show one value throughout, or values 1/255 of the range apart"
        )
        notes = [f"{len(positions):,} of {count_text(len(images), 'picture')} {shown} ({names})"]
        counts = np.bincount(labels)
        unseen = np.bincount(labels[positions], minlength=len(counts))
        many = (unseen > np.maximum(counts // MOST_BLANK, 1)) | ((unseen == counts) & (counts > 0))
        if not keep and many.any():
            wanted = "" if keep is None else "; dataset.blank=keep trains on them"
            scale = "" if plain else "; scale them as the others are, if they were meant to show more"
            raise UserError(f"{what}: {notes[0]}: nothing can be seen in them{hint}{scale}{wanted}")
    if len(images) > 1 and (images == images[:1]).all():
        notes.append(f"all {len(images):,} pictures are the same: nothing in them tells classes apart")
    return notes


def repeats(values: NDArray[Any], sizes: tuple[int, int, int] | None) -> list[str]:
    """Tell of examples that are there more than once: a test part that was trained on measures memory.

    Where parts are drawn, blank pictures are not counted, which are told anyway, nor rows of few numbers, which may
    well agree.

    Parameters
    ----------
    values
        (examples, channels, height, width): training, validation and test part one after the other.
    sizes
        Of these parts as the source gives them; None: parts are drawn from all.

    >>> repeats(np.array([1, 2, 2, 3]).reshape(4, 1, 1, 1), (2, 0, 2))
    ['1 of the 2 examples of its test part is in its training part too: its score tells of memory']
    """
    digests = [hashlib.blake2b(np.ascontiguousarray(row).data, digest_size=16).digest() for row in values]
    if sizes is None:
        seen = [
            one for one, row in zip(digests, values, strict=True) if 1 not in row.shape[1:] and row.min() < row.max()
        ]
        again = len(seen) - len(set(seen))
        copies = "1 example is a copy of another" if again == 1 else f"{again:,} examples are copies of others"
        return [f"{copies}: parts drawn from all may share some"] if again else []
    trained, notes, begin = set(digests[: sizes[0]]), list[str](), sizes[0]
    for part, size in (("validation", sizes[1]), ("test", sizes[2])):
        shared = sum(one in trained for one in digests[begin : begin + size])
        begin += size
        if shared:
            notes.append(
                f"{shared:,} of the {count_text(size, 'example')} of its {part} part {_are(shared)} in its training "
                "part too: its score tells of memory"
            )
    return notes


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
