"""Tables of runs as a user may have them, and what is found in them."""

import itertools

from ablate.sources.contract import RunTable
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in


def runs(n=8, **levels):
    """Return runs of every combination of levels and n seeds; the first level of a factor is a little worse."""
    rows = []
    for cell in itertools.product(*levels.values()):
        up = sum(0.01 * every.index(level) for every, level in zip(levels.values(), cell, strict=True))
        rows += [
            {**dict(zip(levels, cell, strict=True)), "seed": seed, "test_acc": round(0.9 + up + seed * (up + 0.001), 5)}
            for seed in range(n)
        ]  # fmt: skip
    return rows


def found(rows, **asked):
    """Return what is found in rows, each a mapping of columns to cells."""
    return found_in(RunTable.of("runs", rows), Asked(**asked), name="runs")


def done(result):
    """Return what was done with the rows -> with how many."""
    return {one.what.partition(":")[0]: one.count for one in result.done}
