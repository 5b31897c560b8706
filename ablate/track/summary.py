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
        run has no final one: a mean over survivors must say so); and `count/n`, `count/<outcome>`. MLflow lists them
        in this order and compares arms by the first: what a study is about leads, counts come last.
    """
    values: dict[tuple[str, int], list[float]] = {}
    for _, metric, step, value in rows:
        values.setdefault((metric, step), []).append(value)
    n = len(outcomes)
    points: list[Point] = []
    for (metric, step), per_seed in sorted(values.items(), key=lambda item: _rank(item[0][0], curves)):
        points.append((metric, step, float(np.mean(per_seed))))
        if len(per_seed) < n:
            points.append((f"n/{metric}", step, float(len(per_seed))))
        if metric not in curves:  # a display of spread over seeds; verdicts are paired, and come from elsewhere
            low, high = (float(f"{end:.6g}") for end in t_interval(per_seed))  # MLflow prints all digits there are
            points += [(f"ci95_low/{metric}", step, low), (f"ci95_high/{metric}", step, high)]  # infinite for one seed
    ended = Counter(outcomes)
    points.append(("count/n", 0, float(n)))
    points += [(f"count/{outcome}", 0, float(ended[outcome])) for outcome in Outcome]
    return [point for point in points if math.isfinite(point[2])]


def _rank(metric: str, curves: set[str]) -> int:
    """Return where a metric stands among those of an arm: how it ended on test data or by its own name, then the rest.

    >>> [_rank(name, {"loss"}) for name in ("final/test_accuracy", "accuracy", "final/loss", "loss", "seconds")]
    [0, 0, 1, 3, 4]
    """
    group, _, name = metric.rpartition("/")
    if metric == "seconds" or group == "seconds":
        return 4
    if metric in curves:
        return 3
    if not group or (group == "final" and name.startswith("test_")):
        return 0
    return 1 if group == "final" else 2
