"""Both sides of every paired comparison, seed by seed: what the slopegraphs and the interaction plot draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.capped import at_common_budget
from ablate.claims.comparison import Comparison, arm_key
from ablate.claims.contrast import Sides, sides_of
from ablate.claims.kinds import KINDS
from ablate.claims.measured import Endpoint
from ablate.errors import UserError
from ablate.judge.endpoint import endpoint
from ablate.judge.expand import expand
from ablate.judge.verdict import Verdict
from ablate.report.arms import arm_levels
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED

PAIRED = tuple(name for name, kind in KINDS.items() if kind.paired)


@dataclass(frozen=True)
class PairedValues:
    """One comparison with the values behind it.

    Attributes
    ----------
    seeds
        Seeds with a value on both sides in every cell.
    arm, against
        float64 (seeds,), in the metric's unit, averaged over the cells; failed runs at the value that they count as.
    arm_failed, against_failed
        bool (seeds,): a run of that side failed.
    """

    comparison: Comparison
    verdict: Verdict
    seeds: tuple[int, ...]
    arm: NDArray[np.float64]
    against: NDArray[np.float64]
    arm_failed: NDArray[np.bool_]
    against_failed: NDArray[np.bool_]

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Pairs with a failed run on either side, bool (seeds,)."""
        return np.asarray(self.arm_failed | self.against_failed)

    @property
    def sign(self) -> float:
        """+1 where the claim predicts a higher metric, -1 where a lower one."""
        return 1.0 if self.verdict.predicts == "higher" else -1.0


def paired_values(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict], *, kinds: Sequence[str] = PAIRED
) -> list[PairedValues]:
    """Return the pairs of every claim that compares two arms within a seed, in the order of the verdicts.

    A claim of kind `interaction`, where `kinds` names it, gives two: the pair at `at`, then the pair at `than_at`.
    """
    by_id = {verdict.claim_id: verdict for verdict in verdicts}
    factors = tuple(study.factors)
    levels = [{f: at[f] for f in factors} for at in arm_levels(tables).values()]
    columns = {arm_key(at, factors): i for i, at in enumerate(levels)}
    ends: dict[str, Endpoint | None] = {}
    pairs = []
    for comparison in expand(study, arms=levels) if by_id else []:
        claim, verdict = comparison.claim, by_id.get(comparison.id)
        if verdict is None or claim.kind not in kinds:
            continue
        if claim.metric not in ends:
            ends[claim.metric] = _endpoint(tables, claim.metric)
        full_end = ends[claim.metric]
        if full_end is None:
            continue
        every = [[columns[arm_key(side, factors)] for side in comparison.arms(cell)] for cell in comparison.cells]
        end = at_common_budget(full_end, np.array(every))
        # An interaction has four sides: the pair at `at`, then the pair at `than_at`.
        for first in range(0, claim.sides, 2):
            left, right = (
                np.array([columns[arm_key(comparison.arms(cell)[side], factors)] for cell in comparison.cells])
                for side in (first, first + 1)
            )
            both = np.concatenate((left, right))
            usable = np.asarray(np.isfinite(end.value[:, both]).all(axis=1), dtype=np.bool_)
            marks = failed_runs_of(tables, end)[usable]
            seeds = tuple(int(seed) for seed, use in zip(end.seeds, usable, strict=True) if use)
            arm, against = (end.value[usable][:, side].mean(axis=1) for side in (left, right))
            broke, other_broke = (np.asarray(marks[:, side].any(axis=1), dtype=np.bool_) for side in (left, right))
            pairs.append(PairedValues(comparison, verdict, seeds, arm, against, broke, other_broke))
    return pairs


def judged_sides(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict]
) -> Iterator[tuple[Verdict, Comparison, Sides, Endpoint]]:
    """Yield every verdict with where its runs stand, in the order of the claims; none without its metric."""
    factors = tuple(study.factors)
    columns = {arm_key(at, factors): i for i, at in enumerate(arm_levels(tables).values())}
    for verdict, comparison in judged_comparisons(study, tables, verdicts):
        end = _endpoint(tables, verdict.metric)
        if end is not None:
            sides = sides_of(comparison, columns, factors, metrics_in(tables))
            yield verdict, comparison, sides, at_common_budget(end, sides.columns)


def judged_comparisons(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict]
) -> Iterator[tuple[Verdict, Comparison]]:
    """Yield every verdict with what it compares, in the order of the claims."""
    judged = {verdict.claim_id: verdict for verdict in verdicts}
    levels = [{f: at[f] for f in study.factors} for at in arm_levels(tables).values()] if judged else []
    for comparison in expand(study, arms=levels) if judged else []:
        if comparison.id in judged:
            yield judged[comparison.id], comparison


def failed_runs_of(tables: StudyTables, end: Endpoint) -> NDArray[np.bool_]:
    """Return which runs failed, bool (seeds, arms): also those with a value of their own."""
    failed = tables.seeds[tables.seeds["outcome"].isin(FAILED)]
    row = {seed: i for i, seed in enumerate(end.seeds)}
    column = {arm: i for i, arm in enumerate(end.arm_ids)}
    marks = np.zeros(end.value.shape, dtype=np.bool_)
    marks[[row[int(seed)] for seed in failed["seed"]], [column[str(arm)] for arm in failed["arm_id"]]] = True
    return marks


def _endpoint(tables: StudyTables, metric: str) -> Endpoint | None:
    try:
        return endpoint(tables, metric)
    except UserError:
        return None
