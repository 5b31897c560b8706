"""From a comparison and the tables to an estimate, by the kind of the claim."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.claims.anytime import Batches
from ablate.claims.capped import Gaps, at_common_budget
from ablate.claims.comparison import Comparison, Key
from ablate.claims.contrast import Evidence, Sides, evidence_of, sides_of
from ablate.claims.estimate import Estimate
from ablate.claims.measured import Endings, Endpoint
from ablate.claims.parts import Region
from ablate.claims.reason import Reason, because
from ablate.claims.twoparts import TrainedSplit, only_trained
from ablate.judge.alike import Alike
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import ended_as
from ablate.judge.items import item_contrasts
from ablate.judge.sensitivity import imputed
from ablate.sweep.metrics import Metrics, metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import OTHER_TARGETS, Metric
from ablate.train.outcome import Outcome


@dataclass(frozen=True)
class Collected:
    """What the judge needs of one comparison.

    Attributes
    ----------
    region
        The claim's region in the unit of the estimate.
    estimate
        None where there is nothing to estimate.
    least
        Fewest seeds with which the claim could be decided at the level of the study.
    bounds
        `imputed`, for claims about a mean.
    meaning
        The claim's metric, as it is declared.
    alike
        Why it is not tested although there are runs: its arms cannot differ.
    elsewhere
        For claims about steps to a target: the contrasts at each of `OTHER_TARGETS`, where runs logged them; for widths
        of basins also those of `OTHER_BASINS`.
    counts_steps
        The claim's metric counts to a target.
    counts_as_chance
        A failed run counts as chance, where that is known.
    endings_known
        Of every run it is known whether it failed.
    split
        The pairs of which all runs train, and the others; None where the kind has no two parts.
    gaps
        The contrasts behind the estimate, of the seeds of `evidence`, and how far each is known.
    items
        The contrasts of the same seeds for every test item, (seeds, items), where they are known.
    obstacle
        Why nothing can be tested, where something stands in the way beside runs without a value and too few seeds.
    reservation
        Why no interval may decide it, although there is one.
    """

    comparison: Comparison
    evidence: Evidence
    region: Region
    estimate: Estimate | None
    least: int
    bounds: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    rule: Reason | None = None
    meaning: Metric = field(default=Metric(""))
    elsewhere: dict[str, Gaps] = field(default_factory=dict)
    alike: Alike | None = None
    gaps: Gaps | None = None
    items: NDArray[np.float64] | None = None
    obstacle: Reason | None = None
    reservation: Reason | None = None
    details: dict[str, Any] = field(default_factory=dict)
    counts_steps: bool = False
    counts_as_chance: bool = False
    endings_known: bool = True
    split: TrainedSplit | None = None

    @property
    def testable(self) -> bool:
        """Whether there is an estimate, of arms that can differ, and nothing stands in the way of a test."""
        return self.estimate is not None and self.alike is None and self.obstacle is None

    @property
    def mixed(self) -> bool:
        """Whether in an arm some runs failed or are outliers, and others are not."""
        return self.split is not None and self.split.mixed is not None

    @property
    def left_out(self) -> int:
        """How many pairs a claim about runs that train leaves out."""
        trained = self.comparison.claim.speaks_of == "trained"
        return self.split.left_out if trained and self.split is not None else 0

    @property
    def silent(self) -> tuple[int, int] | None:
        """How many of the pairs say nothing, and of how many; None where all say something."""
        hidden = self.gaps.known if self.gaps is not None else None
        if hidden is None or not hidden.silent.any():
            return None
        return int(hidden.silent.sum()), hidden.silent.size


class _Runs:
    """The runs of one comparison as a kind of claim asks for them; what nobody asks for is not computed."""

    def __init__(
        self,
        comparison: Comparison,
        tables: StudyTables,
        endpoints: Mapping[str, Endpoint],
        arms: Mapping[Key, int],
        *,
        least: int,
        batches: Batches | None,
    ) -> None:
        self.comparison, self._tables, self._endpoints, self._least = comparison, tables, endpoints, least
        self.batches = batches
        self.meanings: Metrics = metrics_in(tables)
        self.sides: Sides = sides_of(comparison, arms, tuple(tables.factors), self.meanings)

    @functools.cached_property
    def _all(self) -> Endpoint:
        return at_common_budget(self._endpoints[self.comparison.claim.metric], self.sides.columns)

    @functools.cached_property
    def endpoint(self) -> Endpoint:
        if self.comparison.claim.speaks_of == "trained":
            return only_trained(self._all, self.sides.columns)
        return self._all

    @functools.cached_property
    def split(self) -> TrainedSplit | None:
        claim = self.comparison.claim
        if not claim.in_parts:
            return None
        names = [str(arm) for arm in self._tables.planned["arm"]]
        arm = claim.is_arm(self.sides.columns.shape[1])
        return TrainedSplit.of(self.sides, self._all, arm, names=names, batches=self.batches)

    @functools.cached_property
    def evidence(self) -> Evidence:
        return evidence_of(self.comparison, self.sides, self.endpoint)

    @functools.cached_property
    def gaps(self) -> Gaps:
        return Gaps.of(self.sides, self.endpoint)

    @functools.cached_property
    def obstacle(self) -> Reason | None:
        lengths = self.lengths(self.endpoint)
        if lengths:
            return because("other_lengths", metric=self.comparison.claim.metric, steps=lengths)
        if self.comparison.claim.speaks_of == "trained":
            unsure, ran = (flags[:, self.sides.columns] for flags in (self._all.unsure, self._all.ran))
            if unsure.any():
                return because("endings_unknown", n=int(unsure.sum()), of=int(ran.sum()))
        reason = self.comparison.claim.obstacle(self.endpoint, self.sides)
        if reason is not None:
            return reason
        hidden = self.gaps.known
        left = len(self.gaps.said())
        if hidden is not None and hidden.silent.any() and left < self._least:
            return because(
                "silent", n=int(hidden.silent.sum()), of=hidden.silent.size, pairwise=hidden.pairwise,
                rule=self.endpoint.rule_of(self.sides.columns), left=left, needed=self._least,
            )  # fmt: skip
        return self._failures()

    def _failures(self) -> Reason | None:
        """Where both sides of a pair failed, they agree by the rule for failed runs alone: too few others, no test."""
        columns, endpoint = self.sides.columns, self.endpoint
        if columns.shape[1] < 2:
            return None
        better = self._better_rule()
        if better is not None or endpoint.declared.counts_to_target:
            return better
        both = np.asarray(endpoint.filled[:, columns].all(axis=2))
        told = int((endpoint.ran[:, columns].all(axis=2) & ~both).any(axis=1).sum())
        if not both.any() or told >= self._least:
            return None
        return because("both_failed", n=int(both.sum()), of=both.size, rule=endpoint.rule_of(columns))

    def _better_rule(self) -> Reason | None:
        """Where a number that failed runs are declared to count as is better than most runs that did not fail."""
        endpoint, declared = self.endpoint, self.endpoint.declared
        fill = declared.failed_counts_as
        if isinstance(fill, str) or declared.better is None:
            return None
        value, filled = endpoint.value[:, self.sides.columns], endpoint.filled[:, self.sides.columns]
        observed = value[~filled & np.isfinite(value)]
        sign = 1.0 if declared.better == "higher" else -1.0
        worse = int((sign * observed < sign * fill).sum())
        if not filled.any() or 2 * worse <= observed.size:
            return None
        return because("failing_is_better", value=float(fill), metric=declared.name, n=worse, of=observed.size)

    def of(self, metric: str) -> Endpoint:
        return self._endpoints[metric]

    def lengths(self, endpoint: Endpoint) -> tuple[float, ...]:
        return horizons(self._tables, endpoint, self.sides.columns)

    def endings(self, outcomes: Collection[str]) -> Endings:
        return ended_as(self._tables, outcomes)

    @property
    def rule(self) -> Reason | None:
        """What a failed run counts as; None where the metric does not say."""
        if self.comparison.claim.failed_counts_as:
            return because(self.comparison.claim.failed_counts_as)
        return self.endpoint.rule_of(self.sides.columns)

    @functools.cached_property
    def endings_known(self) -> bool:
        """Whether it is known of every run that it failed or did not."""
        outcome = self._tables.seeds["outcome"].astype(str).to_numpy()
        arms = {self.endpoint.arm_ids[column] for column in self.sides.columns.ravel()}
        unknown = self._tables.seeds["arm_id"].astype(str).to_numpy()[outcome == Outcome.UNKNOWN.value]
        return arms.isdisjoint(unknown.tolist())

    def elsewhere(self) -> dict[str, Gaps]:
        """Return the contrasts at the other targets of a claim about steps, and measured otherwise."""
        claim, gaps = self.comparison.claim, {}
        for name in OTHER_TARGETS:
            endpoint = self._endpoints.get(f"{claim.metric}_{name}")
            if endpoint is not None:
                gaps[name] = Gaps.of(self.sides, at_common_budget(endpoint, self.sides.columns))
        return gaps | {name: Gaps.of(other, self.endpoint) for name, other in claim.elsewhere(self.sides).items()}


def collect(
    comparison: Comparison,
    tables: StudyTables,
    endpoints: Mapping[str, Endpoint],
    arms: Mapping[Key, int],
    *,
    alpha: float,
    alike: Alike | None = None,
    batches: Batches | None = None,
) -> Collected:
    """Collect the evidence of a comparison and estimate its effect.

    Parameters
    ----------
    alike
        Why it is not to be tested.
    batches
        The looks so far of a study that may stop at any time.
    """
    claim = comparison.claim
    least_of = claim.least_seeds if batches is None else claim.least_at_any_time
    least = least_of(alpha, len(comparison.cells))
    runs = _Runs(comparison, tables, endpoints, arms, least=least, batches=batches)
    reading = claim.read(runs)
    evidence = reading.evidence
    if reading.obstacle is not None and reading.obstacle.code == "silent":
        evidence = dataclasses.replace(evidence, differences=runs.gaps.said())
    common = Collected(
        comparison=comparison,
        evidence=evidence,
        region=reading.region or claim.region,
        estimate=reading.estimate,
        least=least,
        obstacle=reading.obstacle,
        details=reading.estimate.details if reading.estimate is not None else reading.details,
        alike=alike,
    )
    if not claim.reads_values:
        return common
    failed = evidence.filled_arm[0] + evidence.filled_against[0]
    return dataclasses.replace(
        common,
        bounds=imputed(runs.sides, runs.endpoint) if claim.imputes and claim.speaks_of == "all" else {},
        rule=runs.rule if runs.endings_known or failed else None,
        endings_known=runs.endings_known,
        counts_as_chance=runs.endpoint.declared.failed_counts_as in ("chance", "one_minus_chance"),
        meaning=runs.endpoint.declared,
        elsewhere=runs.elsewhere() if claim.by_means else {},
        gaps=runs.gaps if claim.by_means else None,
        items=item_contrasts(runs.sides, runs.endpoint, tables) if claim.by_means and batches is None else None,
        reservation=claim.reservation(runs.endpoint, runs.sides),
        counts_steps=runs.endpoint.declared.counts_to_target,
        split=runs.split,
    )
