"""Judging at planned looks only: the first 10, 20, 30 seeds, each look at its own level."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ablate.errors import UserError, must
from ablate.stats.claims import expand
from ablate.stats.judge import judge
from ablate.stats.looks import look_levels
from ablate.stats.verdict import Verdict
from ablate.sweep.claims import ExactClaim
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


def judge_look(
    study: Study, tables: StudyTables, *, look: int, alpha: float = 0.05, extras: bool = True
) -> list[Verdict]:
    """Judge a study by the first ``looks[look]`` of its planned seeds, at that look's level.

    Parameters
    ----------
    look
        0 for the first look.
    alpha
        Chance of even one wrong verdict among all claims at all looks.
    extras
        As for `judge`.

    Raises
    ------
    UserError
        The study plans no such look, or what `judge` raises.
    """
    if not 0 <= look < len(study.looks):
        raise must("look", f"be one of the study's {len(study.looks)} looks, counted from 0", look)
    seeds = planned_seeds(study, tables)[: study.looks[look]]
    kept = dataclasses.replace(tables, seeds=tables.seeds[tables.seeds["seed"].isin(seeds)])
    level = look_levels(tuple(study.looks), alpha=alpha, family=family_size(study))[look]
    note = (look + 1, len(study.looks), study.looks[look], level)
    return [dataclasses.replace(v, look=note) for v in judge(study, kept, alpha=level, extras=extras)]


def planned_seeds(study: Study, tables: StudyTables) -> list[int]:
    """Return the seeds in the order in which they are to be run."""
    if isinstance(study.seeds, list):
        return list(study.seeds)
    return sorted(int(seed) for seed in tables.seeds["seed"].unique())


def last_look(study: Study, tables: StudyTables) -> int | None:
    """Return the last look whose seeds have all been run in every arm, or None."""
    missing = set(tables.seeds.loc[tables.seeds["outcome"].astype(str) == "missing", "seed"])
    seeds = planned_seeds(study, tables)
    reached = [k for k, count in enumerate(study.looks) if len(seeds) >= count and not missing & set(seeds[:count])]
    return reached[-1] if reached else None


def judge_planned(study: Study, tables: StudyTables, *, alpha: float = 0.05) -> list[Verdict]:
    """Judge as the study plans it: once over all runs, or at the last look that is complete.

    Before the first look is complete the runs are judged at the first look's level: whatever is missing then leaves
    claims open.
    """
    if not study.looks:
        return judge(study, tables, alpha=alpha)
    look = last_look(study, tables)
    return judge_look(study, tables, look=0 if look is None else look, alpha=alpha)


def all_decided(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether nothing is left to be decided by more seeds.

    A claim held back by a failed gate counts as decided: seeds do not mend a gate.
    """
    return all(v.decided or v.ungated in ("supported", "refuted") for v in verdicts)


def family_size(study: Study) -> int:
    """Return the number of claims Holm runs over: all but `exact` ones, which are counted, not tested."""
    size = sum(not isinstance(c.claim, ExactClaim) for c in expand(study))
    if not size and not study.claims:
        raise UserError("the study has no claims to judge.")
    return max(size, 1)
