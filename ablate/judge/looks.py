"""Judging at planned looks only: the first 10, 20, 30 seeds, each look at its own level."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ablate.claims.reason import because
from ablate.errors import UserError, must
from ablate.judge.expand import expand
from ablate.judge.rule import judge
from ablate.judge.verdict import Verdict
from ablate.stats.looks import look_levels
from ablate.sweep.study import Level, Study
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
    if not 0 <= look < len(study.fixed_looks):
        raise must("look", f"be one of the study's {len(study.fixed_looks)} looks, counted from 0", look)
    seeds = planned_seeds(study, tables)[: study.fixed_looks[look]]
    level = look_levels(study.fixed_looks, alpha=alpha, family=family_size(study, arms=levels_by_arm(study, tables)))[
        look
    ]
    kept = of_seeds(tables, seeds)
    note = (look + 1, len(study.fixed_looks), study.fixed_looks[look], level)
    return [dataclasses.replace(v, look=note) for v in judge(study, kept, alpha=level, extras=extras)]


def planned_seeds(study: Study, tables: StudyTables) -> list[int]:
    """Return the seeds in the order in which they are to be run."""
    if isinstance(study.seeds, list):
        return list(study.seeds)
    return sorted(int(seed) for seed in tables.seeds["seed"].unique())


def last_look(study: Study, tables: StudyTables) -> int | None:
    """Return the last look whose seeds have all been run in every arm, or None.

    A crashed run, which is tried again, is not run yet: a look must not be taken twice.
    """
    missing = set(tables.seeds.loc[tables.seeds["outcome"].astype(str).isin(("missing", "crashed")), "seed"])
    seeds = planned_seeds(study, tables)
    looks = enumerate(study.fixed_looks)
    reached = [k for k, count in looks if len(seeds) >= count and not missing & set(seeds[:count])]
    return reached[-1] if reached else None


def of_seeds(tables: StudyTables, seeds: Collection[int]) -> StudyTables:
    """Return the tables with the runs of these seeds only."""
    return dataclasses.replace(tables, seeds=tables.seeds[tables.seeds["seed"].isin(list(seeds))])


def levels_by_arm(study: Study, tables: StudyTables) -> list[dict[str, Any]]:
    """Return the levels of the study's factors in every planned arm."""
    return [{factor: row[factor] for factor in study.factors} for row in tables.levels()]


def unseen_verdicts(study: Study, tables: StudyTables, first: int) -> list[Verdict]:
    """Return the verdicts before the first look, after `first` seeds: nothing is judged."""
    blank = dataclasses.replace(tables, seeds=tables.seeds.assign(outcome="missing"))
    why = because("before_first_look", n=first)
    return [
        dataclasses.replace(verdict, reason=why, advice=because("run_to_the_first_look"))
        for verdict in judge(study, blank, extras=False)
    ]


def all_decided(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether nothing is left to be decided by more seeds.

    A claim held back by a failed gate counts as decided: more seeds do not fix a gate.
    """
    return all(v.decided or v.ungated in ("supported", "refuted") for v in verdicts)


def family_size(study: Study, *, arms: Sequence[Mapping[str, Level]] | None = None) -> int:
    """Return the number of claims Holm runs over: all but `exact` ones, which are counted, not tested."""
    size = sum(c.claim.sampled for c in expand(study, arms=arms))
    if not size and not study.claims:
        raise UserError("the study has no claims to judge.")
    return max(size, 1)
