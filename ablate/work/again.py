"""Running a study again after results were seen: with seeds beyond its plan, or everything from the start."""

from __future__ import annotations

import dataclasses
import re
from typing import TypeVar

from ablate.errors import UserError, must, plural
from ablate.sweep.plan import Compose, Plan
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.track.store import Store
from ablate.train.config import check_seed, check_seed_count
from ablate.work.bench import Bench
from ablate.work.events import PutAside
from ablate.work.judging import stop_of
from ablate.work.planning import plan_study
from ablate.work.registering import now
from ablate.work.request import Request

R = TypeVar("R", bound=Request)
_EXTENSIONS = re.compile(r"(?: && ablate extend \S+ --seeds \d+)+$")


def first_command(command: str) -> str:
    """Return the command that made a study without the extensions that stand behind it.

    >>> first_command("ablate run x -- sh -c 'a && b' && ablate extend x --seeds 4")
    "ablate run x -- sh -c 'a && b'"
    """
    return _EXTENSIONS.sub("", command)


def extended(request: R, compose: Compose, more: int | None, store: Store) -> tuple[R, int]:
    """Return the request with more seeds, and the number of seeds the claims were planned for.

    Raises
    ------
    UserError
        The study was not run yet, or with other code or settings; its plan is not finished; or it stopped at a look
        before its plan was used up.
    """
    if more is None or more < 1:
        raise must("--seeds", "be the number of seeds to add, at least 1", more)
    plan = plan_study(request, compose, store)
    record = plan.record
    run = f"`ablate run {record.name}`"
    if not store.finished(record.name, record.key):
        raise UserError(f"{record.name} was not run with this configuration yet: {run} first")
    tables = store.read(record.name, key=record.key)
    strangers = {arm.id for arm in record.arms} - set(tables.planned["arm_id"])
    if strangers and not plan.provisional:
        raise UserError(
            f"{plural(len(strangers), 'arm')} of {record.name} {'is' if len(strangers) == 1 else 'are'} not those "
            "that were run: its code, its levels or its settings "
            f"changed since; {run} first, then extend it"
        )
    planned = list((tables.study["registration"] or {}).get("seeds", record.seeds))
    stopped = stop_of(tables.study["history"])
    if plan.study.any_time is not None:
        tables = _open_tables(plan.study, tables, more, record.name)
    elif stopped is not None:
        raise UserError(
            f"{record.name} stopped {stopped['reason']}; its plan still has seeds for later looks, which cannot "
            "be added afterwards. To train more anyway, give the study another name, without `looks`."
        )
    left = int(((tables.seeds["outcome"] == "missing") & tables.seeds["seed"].isin(planned)).sum())
    if left:
        raise UserError(
            f"{plural(left, 'planned run')} of {record.name} {'is' if left == 1 else 'are'} missing: {run} first, "
            "then extend it"
        )
    added = sorted({int(seed) for seed in tables.seeds["seed"]} - set(planned))
    first = max([*planned, *added]) + 1
    check_seed_count(len(planned) + len(added) + more, "--seeds")
    check_seed(first + more - 1, "--seeds")
    seeds = [*planned, *added, *range(first, first + more)]
    command = f"{request.command} && ablate extend {request.name} --seeds {len(added) + more}"
    return dataclasses.replace(request, seeds=seeds, command=command), len(planned)


def _open_tables(study: Study, tables: StudyTables, more: int, name: str) -> StudyTables:
    """Return the tables of a study that may stop at any time without the runs it did not need."""
    from ablate.judge.anytime import follow

    assert study.any_time is not None
    state = follow(study, tables, extras=False)
    if state.taken and len(state.settled) == len(state.verdicts):
        raise UserError(
            f"every claim of {name} is decided after {plural(state.seeds, 'seed')}; more would change none of them"
        )
    if more % study.any_time.every:
        raise must("--seeds", f"be a multiple of {study.any_time.every}, the seeds between two looks", more)
    return state.planned(study, tables)


def start_over(bench: Bench, *plans: Plan) -> None:
    """Put the finished runs of studies aside, so that the next run of each finds none; its history says so.

    From then on the study goes on as any: interrupted, a run that does not start over goes on with what is missing.
    """
    for plan in plans:
        if not bench.store.finished(plan.record.name, plan.record.key):
            continue
        session = bench.store.open(plan.record)
        try:
            runs = session.set_aside()
            session.note({"event": "fresh", "time": now(), "runs": runs})
        finally:
            session.close("FINISHED")
        bench.tell(PutAside(plan.record.name, runs))
