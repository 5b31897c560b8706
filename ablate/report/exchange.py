"""The learning curves and rates behind every verdict on an exchange rate: what its figure draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.kinds.exchange_rate import ExchangeCurves, exchange_curves
from ablate.judge.verdict import Verdict
from ablate.report.pairs import failed_runs_of, judged_sides
from ablate.stats.exchange import exchange_rate
from ablate.stats.resampled import RESAMPLES, resampling
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


@dataclass(frozen=True)
class Rate:
    """One claim: its curves, and k at every level but the last, as its verdict has them.

    `beyond` is +1 where the arm is better than all of the reference's curve (k is at least that), -1 where it is
    worse (at most), 0 where k is known. `low` and `high` bound k, from resampling; `failed` is (2, seeds, levels).
    """

    verdict: Verdict
    over: str
    curves: ExchangeCurves
    k: NDArray[np.float64]
    beyond: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    failed: NDArray[np.bool_]

    @property
    def worth(self) -> NDArray[np.float64]:
        """The equivalent n on the reference's curve, k · n."""
        return np.asarray(self.k * self.curves.n[:-1])


def exchange_rates(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> list[Rate]:
    """Return what every verdict on an exchange rate stands on, in the order of the claims; those without k left out."""
    judged = [v for v in verdicts if v.kind == "exchange_rate" and v.details.get("k")]
    rates = []
    for verdict, comparison, sides, end in judged_sides(study, tables, judged):
        curves = exchange_curves(comparison, sides, end)
        if len(curves.seeds) < 2:
            continue
        usable = np.isin(np.array(end.seeds), curves.seeds)
        marks = failed_runs_of(tables, end)[usable][:, sides.columns].any(axis=1)  # (seeds, sides)
        k = np.array(verdict.details["k"], dtype=np.float64)
        beyond = np.array(verdict.details["beyond"], dtype=np.int64)
        rate = exchange_rate(curves.arm, curves.reference, curves.n)
        low, high = np.exp(np.quantile(rate.at(resampling(len(curves.seeds), RESAMPLES)), [0.025, 0.975], axis=0))
        over = str(getattr(comparison.claim, "over", ""))
        rates.append(Rate(verdict, over, curves, k, beyond, low, high, np.stack(np.split(marks, 2, axis=1))))
    return rates
