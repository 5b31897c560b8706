"""Whether the arms of a comparison differ in their factors and in nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.claims.comparison import arm_key
from ablate.claims.contract import ClaimKind
from ablate.claims.measured import Endpoint
from ablate.claims.reason import Reason, because
from ablate.errors import UserError
from ablate.judge.expand import expand
from ablate.sweep.metrics import Metrics
from ablate.sweep.study import Level, Study
from ablate.track.record import StudyTables

WATCHED = ("fingerprint", "dataset", "steps", "epochs", "dtype", "program", "revision", "commit", "majority_rate")
"""Facts of an arm that must agree within a comparison, unless a factor is about them."""

NOT_TOLD = "not told"
"""Among the values of a fact: some arm does not say."""


@dataclass(frozen=True)
class Mixture:
    """A comparison whose arms differ in a fact that no factor explains."""

    claim_id: str
    fact: str
    values: tuple[str, ...]

    @property
    def reason(self) -> Reason:
        """What is to be said of it beside the verdicts."""
        return because("mixture", claim_id=self.claim_id, fact=self.fact, values=self.values)


def mixtures(study: Study, tables: StudyTables) -> list[Mixture]:
    """Return every fact that differs within a cell of a comparison although no factor is about it.

    A factor is about a fact if the fact's name is a part of its own (`epochs`; `dataset` for `dataset.train_size`), and
    a factor of the data (`dataset…`) is about its fingerprint and majority rate too; what trains (`program`,
    `program.target`) is about the fingerprint, the dataset, the steps and the dtype. Arms without facts are not judged;
    of imported arms the steps are those of all or of none.
    """
    return _mixed(study, tables.levels(), [tables.facts.get(str(arm), {}) for arm in tables.planned["arm_id"]])


def _mixed(study: Study, rows: Sequence[Mapping[str, Level]], facts: Sequence[Mapping[str, Any]]) -> list[Mixture]:
    factors = tuple(study.factors)
    # What is tuned differs between arms too, and is meant to.
    named = [*factors, *(study.tune.all_keys if study.tune is not None and study.fairness != "fixed" else ())]
    explained = {part for factor in named for part in factor.split(".")}
    if "dataset" in explained or "train_size" in explained:
        explained |= {"fingerprint", "majority_rate", "steps"}  # more examples, more steps per epoch
    if {"epochs", "batch_size", "change_at", "budget"} & explained:
        explained.add("steps")
    if "program" in factors or "program.target" in factors:
        explained |= {"fingerprint", "dataset", "steps", "dtype"}  # another program reads what it needs in its own way
    column = {arm_key(levels, factors): i for i, levels in enumerate(rows)}
    mixed = []
    for comparison in expand(study, arms=rows):
        for fact in (name for name in WATCHED if name not in explained):
            for cell in comparison.cells:
                arms = [facts[column[arm_key(side, factors)]] for side in comparison.arms(cell)]
                values = tuple(sorted({str(arm_facts[fact]) for arm_facts in arms if _known(arm_facts, fact)}))
                if values and fact == "steps" and any(arm.get("imported") and not _known(arm, fact) for arm in arms):
                    values = (*values, NOT_TOLD)  # unknown beside known is not equal
                if len(values) > 1:
                    mixed.append(Mixture(comparison.id, fact, values))
                    break
    return mixed


def horizons(tables: StudyTables, endpoint: Endpoint, columns: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the numbers of steps over which a metric was averaged, where they differ between the sides of a cell.

    Empty where they do not, where they are not known, and for a metric that is not a mean over a run. A mean over a
    longer run is larger because the run is longer: it does not measure how fast the sides learn.
    """
    if not endpoint.declared.over_the_run:
        return ()
    lengths = [_length(tables.facts.get(arm, {})) for arm in endpoint.arm_ids]
    for row in np.atleast_2d(columns):
        steps = {length for column in row if (length := lengths[column]) is not None}
        if len(steps) > 1:
            return tuple(sorted(steps))
    return ()


def _length(facts: Mapping[str, Any]) -> float | None:
    """Return the steps of the part of a run that is judged: from the change of task on, where there is one."""
    return next((float(facts[name]) for name in ("recovery_steps", "steps") if _known(facts, name)), None)


def check_comparable(
    study: Study, arms: Sequence[Mapping[str, Level]], facts: Sequence[Mapping[str, Any]], *, ran: bool = False
) -> None:
    """Refuse comparisons of arms on other data, of other length, or of other code; see `mixtures` to label them.

    Parameters
    ----------
    arms, facts
        The levels of every arm of the plan, and what its program knows before running.
    ran
        The runs are there already: a claim on steps to a target is then judged at the budget that all of its arms had.

    Raises
    ------
    UserError
        Naming the first claim, the fact and its values.
    """
    mixed = _mixed(study, arms, facts)
    if ran:
        meant = Metrics(study.metrics)
        steps = {claim.id for claim in study.claims if claim.to_target or _by_time(claim, meant)}
        mixed = [one for one in mixed if not (one.fact == "steps" and one.claim_id.split("[", 1)[0] in steps)]
    if mixed:
        advice = "Make what they differ in a factor" if ran else "Make it a factor, or fix it for all arms"
        if ran and NOT_TOLD in mixed[0].values:
            advice = "Give the `budget` of all arms; where it is not known, ignore it with --leave-out budget"
        one = mixed[0]
        values = ", ".join(one.values)
        raise UserError(f"claim {one.claim_id} compares arms with different {one.fact}: {values}. {advice}.")


def _by_time(claim: ClaimKind, meant: Metrics) -> bool:
    """Tell whether a claim reads nothing that longer runs are better at; means over a run are looked at by pairs."""
    read = [meant.of(name) for name in claim.metrics]
    return read[:1] != [] and read[0].counts_to_target and all(m.counts_to_target or m.over_the_run for m in read)


def _known(facts: Mapping[str, Any], name: str) -> bool:
    return facts.get(name) is not None
