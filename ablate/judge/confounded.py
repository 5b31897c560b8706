"""Settings that differ together with what a claim compares: then nobody can tell which of the two made the difference.

Of runs made elsewhere, a file may hold settings that are not factors of the study (`lr`, `epochs`, a data set's name).
The arms keep their values (`facts["settings"]`: column -> value -> number of runs). Where two arms have no value in
common, or most runs of the one have another value than most runs of the other, a claim that compares them is held back.
A column that is a setting by its name (`config.lr`, `params.lr`) must have the same values in both, each as often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from ablate.claims.comparison import Comparison, arm_key, arm_text
from ablate.claims.parts import Level, Levels
from ablate.claims.reason import Reason, because
from ablate.judge.expand import expand
from ablate.judge.verdict import GateResult
from ablate.sweep.import_columns import SETTINGS
from ablate.sweep.import_rest import MOSTLY, is_number_cell, shares, texts_differ
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

_MOST = 4  # values of a setting that are named


def confounded_gates(comparison: Comparison, tables: StudyTables, arm_ids: Mapping[Any, str]) -> list[GateResult]:
    """Return a failed gate for every setting that differs between sides of a comparison, in any of its cells.

    Parameters
    ----------
    arm_ids
        `level_key` of an arm -> its id.
    """
    settings = {key: tables.facts.get(arm, {}).get("settings") or {} for key, arm in arm_ids.items()}
    reasons = _found(comparison, tuple(tables.factors), settings)
    return [GateResult("confounded", passed=False, reason=reasons[name]) for name in sorted(reasons)]


def holding_back(
    study: Study, arms: Sequence[Mapping[str, Level]], facts: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Return setting -> the claims that are held back by it, of a study whose runs are known."""
    factors = tuple(study.factors)
    settings = {
        arm_key(arm, factors): arm_facts.get("settings") or {} for arm, arm_facts in zip(arms, facts, strict=True)
    }
    claims: dict[str, list[str]] = {}
    for comparison in expand(study, arms=arms):
        for name in _found(comparison, factors, settings):
            claims.setdefault(name, []).append(comparison.id)
    return claims


def _found(
    comparison: Comparison, factors: tuple[str, ...], settings: Mapping[Any, Mapping[str, Any]]
) -> dict[str, Reason]:
    """Return setting -> how it differs between the sides."""
    reasons: dict[str, Reason] = {}
    for cell in comparison.cells:
        for one, other in combinations(comparison.arms(cell), 2):
            left, right = (settings.get(arm_key(side, factors), {}) for side in (one, other))
            for name in left.keys() & right.keys() - reasons.keys():
                if _apart(name, left[name], right[name]):
                    reasons[name] = _why(name, (one, left[name]), (other, right[name]))
    return reasons


def _apart(name: str, left: Mapping[str, int], right: Mapping[str, int]) -> bool:
    if name.startswith(SETTINGS):
        return shares(left) != shares(right)
    if not all(is_number_cell(value) for value in {**left, **right}):
        return texts_differ(left, right)
    if left.keys() != right.keys():
        return True
    (one, of_one), (other, of_other) = (max(side.items(), key=lambda item: item[1]) for side in (left, right))
    return one != other and of_one >= MOSTLY * sum(left.values()) and of_other >= MOSTLY * sum(right.values())


def _why(name: str, one: tuple[Levels, Mapping[str, int]], other: tuple[Levels, Mapping[str, int]]) -> Reason:
    apart = [factor for factor, level in one[0].items() if other[0][factor] != level]
    sides = tuple(
        {"values": tuple(values)[:_MOST], "side": arm_text({f: side[f] for f in apart})}
        for side, values in (other, one)
    )
    return because("confounded", setting=name, factors=tuple(apart), sides=sides)
