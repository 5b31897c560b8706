"""Named random streams: one independent generator per seed and purpose.

Toggling one component (dropout on, another augmentation) draws from its own stream only, so every other
draw of the seed stays as it was. That is what makes the arms of a study paired by seed.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["split", "init", "shuffle", "dropout", "augment", "tune", "program", "change", "lens"]

# Positions are part of every result: append, never reorder.
_PURPOSES: tuple[Purpose, ...] = (
    "split", "init", "shuffle", "dropout", "augment", "tune", "program", "change", "lens",
)  # fmt: skip

ENTROPY = 0x61626C617465  # "ablate"; fixed, so that a seed means the same draws everywhere


def stream(seed: int, purpose: Purpose, member: int = 0, redraw: int = 0) -> np.random.Generator:
    """Return the generator of one seed for one purpose.

    Parameters
    ----------
    seed
        The block (replicate) number, >= 0.
    purpose
        What the numbers are drawn for.
    member
        Which net of the seed's ensemble; the first, 0, draws what a single net of that seed draws.
    redraw
        Which draw for this purpose; 0: the seed's first.

    Returns
    -------
    numpy.random.Generator
        PCG64, spawned as ``SeedSequence(ENTROPY, spawn_key=(seed, purpose))`` (numpy's documented way to
        obtain independent streams), with the member as third number of the key from 1 on, and with the redraw as
        fourth.

    Examples
    --------
    >>> bool(stream(3, "init").random() == stream(3, "init").random())
    True
    >>> bool(stream(3, "init").random() == stream(3, "shuffle").random())
    False
    >>> bool(stream(3, "init", 1).random() == stream(3, "init").random())
    False
    >>> bool(stream(3, "init", redraw=1).random() == stream(3, "init", 1).random())
    False
    """
    further = [member, redraw] if redraw else [member] if member else []
    key = (seed, _PURPOSES.index(purpose), *further)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=key)))


def streams(seeds: list[int], purpose: Purpose, members: int = 1, redraw: int = 0) -> list[np.random.Generator]:
    """Return one generator per seed and member, in order: a seed's members stand next to each other."""
    return [stream(seed, purpose, member, redraw) for seed in seeds for member in range(members)]
