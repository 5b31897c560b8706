"""Holding back a verdict whose gates fail."""

from __future__ import annotations

import dataclasses

from ablate.claims.reason import because
from ablate.judge.evidence import Collected
from ablate.judge.gates import GateResult, manipulation
from ablate.judge.verdict import Verdict
from ablate.track.record import StudyTables


def gated(
    verdict: Verdict, found: Collected, verdicts: list[Verdict], tables: StudyTables, checks: list[GateResult]
) -> Verdict:
    """Look at the gates of a claim; one that fails leaves a decided claim open.

    `checks` holds the results of the gates that need more than the tables.
    """
    results = list(checks)
    for gate in found.comparison.claim.gates:
        if gate.kind == "manipulation_check":
            results.append(manipulation(gate, tables))
        elif gate.kind == "positive_control":
            controls = [v for v in verdicts if v.source_id == gate.claim]
            wrong = [v for v in controls if v.outcome != gate.must_be]
            outcome = wrong[0].outcome if wrong else gate.must_be
            seen = because("control", claim=gate.claim, wanted=gate.must_be, outcome=outcome)
            results.append(GateResult(gate.kind, not wrong, seen))
    failed = [result for result in results if not result.passed]
    verdict = dataclasses.replace(verdict, gates=tuple(results))
    if not failed or not verdict.decided:
        return verdict
    why = because("gate_failed", gates=tuple(result.reason for result in failed), outcome=verdict.outcome)
    return dataclasses.replace(verdict, outcome="inconclusive", label="", reason=why, advice=because("see_the_gate"))
