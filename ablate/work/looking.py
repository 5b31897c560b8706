"""Running a study look by look: train up to a look, judge at its level, stop where every claim is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.errors import plural
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Plan
from ablate.sweep.runner import ArmFiles, RunSummary
from ablate.track.store import Store, StudySession
from ablate.work.bench import Bench
from ablate.work.events import Looked
from ablate.work.judging import since_fresh
from ablate.work.registering import now
from ablate.work.training import train_missing

if TYPE_CHECKING:
    from ablate.judge.anytime import Followed

ALPHA = 0.05
"""Chance of a wrong verdict of a study, at all its looks together."""


def run_looks(
    plan: Plan, session: StudySession, bench: Bench, *, launcher: Launcher, files: ArmFiles | None = None
) -> RunSummary:
    """Run what is missing of a plan: all of it, or, with looks, as much as the claims need.

    With looks at any time see `_run_at_any_time`.

    Goes on from the last look that is complete. Nothing is judged between looks, nor at a look whose level is too
    strict for any claim to be decided.
    """
    study = plan.study
    if study.any_time is not None and study.claims:
        return _run_at_any_time(plan, session, bench, launcher=launcher, files=files)
    if not study.fixed_looks or not study.claims:
        return train_missing(plan, session, bench, launcher=launcher, files=files)
    from ablate.judge.planning import blind_looks

    blind = blind_looks(study, arms=plan.design.arms)
    parts = [plan.with_seeds(plan.record.seeds[:count]) for count in study.fixed_looks]
    first = max((k for k, part in enumerate(parts) if part.missing == 0), default=0)
    summary = RunSummary(skipped=plan.runs - plan.missing, workers=launcher.workers)
    for number in range(first, len(parts)):
        summary.add(train_missing(parts[number], session, bench, launcher=launcher, files=files))
        if summary.crashes:  # a crashed run is tried again: no look before
            return summary
        parts = [part.after(session.finished()) for part in parts]
        if study.fixed_looks[number] in blind:
            continue
        if _look(plan, session, bench, number):
            break
    if len(plan.record.seeds) > study.fixed_looks[-1] and parts[-1].missing == 0:  # an extension
        rest = plan.after(session.finished())
        summary.add(train_missing(rest, session, bench, launcher=launcher, files=files))
    return summary


def run_bounds(plan: Plan) -> tuple[int, int]:
    """Return the fewest and the most runs of a study that may stop at any time.

    The fewest: every claim is decided at the first look. The most: none before the last; what no claim compares has the
    seeds of the first look all the same.
    """
    from ablate.judge.anytime import compared_arms

    assert plan.study.any_time is not None
    first = {job.arm.id: plan.study.any_time.first for job in plan.jobs}
    arms = [(job.arm.id, job.arm.levels) for job in plan.jobs]
    every = set().union(*compared_arms(plan.study, arms).values())
    last = {arm: len(plan.record.seeds) if arm in every else count for arm, count in first.items()}
    return plan.with_needed(first).runs, plan.with_needed(last).runs


def progress(plan: Plan, store: Store) -> Followed | None:
    """Return how far a study that may stop at any time is; None where its runs are not there, or of other arms."""
    if plan.study.any_time is None or not plan.study.claims:
        return None
    from ablate.judge.anytime import follow

    if not store.finished(plan.record.name, plan.record.key):
        return None
    tables = store.read(plan.record.name, key=plan.record.key)
    if {job.arm.id for job in plan.jobs} != set(tables.planned["arm_id"].astype(str)):
        return None
    return follow(plan.study, tables, extras=False)


def _run_at_any_time(
    plan: Plan, session: StudySession, bench: Bench, *, launcher: Launcher, files: ArmFiles | None
) -> RunSummary:
    """Run batch by batch what claims that are still open need, until none is, or the last planned seed was run.

    An arm that no open claim compares is not run on. What is decided is read off the runs alone, from the first look
    on, so that it does not matter how often the study was stopped.
    """
    from ablate.judge.anytime import follow

    assert plan.study.any_time is not None
    summary = RunSummary(skipped=plan.runs - plan.missing, workers=launcher.workers)
    part = plan.with_needed({job.arm.id: plan.study.any_time.first for job in plan.jobs})
    state: Followed | None = None
    while True:
        summary.add(train_missing(part, session, bench, launcher=launcher, files=files))
        if summary.crashes:  # a crashed run is tried again: no look before
            return summary
        tables = bench.store.read(plan.record.name, key=plan.record.key)
        before = state.taken if state is not None else 0
        state = follow(plan.study, tables, extras=False, before=state)
        _note_look(plan, session, bench, state)
        part = plan.after(session.finished()).with_needed(state.needed)
        if state.ends or (state.taken == before and not part.missing):
            return summary


def _note_look(plan: Plan, session: StudySession, bench: Bench, state: Followed) -> None:
    """Keep the last look that was taken in the history, once, and report it."""
    if not state.taken:
        return
    runs_on = sum(count > state.seeds for count in state.needed.values())
    decided, claims, of = sum(v.decided for v in state.verdicts), len(state.verdicts), len(state.looks)
    spared = plan.with_needed(state.needed).runs < plan.runs
    held_back = len(state.settled) - sum(v.decided for v in state.settled.values())
    reason = ""
    if state.ends:
        reason = (
            f"after {plural(state.seeds, 'seed')} every claim is decided"
            + (f" ({held_back} held back by a gate, which more seeds do not fix)" if held_back else "")
            if len(state.settled) == claims
            else f"after {plural(state.seeds, 'seed')}, the most that are planned: {decided} of "
            f"{plural(claims, 'claim is', 'claims are')} decided"
        )
    event = {
        "event": "look", "number": state.taken, "of": of, "seeds": state.seeds, "level": ALPHA, "decided": decided,
        "claims": claims, "arms": runs_on, "stop": state.ends and spared, "reason": reason,
    }  # fmt: skip
    seen = [{key: value for key, value in old.items() if key != "time"} for old in since_fresh(session.history())]
    if event not in seen:
        session.note({**event, "time": now()})
        arms = (runs_on, len(plan.jobs))
        bench.tell(Looked(state.taken, of, state.seeds, ALPHA, decided, claims, ends=state.ends, arms=arms))


def _look(plan: Plan, session: StudySession, bench: Bench, number: int) -> bool:
    """Judge at one look, keep it in the history, and tell whether the study stops here."""
    from ablate.judge.looks import all_decided, judge_look

    study, of = plan.study, len(plan.study.fixed_looks)
    tables = bench.store.read(plan.record.name, key=plan.record.key)
    verdicts = judge_look(study, tables, look=number, extras=False)
    enough, decided = all_decided(verdicts), sum(v.decided for v in verdicts)
    look = verdicts[0].look
    level = look[3] if look else None
    where = f"look {number + 1} of {of} ({plural(study.fixed_looks[number], 'seed')} of every arm, level {level:.4f})"
    held_back = sum(not v.decided for v in verdicts)
    reason = (
        f"at {where} every claim is decided"
        + (f" ({held_back} held back by a gate, which more seeds do not fix)" if held_back else "")
        if enough
        else f"at {where}, the last one planned: {decided} of {plural(len(verdicts), 'claim is', 'claims are')} decided"
        if number + 1 == of
        else ""
    )
    event = {
        "event": "look", "number": number + 1, "of": of, "seeds": study.fixed_looks[number], "level": level,
        "decided": decided, "claims": len(verdicts), "stop": enough and number + 1 < of, "reason": reason,
    }  # fmt: skip
    seen = [{key: value for key, value in old.items() if key != "time"} for old in since_fresh(session.history())]
    if event not in seen:
        session.note({**event, "time": now()})
        seeds, claims = study.fixed_looks[number], len(verdicts)
        bench.tell(Looked(number + 1, of, seeds, level, decided, claims, ends=bool(reason)))
    return enough
