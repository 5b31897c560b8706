"""A study run that is opened to be trained: registered, with what is finished taken off its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Plan
from ablate.sweep.pool import remove_left
from ablate.sweep.runner import RunSummary
from ablate.track.store import StudySession
from ablate.work.advice import changed_code
from ablate.work.bench import Bench
from ablate.work.registering import keep_change, keep_registration


def _nothing() -> None:
    pass


@dataclass
class OpenStudyRun:
    """An open study run. `status` is what it is closed with: `KILLED` until somebody says how it ended."""

    session: StudySession
    plan: Plan
    launcher: Launcher
    status: str = "KILLED"

    def ended(self, summary: RunSummary) -> None:
        """Take over how its training ended."""
        self.status = "FAILED" if summary.crashes else "FINISHED"


@contextmanager
def open_study_run(
    plan: Plan, bench: Bench, *, launcher: Launcher, before: Callable[[Plan], None] | None = None
) -> Iterator[OpenStudyRun]:
    """Open a study run, register it, and close it whatever happens.

    Parameters
    ----------
    launcher
        What trains the arms, as many at a time as it says, or as there are.
    before
        Called with what is missing, once the study is registered and before anything is trained.
    """
    launcher.check(plan)
    store = bench.store
    changed = changed_code(plan, store)
    launcher = launcher.up_to(launcher.most(plan.trained))
    # Processes are started for what is missing, while the store is opened: where nothing is, for nothing.
    missing = plan.after(store.finished(plan.record.name, plan.record.key)).missing
    prepared = launcher.prepare() if missing else _nothing
    session = store.open(plan.record)
    remove_left()
    bench.warn(*store.warnings)
    one = OpenStudyRun(session, plan, launcher)
    try:
        one.plan = plan.after(session.finished())
        keep_registration(one.plan, session, bench)
        keep_change(one.plan, session, changed)
        if before is not None:
            before(one.plan)
        prepared()
        yield one
    finally:
        session.close(one.status)
