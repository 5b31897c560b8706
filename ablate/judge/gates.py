"""Gates: what must hold before a claim may be decided at all, and holding back a verdict whose gates fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import numpy as np

from ablate.claims.capped import counts_steps
from ablate.claims.comparison import Comparison, arm_key, arm_text
from ablate.claims.parts import ManipulationCheck, PositiveControl, TuningEdge
from ablate.claims.reason import because
from ablate.errors import UserError, unknown
from ablate.judge.endpoint import endpoint
from ablate.judge.evidence import Collected
from ablate.judge.verdict import GateResult, Verdict
from ablate.levels import EXACT, level_name
from ablate.sweep.study import FAIRNESS, Study
from ablate.track.record import StudyTables
from ablate.track.tuned import edge_values


def check_gates(study: Study) -> None:
    """Refuse gates that cannot be looked at: a control that is not a claim, or the claim itself; unknown levels."""
    ids = [claim.id for claim in study.claims]
    for claim in study.claims:
        for gate in claim.gates:
            match gate:
                case PositiveControl():
                    if gate.claim not in ids:
                        raise UserError(f"claim {claim.id}, `gates`: {unknown('claim', gate.claim, ids)}")
                    if gate.claim == claim.id:
                        raise UserError(f"claim {claim.id}, `gates`: a claim cannot be its own positive control.")
                case ManipulationCheck():
                    _check_where(study, claim.id, gate)
                case TuningEdge():
                    pass
                case _:
                    assert_never(gate)


def _check_where(study: Study, claim_id: str, gate: ManipulationCheck) -> None:
    for factor, levels in gate.where.items():
        if factor not in study.factors:
            raise UserError(f"claim {claim_id}, `gates`: {unknown('factor', factor, study.factors)}")
        keys = {arm_key({factor: level}, [factor]) for level in study.factors[factor]}
        for level in levels:
            if arm_key({factor: level}, [factor]) not in keys:
                raise UserError(f"claim {claim_id}, `gates`: {factor} has no level {level!r}.")


def manipulation(gate: ManipulationCheck, tables: StudyTables) -> GateResult:
    """Look at a manipulation check: failures are filled as in every analysis; no value does not pass."""
    ended = endpoint(tables, gate.metric)
    columns = [i for i, row in enumerate(tables.levels()) if _within(row, gate.where)]
    values = ended.value[:, columns][ended.ran[:, columns]]
    missed = int(ended.filled[:, columns].sum()) if counts_steps(ended) else 0
    cells = ", ".join(f"{f}={'|'.join(level_name(one, EXACT) for one in levels)}" for f, levels in gate.where.items())
    low = -np.inf if gate.at_least is None else gate.at_least
    high = np.inf if gate.at_most is None else gate.at_most
    said = {"metric": gate.metric, "cells": cells}
    bound = {"low": gate.at_least, "high": gate.at_most}
    if not values.size or np.isnan(values).any():
        return GateResult(gate.kind, False, because("check_unknown", **said))
    if missed and gate.at_most is not None:
        # Their steps are more than what they count as: nobody knows that they are few enough.
        return GateResult(gate.kind, False, because("check_missed", **said, **bound, n=missed, runs=values.size))
    if gate.of == "mean":
        mean = float(values.mean())
        return GateResult(gate.kind, low <= mean <= high, because("check_mean", **said, **bound, mean=mean))
    wrong = int(((values < low) | (values > high)).sum())
    return GateResult(gate.kind, wrong == 0, because("check_runs", **said, **bound, wrong=wrong, runs=values.size))


def tuning_edge(comparison: Comparison, tables: StudyTables, arm_ids: Mapping[Any, str]) -> GateResult | None:
    """Look for tuned values on the edge of their grid; None where the gate is not asked for and no arm was tuned.

    It holds for every claim about tuned arms, but for one that must hold in every run, whatever its values. Where a
    claim names it, an arm that was not tuned fails it too. Studies that earlier releases tuned are judged by the gates
    that they were registered with: see `gated_by_itself`.

    An arm's facts hold ``tuned: {key: {chosen, grid, edge}}``; without `edge`, the first and last value of the sorted
    grid are its edges. Arms that are fixed on purpose (`fairness: both`) have nothing to be on the edge of.
    """
    asked = any(gate.kind == "tuning_edge" for gate in comparison.claim.gates)
    if not asked and not comparison.claim.sampled:
        return None
    sides = _sides(comparison)
    if not sides:
        return GateResult("tuning_edge", True, because("fixed_on_purpose")) if asked else None
    tuned = tuned_sides(comparison, tables, arm_ids)
    if not asked and not all(map(gated_by_itself, tables.facts.values())):
        return None
    count = len(tuned)
    edges = [
        {"key": key, "chosen": value, "side": arm_text(side, comparison.names)}
        for side, tunings in tuned
        for key, tuning in tunings.items()
        if _on_edge(tuning)
        for value in edge_values(tuning)
    ]
    if not asked and not count:
        return None
    if asked and count < len(sides):
        return GateResult("tuning_edge", False, because("not_tuned", n=len(sides) - count, arms=len(sides)))
    if edges:
        return GateResult("tuning_edge", False, because("on_the_edge", tuned=tuple(edges)))
    return GateResult("tuning_edge", True, because("not_on_the_edge"))


def gated_by_itself(facts: Mapping[str, Any]) -> bool:
    """Whether claims about an arm have the gate without naming it, by the arm's facts.

    Earlier releases left it to the claims, and did not write down how often an arm chooses (`per`). A gate that is
    added to a registered study afterwards would judge it by another rule than the one it was registered with.
    """
    return "tuning" not in facts or "per" in facts["tuning"]


def tuned_sides(
    comparison: Comparison, tables: StudyTables, arm_ids: Mapping[Any, str]
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the arms of a comparison that were tuned, by their levels, each with `tuned` of its facts."""
    factors = tuple(tables.factors)
    sides = []
    for side in _sides(comparison):
        tuned = tables.facts.get(arm_ids[arm_key(side, factors)], {}).get("tuned")
        if tuned:
            sides.append((side, tuned))
    return sides


def _sides(comparison: Comparison) -> list[Mapping[str, Any]]:
    """Return the arms of a comparison that are not fixed on purpose."""
    every = [side for cell in comparison.cells for side in comparison.arms(cell)]
    return [side for side in every if side.get(FAIRNESS) != "fixed"]


def _on_edge(tuning: Mapping[str, Any]) -> bool:
    if "edge" in tuning:
        return bool(tuning["edge"])
    grid: Sequence[Any] = sorted(tuning.get("grid", ()))
    return len(grid) < 3 or tuning.get("chosen") in (grid[0], grid[-1])


def _within(row: Mapping[Any, Any], where: Mapping[str, Sequence[Any]]) -> bool:
    return all(
        arm_key({factor: row[factor]}, [factor]) in {arm_key({factor: level}, [factor]) for level in levels}
        for factor, levels in where.items()
    )


def gated(
    verdict: Verdict, collected: Collected, verdicts: list[Verdict], tables: StudyTables, checks: list[GateResult]
) -> Verdict:
    """Look at the gates of a claim; one that fails leaves a decided claim open.

    `checks` holds the results of the gates that need more than the tables.
    """
    results = list(checks)
    for gate in collected.comparison.claim.gates:
        match gate:
            case ManipulationCheck():
                results.append(manipulation(gate, tables))
            case PositiveControl():
                controls = [v for v in verdicts if v.source_id == gate.claim]
                wrong = [v for v in controls if v.outcome != gate.must_be]
                outcome = wrong[0].outcome if wrong else gate.must_be
                seen = because("control", claim=gate.claim, wanted=gate.must_be, outcome=outcome)
                results.append(GateResult(gate.kind, not wrong, seen))
            case TuningEdge():
                pass  # among `checks`: it holds unasked, too
            case _:
                assert_never(gate)
    failed = [result for result in results if not result.passed]
    verdict = dataclasses.replace(verdict, gates=tuple(results))
    if failed:
        verdict = dataclasses.replace(verdict, detectable=None, sizes=None)
    if not failed or not verdict.decided:
        return verdict
    why = because("gate_failed", gates=tuple(result.reason for result in failed), outcome=verdict.outcome)
    return dataclasses.replace(verdict, outcome="inconclusive", label="", reason=why, advice=because("see_the_gate"))
