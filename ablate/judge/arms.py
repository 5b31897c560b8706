"""The arms of a study as they are compared with each other: what they differ in, read, and measured to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.claims.comparison import Key, arm_key, metrics_used
from ablate.judge.endpoint import MISSING, metric_names
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Level, Levels, Study
from ablate.track.record import StudyTables

OURS = ("numpy",)
"""Programs that vouch for their settings although arms stored before could not say so."""

CLOCK = frozenset({"s", "ms", "us", "µs", "ns", "min", "h", "second", "seconds", "minutes", "hours"})
"""Declared units of what is measured by the clock, and is never the same twice."""


class Arms:
    """The arms of a study as they are compared: their levels, their facts, and the bits of what their runs measured."""

    def __init__(self, study: Study, tables: StudyTables) -> None:
        self.study, self.tables = study, tables
        self.factors = tuple(study.factors)
        self._metrics = metrics_in(tables)
        self.rows: list[Levels] = [{f: row[f] for f in self.factors} for row in tables.levels()]
        self.ids = [str(arm) for arm in tables.planned["arm_id"]]
        self.column: dict[Key, int] = {arm_key(row, self.factors): i for i, row in enumerate(self.rows)}
        self.by_key = {key: self.ids[i] for key, i in self.column.items()}
        self._bits: dict[str, NDArray[np.float64]] = {}
        self._ended: NDArray[np.str_] | None = None

    def different(self, one: int, other: int) -> list[str]:
        """Return the factors in which two arms differ."""
        a, b = self.rows[one], self.rows[other]
        return [f for f in self.factors if arm_key(a, (f,)) != arm_key(b, (f,))]

    def unread(self, arm: int) -> list[str] | None:
        """Return the factors that no run of an arm looked at; None where that is not known."""
        factors = self.tables.facts.get(self.ids[arm], {}).get("unread")
        return None if factors is None else list(factors)

    def unread_between(self, one: int, other: int) -> list[str]:
        """Return the factors in which two arms differ, where neither looked at any of them; else nothing."""
        factors = self.different(one, other)
        unread = [self.unread(one), self.unread(other)]
        blind = factors and all(names is not None and set(factors) <= set(names) for names in unread)
        return factors if blind else []

    def vouched(self, one: int, other: int) -> bool:
        """Tell whether two arms may agree to the last bit without anything being wrong."""
        facts = [self.tables.facts.get(self.ids[arm], {}) for arm in (one, other)]
        served = {str(facts[0].get("same_as", self.ids[one])), str(facts[1].get("same_as", self.ids[other]))}
        return (one != other and len(served) == 1) or all(map(self._vouched, facts, (one, other)))

    def _vouched(self, facts: Mapping[str, Any], arm: int) -> bool:
        if "vouched" in facts or facts.get("imported"):
            return bool(facts.get("vouched"))
        program: Level = self.rows[arm].get("program", self.study.fixed.get("program", "numpy"))
        return program in OURS

    def agree(self, one: int, other: int, metrics: Sequence[str]) -> bool:
        """Tell whether two arms agree to the last bit in every seed that both ran; what has no value agrees, too."""
        ended = self._endings()
        both = (ended[:, one] != MISSING) & (ended[:, other] != MISSING)
        if not both.any() or not (ended[both, one] == ended[both, other]).all():
            return False
        values = (self._values(metric)[both] for metric in metrics)
        return all(np.array_equal(bits[:, one], bits[:, other], equal_nan=True) for bits in values)

    def copies(self, one: int, other: int) -> bool:
        """Tell whether two arms agree in every metric, and have one: runs that all failed are not copies."""
        values = (self._values(metric)[:, [one, other]] for metric in self.measured())
        return self.agree(one, other, self.measured()) and any(np.isfinite(bits).all(axis=1).any() for bits in values)

    def still(self, arm: int, also: Sequence[str] = ()) -> bool:
        """Tell whether an arm has several runs that agree in every metric, and have one; and in those of `also`."""
        ran = self._endings()[:, arm] != MISSING
        metrics = dict.fromkeys([*self.measured(), *also])
        values = np.array([self._values(metric)[ran, arm] for metric in metrics])
        measured = values.size > 0 and bool(np.isfinite(values).all(axis=1).any())
        return (
            measured
            and int(ran.sum()) > 1
            and all(np.array_equal(v, np.full_like(v, v[0]), equal_nan=True) for v in values)
        )

    def tells(self, arm: int, metrics: Sequence[str]) -> bool:
        """Tell whether metrics have so many values over the seeds of an arm that agreement is not a coincidence."""
        for metric in metrics:
            values = self._values(metric)[:, arm]
            values = values[np.isfinite(values)]
            if len(np.unique(values)) < max(3, len(values) // 2 + 1):
                return False
        return bool(metrics)

    def measured(self) -> list[str]:
        """Return the metrics that must agree: those that are declared or claimed, but for those of the clock.

        What nobody declared may be a time as well, and tells no two runs apart. Where none is declared, all must.
        """
        every = self.untimed(metric_names(self.tables))
        claimed = {name for claim in self.study.claims for name in metrics_used(claim)}
        said = {*self._metrics.names, *claimed}
        declared = [name for name in every if name in said or self._metrics.source(name) != "nobody"]
        return declared or every

    def untimed(self, metrics: Iterable[str]) -> list[str]:
        """Return the metrics that are not declared to be times of the clock."""
        return [name for name in metrics if self._metrics.of(name).unit not in CLOCK]

    def _values(self, metric: str) -> NDArray[np.float64]:
        if metric not in self._bits:
            logged = self.tables.logged(metric)
            column = pd.Series(np.nan, self.tables.seeds.index) if logged is None else logged
            numbers = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
            self._bits[metric] = self._grid(numbers, np.nan)
        return self._bits[metric]

    def _endings(self) -> NDArray[np.str_]:
        if self._ended is None:
            self._ended = self._grid(self.tables.seeds["outcome"].astype(str).to_numpy(dtype=str), MISSING)
        return self._ended

    def _grid(self, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        seeds, rows = np.unique(self.tables.seeds["seed"].to_numpy(dtype=np.int64), return_inverse=True)
        column = {arm: i for i, arm in enumerate(self.ids)}
        columns = [column[str(arm)] for arm in self.tables.seeds["arm_id"]]
        grid = np.full((len(seeds), len(self.ids)), empty, dtype=values.dtype if values.dtype.kind == "f" else object)
        grid[rows, columns] = values
        return grid
