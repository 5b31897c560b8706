"""The claim that an arm beats another by more than δ on several data sets, or on a new one like them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.comparison import Comparison
from ablate.claims.contract import ClaimKind, Factors
from ablate.claims.contrast import Meanings
from ablate.claims.estimate import Estimate, mean_least
from ablate.claims.parts import Delta, Levels, Region, effect_label
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import Reason, because
from ablate.data.base import same_source
from ablate.errors import UserError, unknown
from ablate.levels import level_name
from ablate.stats.datasets import FEWEST, NewDataSet, new_data_set, standard_error
from ablate.stats.mean import Method, mean_interval, mean_p
from ablate.stats.multiplicity import holm

ALPHA = 0.05
"""Level of what stands beside a verdict: each data set's interval (95 %), and a reversal (Holm over the data sets)."""

_SEEDS = 6  # of each data set, from which on its error is known well enough to be predicted from


class OverDatasetsClaim(ClaimKind):
    """`arm` beats `against` on `metric` by more than `by_at_least`, over the data sets that the factor `over` names.

    `about: these`: on average over the data sets that were run, each of which counts alike; the interval is over seeds.
    `about: new`: on a data set that was not run, if it is like these (see `stats.datasets`); three data sets at least.
    Both stand beside every verdict, as do each data set's own effect and the data sets on which it goes the other way.
    """

    with_delta: ClassVar[bool] = True
    by_signs: ClassVar[bool] = False
    anytime: ClassVar[bool] = False

    kind: Literal["over_datasets"] = "over_datasets"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    by_at_least: Delta = 0.0
    over: str = "dataset"
    about: Literal["these", "new"]

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf

    def check_sides(self, factors: Factors) -> None:
        """Refuse data sets that are too few, hold the same examples, or are not compared within."""
        where = f"claim {self.id}, `over`:"
        if self.over not in factors:
            raise UserError(f"{where} {unknown('factor', self.over, factors)}")
        if self.over in self.arm or self.over in self.each:
            place = "arm" if self.over in self.arm else "each"
            raise UserError(f"{where} {self.over} is in `{place}` too, but the claim is about its levels together")
        names = [level_name(level) for level in self.where.get(self.over, factors[self.over])]
        least = FEWEST if self.about == "new" else 2
        if len(names) < least:
            raise UserError(
                f"{where} `about: {self.about}` needs at least {least} data sets, got {len(names)}: {', '.join(names)}"
            )
        twice = same_source(names) if self.over == "dataset" else None
        if twice is not None:
            raise UserError(f"{where} {' and '.join(twice)} hold the same examples, so that they would count twice")

    def check_metrics(self, meanings: Meanings) -> None:
        """Refuse steps to a target: data sets have targets of their own."""
        super().check_metrics(meanings)
        if meanings.of(self.metric).counts_to_target:
            raise UserError(
                f"claim {self.id}: {self.metric} counts to a target, and how far that is differs between data sets; "
                f"expected a metric at the end of a run, or `kind: time_to_target` with `each: [{self.over}]`"
            )

    def least_seeds(self, alpha: float, cells: int) -> int:
        """Of a mean over seeds; a prediction needs to know each data set's error."""
        del cells
        return mean_least(alpha) if self.about == "these" else _SEEDS

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Two effects of opposite signs on the same."""
        same = isinstance(other, OverDatasetsClaim) and other.about == self.about
        return same and self.turned_against(other, swapped=swapped, meanings=meanings)

    def measure(self, runs: LoggedRuns) -> Reading:
        """Estimate what holds for these data sets, and for a new one; the claim says which is judged."""
        reading = super().measure(runs)
        these = reading.estimate
        assert these is not None
        sets = _by_data_set(self.over, runs)
        new = _prediction(sets)
        details = {**_details(sets, these, new, self.by_at_least), "unit": runs.endpoint.declared.unit}
        if self.about == "these":
            return dataclasses.replace(reading, estimate=dataclasses.replace(these, details=details))
        if new is None:
            return Reading(runs.evidence, None, details=details)
        low, high = new.below(self.by_at_least), new.above(self.by_at_least)
        estimate = Estimate(
            effect=new.mean,
            p=min(1.0, 2.0 * min(low, high)),
            interval=new.confidence_interval,
            method=Method("prediction over data sets"),
            scale=self.scale,
            details=details,
        )
        return Reading(runs.evidence, estimate)

    def scope(self, comparison: Comparison, details: Mapping[str, Any]) -> Reason | None:
        """Name what each data set says, and what is to be expected of a new one."""
        del comparison
        if not details:
            return None
        told = ("data_set", "effect", "reversed")
        sets = tuple({name: row[name] for name in told} for row in details["data_sets"])
        return because("data_sets", sets=sets, new=details["new"], unit=details["unit"])

    def advice(self) -> Reason | None:
        """More data sets, where the spread between them is what makes the interval wide."""
        return because("more_data_sets") if self.about == "new" else None

    def label(self, low: float, high: float) -> str:
        """`reversed`, `harmful`, `negligible` or `too small`."""
        return effect_label(low, high, self.by_at_least)


Sets = dict[str, NDArray[np.float64]]


def _by_data_set(over: str, runs: LoggedRuns) -> Sets:
    """Return data set -> difference per seed, averaged over the other cells."""
    names = [level_name(cell[over]) for cell in runs.comparison.cells]
    values = runs.gaps.values
    columns = {name: [i for i, at in enumerate(names) if at == name] for name in dict.fromkeys(names)}
    return {name: values[:, indices].mean(axis=1) for name, indices in columns.items()}


def _prediction(sets: Sets) -> NewDataSet | None:
    """Return what is to be expected of a new data set; None where too little is known."""
    seeds = min(len(d) for d in sets.values())
    if len(sets) < FEWEST or seeds < _SEEDS or not any(d.any() for d in sets.values()):
        return None
    return new_data_set([d.mean() for d in sets.values()], [standard_error(d) for d in sets.values()])


def _details(sets: Sets, these: Estimate, new: NewDataSet | None, delta: float) -> dict[str, Any]:
    p = holm([mean_p(d, null=0.0) for d in sets.values()])
    rows: list[dict[str, Any]] = []
    for (name, d), adjusted in zip(sets.items(), p, strict=True):
        low, high = mean_interval(d, level=1.0 - ALPHA)
        mean = float(d.mean())
        rows.append({"data_set": name, "effect": mean, "low": low, "high": high, "seeds": len(d),
                     "reversed": bool(mean < 0.0 and adjusted <= ALPHA)})  # fmt: skip
    low, high = these.interval(1.0 - ALPHA)
    details: dict[str, Any] = {
        "data_sets": rows,
        "these": {"effect": these.effect, "low": low, "high": high},
        "new": None,
    }
    if new is not None:
        low, high = new.confidence_interval(1.0 - ALPHA)
        details["new"] = {
            "effect": new.mean, "low": low, "high": high, "delta": delta, "above": new.above(delta),
            "below": new.below(-delta), "spread": new.tau,
        }  # fmt: skip
    return details
