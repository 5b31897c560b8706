"""Arms that cannot differ, or differ in too much: nobody reads what they differ in, or their code is mixed.

A test of such arms would be certain of whatever it found: an equivalence would be supported by any number of copies of
one run. So a comparison is not tested where, in every cell,

- no run looked at the factors its arms differ in (Programs that are traced say so, see `track.known`), or
- its arms agree to the last bit in every seed, in all metrics; or in the claim's own, where that tells seeds apart.

The second does not hold where a Program vouches that each of its settings has its effect (the NumPy core: a step
function passes no gradient on, and freezing what it feeds changes nothing, to the bit), nor where the claim says
`may_be_identical`. An `exact` claim compares nothing, and is always judged. Nor is a comparison tested whose runs
imported different code of a module (see `programs.witness`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.claims.comparison import Comparison, Key, level_key, metrics_used
from ablate.judge.endpoint import MISSING, metrics_of
from ablate.judge.expand import expand
from ablate.lang import tr
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Level, Levels, Study
from ablate.track.known import SEVERAL
from ablate.track.record import StudyTables

OURS = ("numpy",)
"""Programs that vouch for their settings although arms stored before could not say so."""

CLOCK = frozenset({"s", "ms", "us", "µs", "ns", "min", "h", "second", "seconds", "minutes", "hours"})
"""Declared units of what is measured by the clock, and is never the same twice."""

Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Alike:
    """Why a comparison is not tested.

    Attributes
    ----------
    why, next_step
        A sentence each.
    """

    why: str
    next_step: str

    def said(self, verdict: object) -> str:
        """Return why, whatever the numbers."""
        del verdict
        return self.why


class Arms:
    """The arms of a study as they are compared: their levels, their facts, and the bits of what their runs measured."""

    def __init__(self, study: Study, tables: StudyTables) -> None:
        self.study, self.tables = study, tables
        self.factors = tuple(study.factors)
        self._metrics = metrics_in(tables)
        self.rows: list[Levels] = [{f: row[f] for f in self.factors} for row in tables.levels()]
        self.ids = [str(arm) for arm in tables.planned["arm_id"]]
        self.column: dict[Key, int] = {level_key(row, self.factors): i for i, row in enumerate(self.rows)}
        self.by_key = {key: self.ids[i] for key, i in self.column.items()}
        self._bits: dict[str, NDArray[np.float64]] = {}
        self._ended: NDArray[np.str_] | None = None

    def different(self, one: int, other: int) -> list[str]:
        """Return the factors in which two arms differ."""
        a, b = self.rows[one], self.rows[other]
        return [f for f in self.factors if level_key(a, (f,)) != level_key(b, (f,))]

    def unread(self, arm: int) -> list[str] | None:
        """Return the factors that no run of an arm looked at; None where that is not known."""
        found = self.tables.facts.get(self.ids[arm], {}).get("unread")
        return None if found is None else list(found)

    def unread_between(self, one: int, other: int) -> list[str]:
        """Return the factors in which two arms differ, where neither looked at any of them; else nothing."""
        factors = self.different(one, other)
        known = [self.unread(one), self.unread(other)]
        blind = factors and all(held is not None and set(factors) <= set(held) for held in known)
        return factors if blind else []

    def vouched(self, one: int, other: int) -> bool:
        """Tell whether two arms may agree to the last bit without anything being wrong."""
        facts = [self.tables.facts.get(self.ids[arm], {}) for arm in (one, other)]
        served = {str(facts[0].get("same_as", self.ids[one])), str(facts[1].get("same_as", self.ids[other]))}
        return (one != other and len(served) == 1) or all(map(self._vouched, facts, (one, other)))

    def _vouched(self, facts: Mapping[str, Any], arm: int) -> bool:
        if "vouched" in facts or facts.get("imported"):
            return bool(facts.get("vouched"))
        program: Level = self.rows[arm].get("program", self.study.fixed.get("program", "numpy"))
        return program in OURS

    def agree(self, one: int, other: int, metrics: Sequence[str]) -> bool:
        """Tell whether two arms agree to the last bit in every seed that both ran; what has no value agrees, too."""
        ended = self._endings()
        both = (ended[:, one] != MISSING) & (ended[:, other] != MISSING)
        if not both.any() or not (ended[both, one] == ended[both, other]).all():
            return False
        values = (self._values(metric)[both] for metric in metrics)
        return all(np.array_equal(bits[:, one], bits[:, other], equal_nan=True) for bits in values)

    def copies(self, one: int, other: int) -> bool:
        """Tell whether two arms agree in every metric, and have one: runs that all failed are no copies."""
        values = (self._values(metric)[:, [one, other]] for metric in self.measured())
        return self.agree(one, other, self.measured()) and any(np.isfinite(bits).all(axis=1).any() for bits in values)

    def still(self, arm: int) -> bool:
        """Tell whether an arm has several runs that agree in every metric, and have one."""
        ran = self._endings()[:, arm] != MISSING
        values = np.array([self._values(metric)[ran, arm] for metric in self.measured()])
        known = values.size > 0 and bool(np.isfinite(values).all(axis=1).any())
        return (
            known
            and int(ran.sum()) > 1
            and all(np.array_equal(v, np.full_like(v, v[0]), equal_nan=True) for v in values)
        )

    def tells(self, arm: int, metrics: Sequence[str]) -> bool:
        """Tell whether metrics have so many values over the seeds of an arm that agreement is no coincidence."""
        for metric in metrics:
            values = self._values(metric)[:, arm]
            values = values[np.isfinite(values)]
            if len(np.unique(values)) < max(3, len(values) // 2 + 1):
                return False
        return bool(metrics)

    def measured(self) -> list[str]:
        """Return the metrics that must agree: all but those of the clock."""
        return self.untimed(metrics_of(self.tables))

    def untimed(self, metrics: Iterable[str]) -> list[str]:
        """Return the metrics that are not declared to be times of the clock."""
        return [name for name in metrics if self._metrics.of(name).unit not in CLOCK]

    def _values(self, metric: str) -> NDArray[np.float64]:
        if metric not in self._bits:
            held = self.tables.logged(metric)
            column = pd.Series(np.nan, self.tables.seeds.index) if held is None else held
            numbers = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
            self._bits[metric] = self._grid(numbers, np.nan)
        return self._bits[metric]

    def _endings(self) -> NDArray[np.str_]:
        if self._ended is None:
            self._ended = self._grid(self.tables.seeds["outcome"].astype(str).to_numpy(dtype=str), MISSING)
        return self._ended

    def _grid(self, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        seeds, rows = np.unique(self.tables.seeds["seed"].to_numpy(dtype=np.int64), return_inverse=True)
        column = {arm: i for i, arm in enumerate(self.ids)}
        columns = [column[str(arm)] for arm in self.tables.seeds["arm_id"]]
        grid = np.full((len(seeds), len(self.ids)), empty, dtype=values.dtype if values.dtype.kind == "f" else object)
        grid[rows, columns] = values
        return grid


def alike(comparison: Comparison, arms: Arms) -> Alike | None:
    """Return why a comparison is not tested although it could be; None where its arms can differ."""
    claim = comparison.claim
    if not claim.sampled:
        return None
    mixed = _other_code(comparison, arms)
    if mixed:
        return Alike(
            tr("Its runs were made with different code of {files}.", files=", ".join(mixed)),
            tr("Run the study again: runs of code that changed are made anew."),
        )
    for pairs in _pairs(comparison, arms):
        blind = [arms.unread_between(*pair) for pair in pairs]
        if all(blind):
            factors = _listed(blind)
            return Alike(
                tr(
                    "No run read {factors}, which is all that its arms differ in: is the factor read by that name?",
                    factors=factors,
                ),
                tr("Let the training read {factors}, or take the claim out.", factors=factors),
            )
        if claim.may_be_identical or all(itertools.starmap(arms.vouched, pairs)):
            continue
        own = metrics_used(claim, gates=False)  # a time of the clock too: a claim about one is tested where it differs
        if not all(arms.agree(*pair, own) for pair in pairs):
            continue
        if all(itertools.starmap(arms.copies, pairs)) or all(arms.tells(arm, own) for arm, _ in pairs):
            factors = _listed([arms.different(*pair) for pair in pairs])
            return Alike(
                tr("Its arms agree to the last bit in every seed: is the factor read ({factors})?", factors=factors),
                tr(
                    "See whether {factors} reaches the training as it is meant; where agreeing to the last bit is what "
                    "is claimed, say `may_be_identical: true`.",
                    factors=factors,
                ),
            )
    return None


def _other_code(comparison: Comparison, arms: Arms) -> list[str]:
    """Return the files, shown by no import statement, of which the runs of a comparison imported different code."""
    said: dict[str, set[str]] = {}
    for cell in comparison.cells:
        for side in comparison.arms(cell):
            arm = arms.ids[arms.column[level_key(side, arms.factors)]]
            for file, code in arms.tables.facts.get(arm, {}).get("used", {}).items():
                said.setdefault(file, set()).update({code, ""} if code == SEVERAL else {code})
    return sorted(file for file, codes in said.items() if len(codes) > 1)


def unread_notes(study: Study, tables: StudyTables) -> list[str]:
    """Return, in sentences, what no run read: factors, fixed keys, and factors in some of the cells of a claim."""
    arms, idle = Arms(study, tables), idle_keys(tables)
    told = [
        tr("No run read {factor}, a factor: nothing can follow from its levels.", factor=key)
        if key in study.factors
        else tr("No run read {key}, which the study fixes: it says nothing of the runs.", key=key)
        for key in idle
        if key in {**study.factors, **study.fixed}
    ]
    for comparison in expand(study, arms=arms.rows) if any(map(arms.unread, range(len(arms.ids)))) else ():
        for pairs in _pairs(comparison, arms):
            blind = [arms.unread_between(*pair) for pair in pairs]
            if any(blind) and not all(blind):
                told.append(
                    tr(
                        "Claim {claim_id} averages over cells in which no run read {factors}.",
                        claim_id=comparison.id,
                        factors=_listed(blind),
                    )
                )
    return list(dict.fromkeys(told))


def copy_notes(study: Study, tables: StudyTables) -> list[str]:
    """Return, in sentences, which arms and which seeds agree to the last bit without being vouched for."""
    arms, idle = Arms(study, tables), idle_keys(tables)
    everyone = range(len(arms.ids))
    loose = [arm for arm in everyone if not arms.vouched(arm, arm)]
    told = []
    for factor in (f for f in arms.factors if loose and f not in idle):
        alone = [pair for pair in itertools.combinations(everyone, 2) if arms.different(*pair) == [factor]]
        same = [pair for pair in alone if not arms.vouched(*pair) and arms.copies(*pair)]
        if same:
            told.append(
                tr(
                    "{n} of {pairs} pairs of arms that differ in {factor} alone agree to the last bit in every seed "
                    "and metric: is it read?",
                    n=len(same),
                    pairs=len(alone),
                    factor=factor,
                )
            )
    still = list(filter(arms.still, loose))
    if still:
        told.append(
            tr(
                "In {n} of {arms} arms all seeds agree to the last bit in every metric: is the seed used? Copies of "
                "one run say nothing of how much runs differ.",
                n=len(still),
                arms=len(arms.ids),
            )
        )
    return told


def idle_keys(tables: StudyTables) -> list[str]:
    """Return the factors and fixed keys that no run of any arm looked at; nothing where an arm does not say."""
    held = [list(facts.get("unread") or ()) for facts in tables.facts.values()]
    return [key for key in held[0] if all(key in keys for keys in held)] if held else []


def _pairs(comparison: Comparison, arms: Arms) -> Iterator[Pairs]:
    """Yield the pairs of arms that would all have to differ, for every factor a claim is about: over all cells."""
    for cells in zip(*_cells_first(comparison, arms), strict=True):
        yield [pair for pairs in cells for pair in pairs]


def _cells_first(comparison: Comparison, arms: Arms) -> Iterator[list[Pairs]]:
    for cell in comparison.cells:
        sides = [arms.column[level_key(side, arms.factors)] for side in comparison.arms(cell)]
        yield [
            [(sides[i], sides[j]) for i, j in group]
            for group in comparison.claim.pairs(len(sides), len(comparison.over))
        ]


def _listed(factors: Sequence[Sequence[str]]) -> str:
    return ", ".join(dict.fromkeys(factor for part in factors for factor in part))
