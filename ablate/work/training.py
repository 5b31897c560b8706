"""Training what is missing of a plan, and reporting every run that is done."""

from __future__ import annotations

from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Job, Plan
from ablate.sweep.runner import ArmFiles, RunSummary, run_plan
from ablate.track.store import StudySession
from ablate.train.program import RunResult
from ablate.work.events import Bench, RunFinished, RunsEnded, RunsStarted


def train_missing(
    plan: Plan, session: StudySession, bench: Bench, *, launcher: Launcher, files: ArmFiles | None = None
) -> RunSummary:
    """Run what is missing of a plan (see `runner.run_plan`); where nothing is, nothing is reported.

    Raises
    ------
    Failure
        A worker process died. What was finished before is kept.
    """
    name = plan.record.name

    def done(job: Job, result: RunResult) -> None:
        bench.tell(RunFinished(name, job.arm.label, result.seed, str(result.outcome), result.seconds))

    if not plan.missing:
        return run_plan(plan, session, launcher=launcher, files=files)
    bench.tell(RunsStarted(name, plan.missing))
    try:
        return run_plan(plan, session, launcher=launcher, files=files, done=done)
    finally:
        bench.tell(RunsEnded(name))
