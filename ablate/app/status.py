"""What `ablate status` shows: which studies run, what failed and why, what is left of a plan."""

from __future__ import annotations

import dataclasses
from typing import Any

from ablate.app.console import say, say_json, say_table
from ablate.app.tracked import tracked
from ablate.lang import counted
from ablate.resources import root_folder
from ablate.work.status import StudyStatus, outcome_counts, state_of, study_status

STYLES = {
    "running": "bold cyan", "finished": "green", "interrupted": "yellow", "ended with crashes": "bold red",
    "crashed": "bold red", "submitted": "cyan",
}  # fmt: skip
_MOST_RUNS = 5
_MOST_ARMS = 3


def show_status(name: str | None, *, as_json: bool) -> None:
    """Print how all studies stand, or one of them with its arms and its errors."""
    from ablate.track.target import store_for

    store = store_for(root_folder())
    if name is not None:
        status = study_status(tracked(name), store)
        if as_json:
            say_json(_document(status))
        else:
            _say_study(status)
        return
    lines = [(line, *state_of(line, store)) for line in store.studies()]
    if as_json:
        say_json([{**dataclasses.asdict(line), "state": state, "driver": driver} for line, state, driver in lines])
    elif not lines:
        say(f"no runs under {store.where} yet: run a study first, `ablate run quickstart` for example")
    else:
        rows = [
            [line.name, state, line.done, _open(line.planned), outcome_counts(line), line.opened[:16].replace("T", " ")]
            for line, state, _ in lines
        ]
        say_table(["study", "state", "runs", "planned", "ended", "last opened (UTC)"], rows, styles=STYLES)
        for line, _, driver in lines:
            if driver:
                say(f"{line.name} is run by {driver}")


def _open(planned: int | None) -> int | str:
    return "" if planned is None else planned


def _say_study(status: StudyStatus) -> None:
    line = status.line
    who = f" by {status.driver}" if status.driver else ""
    say(f"{line.name}: {status.state}{who}; {counted(line.done, 'run')}: {outcome_counts(line) or 'none'}")
    if status.stopped:
        say(f"nothing is left: it stopped {status.stopped}")
    rows = [[arm.arm, arm.done, arm.crashed, 0 if status.stopped else arm.left] for arm in status.arms]
    say_table(["arm", "done", "crashed", "left"], rows)
    for crash in status.crashes:
        which = ", ".join(f"{run.arm} seed {run.seed}" for run in crash.runs[:_MOST_RUNS])
        more = f" and {len(crash.runs) - _MOST_RUNS} more" if len(crash.runs) > _MOST_RUNS else ""
        say(f"\n{counted(len(crash.runs), 'run')} crashed ({which}{more}):")
        for text in (crash.tail or crash.error).splitlines():
            say(f"    {text}")
        say(f"    all of it: ablate show {crash.runs[0].run_id}")
    for job in status.jobs:
        arms = ", ".join(job.arms[:_MOST_ARMS]) + (", …" if len(job.arms) > _MOST_ARMS else "")
        say(f"job {job.cluster} {job.id}: {job.state}; {job.there} of {counted(job.runs, 'run')} wait ({arms})")
        say(f"    log: {job.log}")
    if status.jobs and not status.driver:
        say(f"take in what is there: ablate collect {line.name}")
    if status.left and not status.driver:
        say(f"\n{counted(status.left, 'run')} left; continue with: {status.command}")


def _document(status: StudyStatus) -> dict[str, Any]:
    document = dataclasses.asdict(status)
    crashes = [
        {"error": crash.error, "tail": crash.tail, "runs": [{"run_id": run.run_id, "arm": run.arm, "seed": run.seed}
                                                             for run in crash.runs]}
        for crash in status.crashes
    ]  # fmt: skip
    return {**document, "crashes": crashes, "left": status.left}
