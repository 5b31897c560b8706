"""Which column of a table holds what: the columns that every table has, then those of a study's factors and metrics.

A factor or a metric stands in the column of its own name. Where that name is taken by a column of ours, by the factor
of a metric's name, or by what spreadsheets take for a formula or for an index, the column is `factor:NAME` or
`metric:NAME`. So a study may have a factor called `arm` or a metric called `seconds`; what a reader sees is the name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

PLANNED = ("arm_id", "arm", "baseline")
"""Columns of a table of arms that are not factors."""

RUN = ("seed", "outcome", "first_nonfinite_step", "seconds", "majority_rate", "budget", "run_id", "identity")
"""Columns of a table of runs, beside those of their arms."""

FACTOR, METRIC = "factor:", "metric:"
_TAKEN = frozenset({*PLANNED, *RUN})
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet computes instead of showing


def factor_column(name: str) -> str:
    """Return the column of a factor.

    >>> factor_column("norm"), factor_column("arm")
    ('norm', 'factor:arm')
    """
    return FACTOR + name if _marked(name) else name


def metric_column(name: str, factors: Collection[str]) -> str:
    """Return the column of a metric in a study that has `factors`.

    >>> metric_column("final/loss", ["lr"]), metric_column("seconds", ["lr"]), metric_column("lr", ["lr"])
    ('final/loss', 'metric:seconds', 'metric:lr')
    """
    return METRIC + name if _marked(name) or name in factors else name


def factor_of(column: str) -> str:
    """Return the factor of a column of arms, the inverse of `factor_column`."""
    return column.removeprefix(FACTOR)


def metrics_among(columns: Iterable[str], arms: Iterable[str]) -> dict[str, str]:
    """Return metric -> column of a table of runs, in its order; `arms` are the columns of the table of arms."""
    ours = {*_TAKEN, *arms}
    return {column.removeprefix(METRIC): column for column in columns if column not in ours}


def _marked(name: str) -> bool:
    return name in _TAKEN or name == "index" or name.startswith((FACTOR, METRIC, "Unnamed:", *_FORMULA))
