"""The values of stored runs, parted into scalars and curves and called by their names again (see `track.names`)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.track.ledger import Child
from ablate.track.names import BESIDE, NONFINITE, TIMER, name_of


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
    ids: list[str] = []
    metrics: list[str] = []
    steps: list[int] = []
    values: list[float] = []
    for run_id, key, step, value in rows:
        if run_id not in runs:
            continue
        own = curves_of.get(run_id, nothing)
        if key in own:
            ids.append(run_id)
            metrics.append(name_of(key) if run_id in keyed else key)
            steps.append(step)
            values.append(value)
        elif key == TIMER:
            seconds[run_id] = value
        elif key != NONFINITE:  # which the tag holds too
            beside = key.removeprefix(BESIDE)
            plain = beside if beside in own or run_id in keyed else key
            scalars[run_id][name_of(plain) if run_id in keyed else plain] = value
    curves = pd.DataFrame(
        {
            "run_id": ids,
            "arm_id": [runs[run_id].arm_id for run_id in ids],
            "seed": np.asarray([runs[run_id].seed for run_id in ids], dtype=np.int64),
            "metric": metrics,
            "step": np.asarray(steps, dtype=np.int64),
            "value": np.asarray(values, dtype=np.float64),
        }
    )
    return Values(scalars, seconds, curves)
