"""Judging as a study plans it: once, at its planned looks, or at any time; and beside it what was added later."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from ablate.judge.anytime import follow
from ablate.judge.looks import family_size, judge_look, last_look, levels_by_arm, of_seeds, unseen_verdicts
from ablate.judge.lost import with_lost
from ablate.judge.rule import judge
from ablate.judge.verdict import Verdict
from ablate.stats.looks import look_levels
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


def judge_planned(study: Study, tables: StudyTables, *, alpha: float = 0.05) -> list[Verdict]:
    """Judge as the study plans it: once over all runs, or at the last look that is complete.

    Before the first look is complete nothing is judged: every claim is `not_tested`.
    """
    if study.any_time is not None:
        return list(follow(study, tables, alpha=alpha).verdicts)
    if not study.fixed_looks:
        return judge(study, tables, alpha=alpha)
    look = last_look(study, tables)
    if look is None:
        return unseen_verdicts(study, tables, study.fixed_looks[0])
    return judge_look(study, tables, look=look, alpha=alpha)


def judge_registered(
    study: Study, tables: StudyTables, *, seeds: Collection[int], post_hoc: Collection[str] = (), alpha: float = 0.05
) -> tuple[list[Verdict], list[Verdict]]:
    """Judge the planned seeds as planned, and beside them all seeds, where some were added after results were seen.

    Parameters
    ----------
    seeds
        The seeds that were registered; empty where nothing was registered, and then all of them count as planned.
    post_hoc
        Claims that were edited since.

    Returns
    -------
    tuple
        The verdicts of the plan; and those over all seeds, empty without an extension. The extended ones are judged at
        α (with looks: at the level of the last one), which does not hold for them: whether more seeds were run
        depended on what the first had shown. Looks at any time allow for that: their verdicts are over all seeds.
    """
    ran = set(tables.seeds.loc[tables.seeds["outcome"].astype(str) != "missing", "seed"])
    planned = of_seeds(tables, seeds) if seeds and study.any_time is None else tables
    verdicts = with_lost(study, planned, judge_planned(study, planned, alpha=alpha), alpha=alpha)
    extended: list[Verdict] = []
    if seeds and ran - set(seeds) and study.any_time is None:
        family = family_size(study, arms=levels_by_arm(study, tables))
        level = look_levels(study.fixed_looks, alpha=alpha, family=family)[-1] if study.fixed_looks else alpha
        extended = judge(study, tables, alpha=level)
    label = [[dataclasses.replace(v, post_hoc=v.source_id in post_hoc) for v in part] for part in (verdicts, extended)]
    return label[0], label[1]
