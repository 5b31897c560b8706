"""Arms that cannot differ, or differ in too much: nobody reads what they differ in, or their code is mixed.

A test of such arms would be certain of whatever it found: an equivalence would be supported by any number of copies of
one run. So a comparison is not tested where, in every cell,

- no run looked at the factors its arms differ in (Programs that are traced say so, see `track.earlier_runs`), or
- its arms agree to the last bit in every seed, in all metrics; or in the claim's own, where that tells seeds apart.

The second does not hold where a Program vouches that each of its settings has its effect (the NumPy core: a step
function passes no gradient on, and freezing what it feeds changes nothing, to the bit), nor where the claim says
`may_be_identical`. An `exact` claim compares nothing, and is always judged. Nor is a comparison tested

- whose runs imported different code of a module (see `programs.witness`), or
- in which all seeds of every arm agree to the last bit with each other: copies of one run, of which a test would be
  certain whatever they show. A share of runs is counted all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.claims.comparison import Comparison, arm_key, metrics_used
from ablate.claims.reason import Reason, because
from ablate.judge.arms import Arms
from ablate.judge.expand import expand
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Study
from ablate.track.earlier_runs import SEVERAL
from ablate.track.record import StudyTables
from ablate.train.metric import PERCENT

Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Alike:
    """Why a comparison is not tested, and what to do."""

    reason: Reason
    advice: Reason


def why_not_tested(comparison: Comparison, arms: Arms) -> Alike | None:
    """Return why a comparison is not tested although it could be; None where its arms can differ."""
    claim = comparison.claim
    if not claim.sampled:
        return None
    mixed = _other_code(comparison, arms)
    if mixed:
        return Alike(because("other_code", files=tuple(mixed)), because("run_again"))
    for pairs in _pairs(comparison, arms):
        blind = [arms.unread_between(*pair) for pair in pairs]
        if all(blind):
            factors = _each_once(blind)
            return Alike(because("unread", factors=factors), because("read_the_factors", factors=factors))
        if claim.may_be_identical or all(itertools.starmap(arms.vouched, pairs)):
            continue
        used = metrics_used(claim, gates=False)  # a time of the clock too: a claim about one is tested where it differs
        if not all(arms.agree(*pair, used) for pair in pairs):
            continue
        if all(itertools.starmap(arms.copies, pairs)) or all(arms.tells(arm, used) for arm, _ in pairs):
            factors = _each_once([arms.different(*pair) for pair in pairs])
            return Alike(because("identical_arms", factors=factors), because("see_the_factors", factors=factors))
    return _copies_of_one_run(comparison, arms)


def _copies_of_one_run(comparison: Comparison, arms: Arms) -> Alike | None:
    """Return why nothing is tested where the seeds of every arm are one run; None where runs of some arm differ."""
    claim = comparison.claim
    if claim.may_be_identical or not claim.reads_values:
        return None
    used = metrics_used(claim, gates=False)
    sides = {arms.column[arm_key(side, arms.factors)] for cell in comparison.cells for side in comparison.arms(cell)}
    if any(arms.vouched(arm, arm) or not arms.still(arm, used) for arm in sides):
        return None
    return Alike(because("identical_seeds"), because("see_the_seed"))


def _other_code(comparison: Comparison, arms: Arms) -> list[str]:
    """Return the files, shown by no import statement, of which the runs of a comparison imported different code."""
    said: dict[str, set[str]] = {}
    for cell in comparison.cells:
        for side in comparison.arms(cell):
            arm = arms.ids[arms.column[arm_key(side, arms.factors)]]
            for file, code in arms.tables.facts.get(arm, {}).get("used", {}).items():
                said.setdefault(file, set()).update({code, ""} if code == SEVERAL else {code})
    return sorted(file for file, codes in said.items() if len(codes) > 1)


def unread_notes(study: Study, tables: StudyTables) -> list[Reason]:
    """Return what no run read: factors, fixed keys, and factors in some of the cells of a claim."""
    arms, idle = Arms(study, tables), idle_keys(tables)
    told = [
        because("unread_factor", factor=key) if key in study.factors else because("unread_key", key=key)
        for key in idle
        if key in {**study.factors, **study.fixed}
    ]
    for comparison in expand(study, arms=arms.rows) if any(map(arms.unread, range(len(arms.ids)))) else ():
        for pairs in _pairs(comparison, arms):
            blind = [arms.unread_between(*pair) for pair in pairs]
            if any(blind) and not all(blind):
                note = because("unread_cells", claim_id=comparison.id, factors=_each_once(blind))
                if note not in told:
                    told.append(note)
    return told


def copy_notes(study: Study, tables: StudyTables) -> list[Reason]:
    """Return which arms and which seeds agree to the last bit without being vouched for."""
    arms, idle = Arms(study, tables), idle_keys(tables)
    everyone = range(len(arms.ids))
    loose = [arm for arm in everyone if not arms.vouched(arm, arm)]
    told = []
    for factor in (f for f in arms.factors if loose and f not in idle):
        alone = [pair for pair in itertools.combinations(everyone, 2) if arms.different(*pair) == [factor]]
        same = [pair for pair in alone if not arms.vouched(*pair) and arms.copies(*pair)]
        if same:
            told.append(because("copies", n=len(same), pairs=len(alone), factor=factor))
    still = list(filter(arms.still, loose))
    if still:
        told.append(because("still_arms", n=len(still), arms=len(arms.ids)))
    return told


def unit_notes(tables: StudyTables) -> list[Reason]:
    """Return which metrics are declared in per cent while runs, all or those of some arms, look like fractions.

    Those of some arms do where all of theirs lie between 0 and 1, and all of the others are above 1.
    """
    declared, told = metrics_in(tables), []
    for name in tables.metrics:
        if declared.of(name).unit != PERCENT:
            continue
        values = pd.to_numeric(tables.seeds[name]).to_numpy(np.float64, na_value=np.nan)
        logged = values[np.isfinite(values)]
        if logged.size and logged.min() >= 0.0 and 0.0 < logged.max() <= 1.0:
            told.append(because("below_one_percent", metric=name, most=float(logged.max())))
            continue
        arms = [
            values[(tables.seeds["arm_id"] == arm) & np.isfinite(values)] for arm in tables.seeds["arm_id"].unique()
        ]
        arms = [of_arm for of_arm in arms if of_arm.size]
        small = [of_arm for of_arm in arms if of_arm.min() >= 0.0 and 0.0 < of_arm.max() <= 1.0]
        if small and all(of_arm.min() > 1.0 for of_arm in arms if of_arm.max() > 1.0):
            most = max(float(of_arm.max()) for of_arm in small)
            told.append(because("below_one_percent_in_some", metric=name, n=len(small), arms=len(arms), most=most))
    return told


def idle_keys(tables: StudyTables) -> list[str]:
    """Return the factors and fixed keys that no run of any arm looked at; nothing where an arm does not say."""
    unread = [list(facts.get("unread") or ()) for facts in tables.facts.values()]
    return [key for key in unread[0] if all(key in keys for keys in unread)] if unread else []


def _pairs(comparison: Comparison, arms: Arms) -> Iterator[Pairs]:
    """Yield the pairs of arms that would all have to differ, for every factor a claim is about: over all cells."""
    for cells in zip(*_cells_first(comparison, arms), strict=True):
        yield [pair for pairs in cells for pair in pairs]


def _cells_first(comparison: Comparison, arms: Arms) -> Iterator[list[Pairs]]:
    for cell in comparison.cells:
        sides = [arms.column[arm_key(side, arms.factors)] for side in comparison.arms(cell)]
        yield [
            [(sides[i], sides[j]) for i, j in group]
            for group in comparison.claim.pairs(len(sides), len(comparison.over))
        ]


def _each_once(factors: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(factor for part in factors for factor in part))
