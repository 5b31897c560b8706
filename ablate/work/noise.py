"""The baseline against itself, before a study is run in earnest."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

from ablate.errors import must
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Compose, Plan, untold
from ablate.sweep.study import Study
from ablate.train.config import check_seed_count
from ablate.work.bench import Bench
from ablate.work.planning import plan_study
from ablate.work.request import Request
from ablate.work.running import run_study

if TYPE_CHECKING:
    from ablate.track.record import StudyTables

R = TypeVar("R", bound=Request)


def noise_request(request: R, plan: Plan, *, seeds: int | None, copies: int) -> R:
    """Return the A/A study of a study: its baseline, `copies` times over `seeds` seeds of their own.

    Raises
    ------
    UserError
        Fewer than two copies or three seeds, or a baseline that the design does not run.
    """
    from ablate.judge.noise_study import FIRST, copy_seeds

    seeds = len(plan.record.seeds) if seeds is None else seeds
    if copies < 2:
        raise must("--copies", "be at least 2: identical arms are compared with each other", copies)
    if not 3 <= seeds <= FIRST:
        raise must("--seeds", f"be at least 3 (a spread is to be estimated) and at most {FIRST:,}", seeds)
    check_seed_count(seeds * copies, "--seeds times --copies")
    study = Study(
        title=f"Noise floor of {request.name}",
        question="How far apart are runs of the baseline that differ in their seeds only?",
        fixed={**request.study.fixed, **untold(request.study.base_levels())},
        metrics=request.study.metrics,
        seeds=copy_seeds(seeds, copies),
        uses=request.study.uses,
    )
    return dataclasses.replace(
        request,
        name=f"{request.name}-noise",
        study=study,
        seeds=study.seeds,
        compared=None,
        command=f"{request.command.replace('ablate run', 'ablate noise', 1)} --seeds {seeds} --copies {copies}",
    )


def run_noise(aa: Request, compose: Compose, bench: Bench, *, launcher: Launcher) -> StudyTables:
    """Run what is missing of an A/A study (see `noise_request`) and return its runs."""
    twins = plan_study(aa, compose, bench.store)
    run_study(twins, bench, launcher=launcher, report=False)
    return bench.store.read(twins.record.name, key=twins.record.key)
