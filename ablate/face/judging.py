"""Results people already have, judged from Python: a table or an address, and no study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ablate.errors import UserError
from ablate.face.results import Result
from ablate.face.study import listening
from ablate.sources.choose import source_for
from ablate.sources.frames import frame_table
from ablate.sources.of_one import done_text
from ablate.sweep.found.asked import Asked, Repeat, metrics_asked, units_asked
from ablate.train.metric import Better
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Tell
from ablate.work.tables import TableJudgement, judge_table, name_at, save_study, title_of

if TYPE_CHECKING:
    import pandas as pd


class JudgedTable(Result):
    """A table that was judged: `verdicts`, `runs`, `figures` and `report` of a `Result`, and what was found of it."""

    def __init__(self, judged: TableJudgement) -> None:
        super().__init__(judged.judgement, judged.bench)
        self._found, self._items = judged.found, judged.items

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The verdicts as a table, a row per comparison."""
        return self.verdicts.table()

    @cached_property
    def done(self) -> pd.DataFrame:
        """What was done with the rows: how many, what, which."""
        import pandas as pd

        rows = [{"rows": one.count, "what": one.what, "which": one.which} for one in self._found.done]
        return pd.DataFrame(rows, columns=["rows", "what", "which"])

    @cached_property
    def columns(self) -> pd.DataFrame:
        """What every column was taken for."""
        import pandas as pd

        rows = [
            {"column": one.column, "taken as": one.role, "what": one.what.replace("{value}", one.value)}
            for one in self._found.columns
        ]
        return pd.DataFrame(rows, columns=["column", "taken as", "what"])

    def _notes(self) -> list[str]:
        used = " · ".join(f"{one.count} {done_text(one.what, one.count)}" for one in self._found.done)
        return [*self.warnings, *([used] if used else [])]

    @cached_property
    def items(self) -> pd.DataFrame:
        """What other test items would show, a row per comparison; empty where the table has no items."""
        import pandas as pd

        names = ["claim", "items", "seeds", "difference", "low", "high", "p"]
        return pd.DataFrame([one.told for one in self._items], columns=names)

    def save(self, path: str | Path) -> None:
        """Write the study file it was judged as, and its runs beside it.

        Raises
        ------
        UserError
            One of the files is there already.
        """
        save_study(self._found, Path(path), "")


def judge_runs(
    results: Any,
    *,
    metric: str | Sequence[str] | Mapping[str, Better] = (),
    factors: Sequence[str] = (),
    seed: str | None = None,
    baseline: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    leave_out: Sequence[str] = (),
    by_at_least: float | None = None,
    target: float | None = None,
    repeat: Repeat = "last",
    failed_counts_as: float | None = None,
    lost: Sequence[str] = (),
    unpaired: bool = False,
    item: str | None = None,
    early_stopping: bool = False,
    source: str | None = None,
    name: str = "runs",
    tell: Tell = events.nobody,
) -> JudgedTable:
    """Judge runs that are there already: every level against the baseline, at matched values of the other factors.

    Parameters
    ----------
    results
        A row per run: a table of pandas or polars, or a file or address as `ablate judge` takes it.
    metric
        What is judged, the main one first, where its name says which way is better; else `"score:higher"`, as for
        `ablate judge` (with its unit `"latency:lower:ms"`), or a mapping, name -> `"higher"` or `"lower"`.
    factors, seed, leave_out
        Columns; what is left out is found.
    baseline, where
        Column -> level.
    by_at_least
        δ, the smallest difference that matters; without it intervals, and which differences are excluded.
    target
        A value of the main metric: compared is, too, how many steps runs take to reach it.
    failed_counts_as
        What a run that failed counts as on the metric that is judged, in its unit.
    repeat, lost, unpaired, early_stopping
        See `ablate judge --help`.
    item
        The column that says which test item a row is about, in a table with a row for each of them.
    source
        What reads an address.
    name
        Of a table, in its report.

    Raises
    ------
    UserError
        The table cannot be interpreted, in one line that says what is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [{"bn": bn, "seed": s, "acc": 0.9 + 0.03 * bn + s / 1000 + s % 3 * bn / 500}
    ...         for bn in (False, True) for s in range(8)]
    >>> judge_runs(pd.DataFrame(rows)).verdicts[0].outcome
    'supported'
    """
    asked = Asked(
        factors=tuple(factors), seed=seed, metrics=metrics_said(metric), units=units_said(metric),
        baseline=texts_of(baseline),
        where=texts_of(where), leave_out=tuple(leave_out), by_at_least=by_at_least, target=target, repeat=repeat,
        failed_counts_as=failed_counts_as, lost=tuple(lost), unpaired=unpaired, early_stopping=early_stopping,
        item=item,
    )  # fmt: skip
    bench = Bench(tell=listening(progress=False, tell=tell))
    if isinstance(results, str | Path):
        table = source_for(results, source).read(fits=lambda head: len(head) > 1)
        name, title = name_at(str(results)), title_of(str(results))
    else:
        table, name, title = frame_table(results), f"{name}-judged", name
    judged = judge_table(table, asked, bench, name=name, command="ablate.judge_runs(…)  # Python", title=title)
    return JudgedTable(judged)


def metrics_said(metric: str | Sequence[str] | Mapping[str, Better | None]) -> dict[str, Better | None]:
    """Return name -> which way is better, None where its name has to say it.

    >>> metrics_said("acc"), metrics_said(["score:higher", "a:b"]), metrics_said({"score": "lower"})
    ({'acc': None}, {'score': 'higher', 'a:b': None}, {'score': 'lower'})
    """
    if isinstance(metric, Mapping):
        return dict(metric)
    metrics: dict[str, Better | None] = {}
    for word in [metric] if isinstance(metric, str) else metric:
        for name, better in (metrics_asked([word]) if _is_directed(word) else {word: None}).items():
            if name in metrics:
                raise UserError(f"the metric {name!r} is given twice; expected each metric once, with one direction")
            metrics[name] = better
    return metrics


def units_said(metric: str | Sequence[str] | Mapping[str, Better | None]) -> dict[str, str]:
    """Return name -> unit, where it is said.

    >>> units_said(["latency:lower:ms", "a:b"]), units_said({"score": "lower"})
    ({'latency': 'ms'}, {})
    """
    words = () if isinstance(metric, Mapping) else [metric] if isinstance(metric, str) else metric
    return units_asked([word for word in words if _is_directed(word)])


def _is_directed(word: str) -> bool:
    return ":" in word and any(part in get_args(Better) for part in word.split(":")[-2:])


def texts_of(levels: Mapping[str, Any] | None) -> dict[str, str]:
    """Return levels as a cell of a table holds them."""
    return {str(name): str(level) for name, level in (levels or {}).items()}
