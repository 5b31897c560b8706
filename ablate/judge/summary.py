"""The ablation table and the run ledger of a study, as data frames."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.claims.capped import at_common_budget, counts_steps
from ablate.claims.measured import Endpoint
from ablate.claims.reason import because
from ablate.errors import Failure
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import MISSING, endpoint
from ablate.stats.joint import simultaneous_intervals
from ablate.stats.multiplicity import holm
from ablate.stats.signflip import as_differences, sign_flip_interval, sign_flip_p
from ablate.stats.student import t_interval
from ablate.track.columns import PLANNED
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED, Outcome

ENDS = (*(outcome.value for outcome in Outcome), MISSING)


def told_ends(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the outcomes that a ledger shows: those that runs had, and those of which "none" is known.

    Without a target no run could reach one; where an outcome is not known, none is known to be absent.
    """
    occurred = {name for name in ENDS if int(table[name].sum())}
    shown = occurred | {MISSING}
    if Outcome.UNKNOWN not in occurred:
        shown |= {outcome.value for outcome in FAILED if outcome is not Outcome.COLLAPSED}
        if Outcome.FINISHED not in occurred:
            shown |= {Outcome.REACHED.value, Outcome.CENSORED.value, Outcome.STALLED.value}
    return tuple(name for name in ENDS if name in shown)


def ledger(tables: StudyTables) -> pd.DataFrame:
    """Return where every planned run went: planned is the sum of the outcomes and of what is missing.

    Returns
    -------
    pandas.DataFrame
        One row per planned arm, design order: `arm_id, arm, planned`, one integer column per outcome.

    Raises
    ------
    Failure
        The sum is off: an outcome nobody knows, or runs of an arm that is not planned.
    """
    outcomes = tables.seeds["outcome"].astype(str)
    counts = pd.crosstab(tables.seeds["arm_id"], outcomes)
    columns = [*ENDS, *(name for name in counts.columns if name not in ENDS)]
    counts = counts.reindex(index=tables.planned["arm_id"], columns=columns, fill_value=0)
    sizes = tables.seeds.groupby("arm_id").size().reindex(tables.planned["arm_id"], fill_value=0)
    table = pd.DataFrame({"arm_id": tables.planned["arm_id"].to_numpy(), "arm": tables.planned["arm"].to_numpy()})
    table["planned"] = sizes.to_numpy(dtype=np.int64)
    for name in ENDS:
        table[name] = counts[name].to_numpy(dtype=np.int64)
    wrong = table[table["planned"] != table[list(ENDS)].sum(axis=1)]
    if len(wrong) or int(table["planned"].sum()) != len(tables.seeds):
        unknown = sorted(set(outcomes) - set(ENDS))
        cause = f"unknown outcome {', '.join(unknown)}" if unknown else "runs of an arm that is not planned"
        raise Failure(f"the run ledger does not add up: {cause}.")
    return table


def summary(tables: StudyTables, metric: str, *, level: float = 0.95) -> pd.DataFrame:
    """Return one row per planned arm: mean, interval, difference to the baseline, outcomes, seconds.

    Parameters
    ----------
    tables
        The study's runs.
    metric
        The scalar to summarise; failed runs count as `endpoint` says, and `notes` say how many.
    level
        Confidence level of the intervals: of an arm's mean and of one difference on its own; of `joint_low` and
        `joint_high`, of all differences together.

    Returns
    -------
    pandas.DataFrame
        `arm_id, arm, baseline`, then

        - `n, mean, low, high`: runs with a value, their mean and t interval (NaN where a run that ended has no value:
          a mean of the rest would be of the survivors);
        - `filled, undefined, notes` (reasons);
        - `pairs, difference, difference_low, difference_high`: arm - baseline per seed (not oriented) and the interval
          inverting the sign-flip test; NaN for the baseline itself, where arm and baseline cannot be compared (a mean
          over runs of other lengths), and where neither reached its target in any pair;
        - `joint_low, joint_high`: the interval of the same difference that holds together with those of all other arms
          (see `stats.simultaneous_intervals`);
        - `p, p_adjusted`: two-sided sign-flip p of "no difference", Holm over the arms;
        - `planned`, and a count of every outcome and of `missing`;
        - `seconds`: mean wall-clock share of a run.

    Raises
    ------
    UserError
        No run knows the metric, although some run ended well.
    """
    ended = endpoint(tables, metric)
    base = tables.planned.index[tables.planned["baseline"].astype(bool)]
    against = tables.planned.index.get_loc(base[0]) if len(base) else None
    rows, paired = [], {}
    for column in range(len(ended.arm_ids)):
        row = _arm_row(ended, column, level)
        d = _paired(tables, ended, (column, against if isinstance(against, int) else None))
        rows.append(row | _difference(d, level))
        if d is not None:
            paired[column] = d
    arms = tables.planned[list(PLANNED)].reset_index(drop=True)  # no factors: one may be called `n`
    table = pd.concat([arms, pd.DataFrame(rows)], axis=1)
    table[["joint_low", "joint_high"]] = np.nan
    if paired:
        joint = simultaneous_intervals(np.column_stack(list(paired.values())), level=level)
        table.loc[list(paired), ["joint_low", "joint_high"]] = joint
    table["p_adjusted"] = np.nan
    tested = table["p"].notna()
    if tested.any():
        table.loc[tested, "p_adjusted"] = holm(table.loc[tested, "p"].to_numpy())
    ends = ledger(tables).drop(columns=["arm_id", "arm"])
    ran = tables.seeds[tables.seeds["outcome"].astype(str) != MISSING]
    seconds = pd.to_numeric(ran["seconds"]).groupby(ran["arm_id"]).mean().reindex(table["arm_id"])
    return pd.concat([table, ends], axis=1).assign(seconds=seconds.to_numpy(dtype=np.float64))


def _arm_row(ended: Endpoint, column: int, level: float) -> dict[str, Any]:
    values = ended.value[:, column]
    values = values[np.isfinite(values)]
    filled, undefined = int(ended.filled[:, column].sum()), int(ended.undefined[:, column].sum())
    missing = int((ended.planned[:, column] & ~ended.ran[:, column]).sum())
    notes = []
    if filled:
        notes.append(because("counts_as", n=filled, all=len(values), rule=ended.rule))
    if undefined:
        notes.append(because("no_value", n=undefined))
    if missing:
        notes.append(because("not_run", n=missing))
    usable = len(values) > 0 and not undefined
    low, high = t_interval(values, level=level) if usable else (math.nan, math.nan)
    return {
        "n": len(values),
        "mean": float(values.mean()) if usable else math.nan,
        "low": low,
        "high": high,
        "filled": filled,
        "undefined": undefined,
        "notes": tuple(notes),
    }


def _paired(tables: StudyTables, ended: Endpoint, pair: tuple[int, int | None]) -> NDArray[np.float64] | None:
    """Return an arm's differences to the baseline, (seeds,), NaN without one; None where they cannot be compared."""
    column, against = pair
    if against is None or column == against or ended.undefined[:, [column, against]].any():
        return None
    both = np.array([[column, against]])
    if horizons(tables, ended, both):
        return None
    ended = at_common_budget(ended, both)
    d = ended.value[:, column] - ended.value[:, against]
    usable = np.isfinite(d)
    silent = ended.filled[:, [column, against]].all(axis=1) & counts_steps(ended)
    if not (usable & ~silent).any():
        return None
    return np.asarray(np.where(usable, d, np.nan))


def _difference(paired: NDArray[np.float64] | None, level: float) -> dict[str, Any]:
    names = ("difference", "difference_low", "difference_high", "p")
    if paired is None:
        return {"pairs": 0, **dict.fromkeys(names, math.nan)}
    d = paired[np.isfinite(paired)]
    low, high = sign_flip_interval(d, level=level)
    mean = float(as_differences(d).mean())
    return {"pairs": len(d), **dict(zip(names, (mean, low, high, sign_flip_p(d)), strict=True))}
