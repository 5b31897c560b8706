"""Gates: what must hold before a claim may be decided at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.claims.capped import counts_steps
from ablate.claims.comparison import Comparison, level_key, level_text
from ablate.claims.parts import ManipulationCheck
from ablate.errors import UserError, unknown
from ablate.judge.endpoint import endpoint
from ablate.lang import tr
from ablate.levels import EXACT, level_name
from ablate.sweep.study import FAIRNESS, Study
from ablate.track.record import StudyTables


@dataclass(frozen=True)
class GateResult:
    """Whether a gate is passed, and the sentence that says what was found."""

    kind: str
    passed: bool
    why: str


def check_gates(study: Study) -> None:
    """Refuse gates that cannot be looked at: a control that is no claim, or the claim itself; unknown levels."""
    ids = [claim.id for claim in study.claims]
    for claim in study.claims:
        for gate in claim.gates:
            if gate.kind == "positive_control":
                if gate.claim not in ids:
                    raise UserError(f"claim {claim.id}, `gates`: {unknown('claim', gate.claim, ids)}")
                if gate.claim == claim.id:
                    raise UserError(f"claim {claim.id}, `gates`: a claim cannot be its own positive control.")
            elif gate.kind == "manipulation_check":
                _check_where(study, claim.id, gate)


def _check_where(study: Study, claim_id: str, gate: ManipulationCheck) -> None:
    for factor, levels in gate.where.items():
        if factor not in study.factors:
            raise UserError(f"claim {claim_id}, `gates`: {unknown('factor', factor, study.factors)}")
        known = {level_key({factor: level}, [factor]) for level in study.factors[factor]}
        for level in levels:
            if level_key({factor: level}, [factor]) not in known:
                raise UserError(f"claim {claim_id}, `gates`: {factor} has no level {level!r}.")


def manipulation(gate: ManipulationCheck, tables: StudyTables) -> GateResult:
    """Look at a manipulation check: failures are filled as in every analysis; no value does not pass."""
    found = endpoint(tables, gate.metric)
    columns = [i for i, row in enumerate(tables.levels()) if _within(row, gate.where)]
    values = found.value[:, columns][found.ran[:, columns]]
    missed = int(found.filled[:, columns].sum()) if counts_steps(found) else 0
    cells = ", ".join(f"{f}={'|'.join(level_name(one, EXACT) for one in levels)}" for f, levels in gate.where.items())
    cells = cells or tr("all cells")
    low = -np.inf if gate.at_least is None else gate.at_least
    high = np.inf if gate.at_most is None else gate.at_most
    bound = _bound(gate.at_least, gate.at_most)
    if not values.size or np.isnan(values).any():
        return GateResult(
            gate.kind, False, tr("{metric} at {cells} is not known for every run", metric=gate.metric, cells=cells)
        )
    if missed and gate.at_most is not None:
        # Their steps are more than what they count as: nobody knows that they are few enough.
        return GateResult(
            gate.kind,
            False,
            tr(
                "{metric} at {cells} must be {bound}; {n} of {runs} runs did not reach the target",
                metric=gate.metric,
                cells=cells,
                bound=bound,
                n=missed,
                runs=values.size,
            ),
        )
    if gate.of == "mean":
        mean = float(values.mean())
        return GateResult(
            gate.kind,
            low <= mean <= high,
            tr(
                "{metric} at {cells} is {mean:.4g} on average; it must be {bound}",
                metric=gate.metric,
                cells=cells,
                mean=mean,
                bound=bound,
            ),
        )
    wrong = int(((values < low) | (values > high)).sum())
    return GateResult(
        gate.kind,
        wrong == 0,
        tr(
            "{metric} at {cells} must be {bound}; {wrong} of {runs} runs are not",
            metric=gate.metric,
            cells=cells,
            bound=bound,
            wrong=wrong,
            runs=values.size,
        ),
    )


def _bound(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return tr("between {low:.6g} and {high:.6g}", low=low, high=high)
    return tr("at least {low:.6g}", low=low) if low is not None else tr("at most {high:.6g}", high=high)


def tuning_edge(comparison: Comparison, tables: StudyTables, arm_ids: Mapping[Any, str]) -> GateResult:
    """Look for tuned values on the edge of their grid.

    An arm's facts hold ``tuned: {key: {chosen, grid, edge}}``; without `edge`, the first and last value of the sorted
    grid are its edges. Arms that are fixed on purpose (`fairness: both`) have nothing to be on the edge of.
    """
    factors = tuple(tables.factors)
    every = [side for cell in comparison.cells for side in comparison.arms(cell)]
    sides = [side for side in every if side.get(FAIRNESS) != "fixed"]
    if not sides:
        return GateResult("tuning_edge", True, tr("its arms are fixed on purpose, nothing was tuned"))
    edges, known = [], 0
    for side in sides:
        tuned = tables.facts.get(arm_ids[level_key(side, factors)], {}).get("tuned") or {}
        known += bool(tuned)
        edges += [
            tr("{key}={chosen} of {side}", key=key, chosen=found["chosen"], side=level_text(side, comparison.names))
            for key, found in tuned.items()
            if _on_edge(found)
        ]
    if known < len(sides):
        return GateResult(
            "tuning_edge",
            False,
            tr("{n} of {arms} arms were not tuned", n=len(sides) - known, arms=len(sides)),
        )
    if edges:
        return GateResult(
            "tuning_edge", False, tr("the best value lies on the edge of its grid: {edges}", edges=", ".join(edges))
        )
    return GateResult("tuning_edge", True, tr("no tuned value lies on the edge of its grid"))


def _on_edge(found: Mapping[str, Any]) -> bool:
    if "edge" in found:
        return bool(found["edge"])
    grid: Sequence[Any] = sorted(found.get("grid", ()))
    return len(grid) < 3 or found.get("chosen") in (grid[0], grid[-1])


def _within(row: Mapping[Any, Any], where: Mapping[str, Sequence[Any]]) -> bool:
    return all(
        level_key({factor: row[factor]}, [factor]) in {level_key({factor: level}, [factor]) for level in levels}
        for factor, levels in where.items()
    )
