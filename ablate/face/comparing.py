"""Two arms of a table of runs, compared as somebody states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.face.judging import JudgedTable, metrics_said, texts_of, units_said
from ablate.face.study import listening
from ablate.sources.choose import source_for
from ablate.sources.frames import frame_table
from ablate.sweep.found.asked import Asked, Repeat, Stated
from ablate.train.metric import Better
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Tell
from ablate.work.tables import judge_table, name_at


def compare(
    results: Any,
    *,
    metric: str,
    arm: Mapping[str, Any],
    against: Mapping[str, Any],
    better: Better | None = None,
    pair: str | None = "seed",
    each: str | Sequence[str] = (),
    delta: float | None = None,
    not_worse_by: float | None = None,
    where: Mapping[str, Any] | None = None,
    leave_out: Sequence[str] = (),
    repeat: Repeat = "last",
    failed_counts_as: float | None = None,
    lost: Sequence[str] = (),
    early_stopping: bool = False,
    source: str | None = None,
    name: str = "runs",
    tell: Tell = events.nobody,
) -> JudgedTable:
    """Compare two arms of runs that are there already, at matched values of what else varies.

    Parameters
    ----------
    results
        A row per run: a table of pandas or polars, or a file or address as `ablate judge` takes it.
    metric, better
        What is compared; which way is better, `"higher"` or `"lower"`, where neither the name nor `"score:higher"`
        says it.
    arm, against
        Column -> level, the same columns in both.
    pair
        The column by which runs are paired, most often the seed; None: runs share nothing, and means are compared by
        Welch's t.
    each
        Columns of which every level is compared by itself, with Holm over all. Over other columns that vary the
        difference is averaged.
    delta
        Whether `arm` is better by more than this, in the unit of the metric; None: how far the two are apart.
    not_worse_by
        In its place: whether `arm` is not worse by more than this.
    where, leave_out
        Column -> level, of the rows that count; columns that are passed over.
    failed_counts_as
        What a run that failed counts as, in the unit of the metric.
    repeat, lost, early_stopping
        See `ablate judge --help`.
    source, name
        What reads an address; the name of a table in its report.

    Raises
    ------
    UserError
        The table cannot be interpreted, in one line that says what is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [{"bn": bn, "seed": s, "acc": 0.9 + 0.03 * bn + s / 1000 + s % 3 * bn / 500}
    ...         for bn in (False, True) for s in range(8)]
    >>> found = compare(pd.DataFrame(rows), metric="acc", arm={"bn": True}, against={"bn": False}, delta=0.01)
    >>> found.verdicts[0].outcome
    'supported'
    """
    if delta is not None and not_worse_by is not None:
        raise UserError("give `delta` (better by more than it) or `not_worse_by` (not worse by more than it), not both")
    listed = (each,) if isinstance(each, str) else tuple(each)
    stated = Stated(texts_of(arm), texts_of(against), listed, not_worse_by)
    metrics = metrics_said(metric) if better is None else {metric: better}
    asked = Asked(
        seed=pair, metrics=metrics, units=units_said(metric), where=texts_of(where),
        leave_out=tuple(leave_out), by_at_least=delta,
        repeat=repeat, failed_counts_as=failed_counts_as, lost=tuple(lost), unpaired=pair is None, stated=stated,
        early_stopping=early_stopping,
    )  # fmt: skip
    bench = Bench(tell=listening(progress=False, tell=tell))
    if isinstance(results, str | Path):
        table = source_for(results, source).read(fits=lambda head: len(head) > 1)
        name = name_at(str(results)).removesuffix("-judged")
    else:
        table = frame_table(results)
    judged = judge_table(table, asked, bench, name=f"{name}-compared", command="ablate.compare(…)  # Python")
    return JudgedTable(judged)
