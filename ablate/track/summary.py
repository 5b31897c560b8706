"""An arm in numbers: means over its seeds, their 95 % intervals, and how many ended in which way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np

from ablate.stats.student import t_interval
from ablate.train.outcome import Outcome

Point = tuple[str, int, float]  # metric, step, value


def arm_points(outcomes: Collection[str], rows: Iterable[tuple[str, str, int, float]], curves: set[str]) -> list[Point]:
    """Return what an arm run shows, as (metric, step, value), all finite.

    Parameters
    ----------
    outcomes
        The outcome of each seed.
    rows
        (run id, metric, step, value) of its seeds.
    curves
        Which metrics are curves.

    Returns
    -------
    list
        The mean of each metric under the seeds' own name, so that the MLflow UI draws and lists them together;
        `ci95_low/…` and `ci95_high/…` of the scalars; `n/…` where fewer seeds than all have a value (a diverged
        run has no final one: a mean over survivors must say so); and `count/n`, `count/<outcome>`.
    """
    values: dict[tuple[str, int], list[float]] = {}
    for _, metric, step, value in rows:
        values.setdefault((metric, step), []).append(value)
    n = len(outcomes)
    points: list[Point] = [("count/n", 0, float(n))]
    ended = Counter(outcomes)
    points += [(f"count/{outcome}", 0, float(ended[outcome])) for outcome in Outcome]
    for (metric, step), per_seed in values.items():
        points.append((metric, step, float(np.mean(per_seed))))
        if len(per_seed) < n:
            points.append((f"n/{metric}", step, float(len(per_seed))))
        if metric not in curves:  # a display of spread over seeds; verdicts are paired, and come from elsewhere
            low, high = t_interval(per_seed)
            points += [(f"ci95_low/{metric}", step, low), (f"ci95_high/{metric}", step, high)]  # infinite for one seed
    return [point for point in points if math.isfinite(point[2])]
