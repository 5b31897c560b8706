"""Training what is missing of a plan: every run that is done is reported, and beside every arm lies its graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from ablate.nn.graph import Graph, as_json
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Job, Plan
from ablate.sweep.runner import ArmFiles, RunSummary, run_plan
from ablate.track.store import StudySession
from ablate.train.program import RunResult
from ablate.work.bench import Bench
from ablate.work.events import RunFinished, RunsEnded, RunsStarted
from ablate.work.unmeasured import stop_if_unmeasured


def train_missing(
    plan: Plan, session: StudySession, bench: Bench, *, launcher: Launcher, files: ArmFiles | None = None
) -> RunSummary:
    """Run what is missing of a plan (see `runner.run_plan`); where nothing is, nothing is reported.

    Raises
    ------
    Failure
        A worker process died, or what is judged did not come out of the first run. What was finished before is kept.
    """
    name = plan.record.name

    def done(job: Job, result: RunResult) -> None:
        bench.tell(RunFinished(name, job.arm.label, result.seed, str(result.outcome), result.seconds))

    told = False

    def check(job: Job, results: list[RunResult]) -> None:
        nonlocal told
        told = told or stop_if_unmeasured(plan, job, results)

    if not plan.missing:
        return run_plan(plan, session, launcher=launcher, files=files)
    bench.tell(RunsStarted(name, plan.missing))
    try:
        return run_plan(plan, session, launcher=launcher, files=files, done=done, check=check)
    finally:
        bench.tell(RunsEnded(name))


if TYPE_CHECKING:
    from ablate.report.figures.graph_svg import GraphDrawer


class ArmGraphs:
    """Makes the files of each arm of a study: `graph.svg`, and all its numbers as `graph.json`.

    Measured on the arm's first planned seed: about one training step of it, and up to 0.1 s for the first arm of each
    architecture (decision 11).
    """

    def __init__(self, study: str, warn: Callable[[str], None]) -> None:
        self._study, self._warn = study, warn
        self._drawer: GraphDrawer | None = None

    def __call__(self, job: Job) -> dict[str, str]:
        """Return name -> text; nothing where the program has no graph, or this process no memory for it.

        The runs were trained, maybe elsewhere: they are kept without.
        """
        seed = next(iter(job.identities))
        try:
            graph = job.program.graph(job.config, seed=seed)
        except MemoryError as error:
            self._warn(f"no graph of {job.arm.label}: not enough memory ({error})")
            return {}
        if graph is None:
            return {}
        if self._drawer is None:
            from ablate.report.figures.graph_svg import GraphDrawer

            self._drawer = GraphDrawer()
        drawn = self._drawer(graph, title=f"{self._study}: {job.arm.label}")
        return {"graph.svg": drawn, "graph.json": graph_json(graph, seed)}


def graph_json(graph: Graph, seed: int) -> str:
    """Return a graph with all its numbers, and the seed it was measured on, as JSON."""
    return json.dumps({**as_json(graph), "seed": seed}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
