"""Rebuild `ablate/stats/power.csv`: how much larger an effect must be for the verdict's test than for a paired t-test.

    python benchmarks/power.py            # ten minutes on one core
    python benchmarks/power.py 7 10       # these numbers of pairs alone, printed and not written
    python benchmarks/power.py --quick    # seven pairs

A row holds the ratio of two effects that are found in 80 % of sets of normal differences: by the test that verdicts
rest on (`stats.mean`: sign flips, allowing for one loss unseen), and by a paired t-test at the level they reach. The
test rejects "the mean is 0" of z + d exactly where d lies above minus the lower end of the interval of z. So one
interval per set and level gives the power at every d. The t-test of the same sets, whose power is known, takes most of
the chance out of it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

from ablate.stats.mean import allowing_for_unseen, mean_interval
from ablate.stats.power import POWER, detectable_by_t, t_power
from ablate.stats.signflip import EXACT_UP_TO, LISTED_UP_TO, Vector, as_differences, subset_means

TABLE = Path(__file__).parents[1] / "ablate" / "stats" / "power.csv"
SETS = {16: 4000, 24: 1600, 10_000: 1000}
"""Most pairs -> sets of differences that are drawn."""

PAIRS = (*range(6, 17), 18, 20, 22, 24, 32, 64, 128, 256)
LEVELS = (0.2, 0.05, 0.0125, 0.002, 0.0003)
RANKS = (2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


def levels_of(pairs: int) -> Iterator[float]:
    """Return the levels that are simulated: in the middle of a step of p where steps are wide."""
    if pairs > 16:
        yield from LEVELS
        return
    steps = 2.0 ** (pairs - 1)
    for rank in RANKS:
        if 5e-5 <= (rank + 0.5) / steps <= 0.25:
            yield (rank + 0.5) / steps


def ratios(pairs: int, sets: int) -> Iterator[tuple[float, float]]:
    """Return the levels that sign flips reach, and the ratio of the effects that are found by them and by t."""
    levels, steps = list(levels_of(pairs)), 2.0 ** (pairs - 1)
    z = np.random.default_rng(pairs).standard_normal((sets, pairs))
    error, mean = z.std(axis=1, ddof=1) / math.sqrt(pairs), z.mean(axis=1)
    lows = np.array([_lows(row, levels) for row in z])
    for level, low in zip(levels, lows.T, strict=True):
        reached = math.floor(level * steps) / steps if pairs <= EXACT_UP_TO else level
        by_t = float(stdtrit(pairs - 1, 1.0 - reached / 2.0)) * error - mean
        yield reached, _ratio(-low, by_t, pairs, reached)


def _ratio(exact: Vector, by_t: Vector, pairs: int, level: float) -> float:
    """Return by how much the effect is larger that a test finds in 80 % of sets, from where it finds each set's."""

    def short(d: float) -> float:
        apart = float((exact <= d).mean() - (by_t <= d).mean())
        return t_power(d, pairs, alpha=level) + apart - POWER

    wanted = detectable_by_t(pairs, alpha=level)
    return float(brentq(short, 0.5 * wanted, 3.0 * wanted, xtol=1e-6)) / wanted


def _lows(z: Vector, levels: list[float]) -> list[float]:
    """Return the lower end of `mean_interval` at each level; of few pairs all subset means are written down once."""
    d = as_differences(z)
    if len(d) > LISTED_UP_TO:
        return [mean_interval(d, level=1.0 - level)[0] for level in levels]
    ranks = [math.floor(level * 2.0 ** (len(d) - 1)) - 1 for level in levels]
    means = np.partition(subset_means(d), ranks)
    return [
        allowing_for_unseen(d, (float(means[rank]), math.inf), level=1.0 - level)[0]
        for rank, level in zip(ranks, levels, strict=True)
    ]


def rows(numbers: tuple[int, ...]) -> Iterator[tuple[int, float, float]]:
    """Return pairs, level and ratio."""
    for pairs in numbers:
        sets = next(count for most, count in SETS.items() if pairs <= most)
        for level, found in ratios(pairs, sets):
            yield pairs, level, found


def main() -> None:
    """Write the table, or print a part of it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pairs", type=int, nargs="*", help="numbers of pairs that are printed alone")
    options.add_argument("--quick", action="store_true", help="seven pairs alone")
    options = options.parse_args()
    asked = (7,) if options.quick else tuple(options.pairs)
    lines = ["pairs,level,ratio"]
    for pairs, level, found in rows(asked or PAIRS):
        lines.append(f"{pairs},{level:.8g},{found:.4f}")
        print(lines[-1], flush=True)
    if not asked:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
