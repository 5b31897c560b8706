"""The values of stored runs, parted into scalars and curves and called by their names again (see `track.names`)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ablate.track.ledger import Child
from ablate.track.names import BESIDE, NONFINITE, TIMER, metric_name


@dataclass(frozen=True)
class Points:
    """Points of curves, to be made a table of; four lists of one length."""

    runs: list[Child] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        """Return the long table (see `StudyTables.curves`)."""
        return pd.DataFrame(
            {
                "run_id": [run.run_id for run in self.runs],
                "arm_id": [run.arm_id for run in self.runs],
                "seed": np.asarray([run.seed for run in self.runs], dtype=np.int64),
                "metric": self.metrics,
                "step": np.asarray(self.steps, dtype=np.int64),
                "value": np.asarray(self.held, dtype=np.float64),
            }
        )


@dataclass(frozen=True)
class Values:
    """What the runs logged, by run: scalars by the name of their metric, seconds; and the long table of curves."""

    scalars: dict[str, dict[str, float]]
    seconds: dict[str, float]
    curves: pd.DataFrame


def split_values(
    rows: Sequence[tuple[str, str, int, float]],
    runs: Mapping[str, Child],
    curves_of: Mapping[str, frozenset[str]],
    keyed: Container[str],
) -> Values:
    """Part the metric values of runs into scalars and curves, and call them by their names.

    Parameters
    ----------
    rows
        (run id, key, step, value).
    runs
        Run id -> run, those that count.
    curves_of
        Run id -> the keys that are curves.
    keyed
        Runs whose keys are made by `names.key`; in others a metric is called what its key says.
    """
    nothing: frozenset[str] = frozenset()
    scalars: dict[str, dict[str, float]] = {run_id: {} for run_id in runs}
    seconds: dict[str, float] = {}
    points = Points()
    for run_id, key, step, value in rows:
        if run_id not in runs:
            continue
        curve_keys = curves_of.get(run_id, nothing)
        if key in curve_keys:
            points.runs.append(runs[run_id])
            points.metrics.append(metric_name(key) if run_id in keyed else key)
            points.steps.append(step)
            points.held.append(value)
        elif key == TIMER:
            seconds[run_id] = value
        elif key != NONFINITE:  # which the tag holds too
            beside = key.removeprefix(BESIDE)
            plain = beside if beside in curve_keys or run_id in keyed else key
            scalars[run_id][metric_name(plain) if run_id in keyed else plain] = value
    return Values(scalars, seconds, points.table())
