"""An arm in numbers: means over its seeds, their 95 % intervals, and how many ended in which way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np

from ablate.train.outcome import Outcome

Point = tuple[str, int, float]  # metric, step, value


def t_interval(values: Collection[float], level: float = 0.95) -> tuple[float, float] | None:
    """Return the two-sided Student interval of the mean, or None for fewer than two values.

    ``mean ± t(n - 1, (1 + level) / 2) · s / √n``. A display of spread over seeds; verdicts are paired and come
    from the statistics, not from here.

    >>> low, high = t_interval([1.0, 2.0, 3.0])
    >>> round(low, 3), round(high, 3)
    (-0.484, 4.484)
    """
    n = len(values)
    if n < 2:
        return None
    from scipy.special import stdtrit

    x = np.asarray(list(values), dtype=np.float64)
    half = float(stdtrit(n - 1, (1.0 + level) / 2.0)) * float(x.std(ddof=1)) / math.sqrt(n)
    return float(x.mean()) - half, float(x.mean()) + half


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
    for (metric, step), held in values.items():
        points.append((metric, step, float(np.mean(held))))
        if len(held) < n:
            points.append((f"n/{metric}", step, float(len(held))))
        if metric not in curves and (interval := t_interval(held)) is not None:
            points += [(f"ci95_low/{metric}", step, interval[0]), (f"ci95_high/{metric}", step, interval[1])]
    return [point for point in points if math.isfinite(point[2])]
