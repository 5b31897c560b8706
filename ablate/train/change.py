"""A change of task: the same images, the classes renamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Integers
from ablate.streams import streams
from ablate.train.parts import PartSource


def renaming(rng: np.random.Generator, classes: int) -> Integers:
    """Return the new label of each class: a permutation that leaves none in place, uniform among those.

    Without that condition one class in ten would on average keep its label, more in some seeds than in others, and
    recovery would be easier there.

    >>> renaming(np.random.default_rng(0), 2).tolist()
    [1, 0]

    Raises
    ------
    UserError
        There is only one class.
    """
    if classes < 2:
        raise must("change_at", "be null for a dataset of one class", classes)
    while True:  # one permutation in e is accepted
        drawn = rng.permutation(classes)
        if not (drawn == np.arange(classes)).any():
            return drawn


def changed(source: PartSource, seeds: Sequence[int], classes: int, *, members: int = 1) -> PartSource:
    """Return the source under each seed's own renaming, drawn from its `change` stream; the same for its `members`."""
    names = np.stack([renaming(rng, classes) for rng in streams(list(seeds), "change")])
    return replace(source, labels=np.repeat(names, members, axis=0)[:, source.labels])
