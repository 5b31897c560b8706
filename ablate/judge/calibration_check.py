"""What a check of the calibration is, and how a rate keeps to its limit."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """One check: its table, and whether it is met.

    Attributes
    ----------
    rows
        Plain values; `se` is the simulation error of the rate beside it, `limit` what it must keep to.
    passed
        Of all rows that have a `met`.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether every row is met."""
        return all(row.get("met", True) for row in self.rows)


@dataclass(frozen=True)
class CalibrationResult:
    """All checks of one calibration; `as_dict` is JSON-ready."""

    studies: int
    seed: int
    seeds_per_study: int
    alpha: float
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check is met."""
        return all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        checks = [{**dataclasses.asdict(check), "passed": check.passed} for check in self.checks]
        return {**dataclasses.asdict(self), "checks": checks, "passed": self.passed}


def rate_of(hits: int, of: int, *, at_most: float | None = None, at_least: float | None = None) -> Row:
    """Return a rate with its simulation error, and whether it keeps to its limit within two of them and a half."""
    limit = at_most if at_most is not None else at_least
    rate = hits / of
    row: Row = {"rate": rate, "se": math.sqrt(max(rate * (1 - rate), 0.25 / of) / of), "studies": of}
    if limit is not None:
        error = 2.5 * math.sqrt(limit * (1 - limit) / of)
        met = rate <= limit + error if at_most is not None else rate >= limit - error
        row |= {"limit": limit, "met": bool(met)}
    return row
