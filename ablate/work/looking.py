"""Running a study look by look: train up to a look, judge at its level, stop where every claim is decided."""

from __future__ import annotations

from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Plan
from ablate.sweep.runner import ArmFiles, RunSummary
from ablate.track.store import StudySession
from ablate.work.events import Bench, Looked
from ablate.work.judging import since_fresh
from ablate.work.registering import now
from ablate.work.training import train_missing


def run_looks(
    plan: Plan, session: StudySession, bench: Bench, *, launcher: Launcher, files: ArmFiles | None = None
) -> RunSummary:
    """Run what is missing of a plan: all of it, or, with looks, as much as the claims need.

    Goes on from the last look that is complete. Nothing is judged between looks, nor at a look whose level is too
    strict for any claim to be decided.
    """
    study = plan.study
    if not study.looks or not study.claims:
        return train_missing(plan, session, bench, launcher=launcher, files=files)
    from ablate.judge.planning import blind_looks

    blind = blind_looks(study, arms=plan.design.arms)
    parts = [plan.with_seeds(plan.record.seeds[:count]) for count in study.looks]
    first = max((k for k, part in enumerate(parts) if part.missing == 0), default=0)
    summary = RunSummary(skipped=plan.runs - plan.missing, workers=launcher.workers)
    for number in range(first, len(parts)):
        summary.add(train_missing(parts[number], session, bench, launcher=launcher, files=files))
        if summary.crashes:  # a crashed run is tried again: no look before
            return summary
        parts = [part.after(session.finished()) for part in parts]
        if study.looks[number] in blind:
            continue
        if _look(plan, session, bench, number):
            break
    if len(plan.record.seeds) > study.looks[-1] and parts[-1].missing == 0:  # an extension
        rest = plan.after(session.finished())
        summary.add(train_missing(rest, session, bench, launcher=launcher, files=files))
    return summary


def _look(plan: Plan, session: StudySession, bench: Bench, number: int) -> bool:
    """Judge at one look, keep it in the history, and tell whether the study stops here."""
    from ablate.judge.looks import all_decided, judge_look

    study, of = plan.study, len(plan.study.looks)
    tables = bench.store.read(plan.record.name, key=plan.record.key)
    verdicts = judge_look(study, tables, look=number, extras=False)
    enough, decided = all_decided(verdicts), sum(v.decided for v in verdicts)
    look = verdicts[0].look
    level = look[3] if look else None
    where = f"look {number + 1} of {of} ({study.looks[number]} seeds of every arm, level {level:.4f})"
    held = sum(not v.decided for v in verdicts)
    reason = (
        f"at {where} every claim is decided"
        + (f" ({held} held back by a gate, which more seeds do not fix)" if held else "")
        if enough
        else f"at {where}, the last one planned: {decided} of {len(verdicts)} claims are decided"
        if number + 1 == of
        else ""
    )
    event = {
        "event": "look", "number": number + 1, "of": of, "seeds": study.looks[number], "level": level,
        "decided": decided, "claims": len(verdicts), "stop": enough and number + 1 < of, "reason": reason,
    }  # fmt: skip
    seen = [{key: value for key, value in old.items() if key != "time"} for old in since_fresh(session.history())]
    if event not in seen:
        session.note({**event, "time": now()})
        seeds, claims = study.looks[number], len(verdicts)
        bench.tell(Looked(number + 1, of, seeds, level, decided, claims, ends=bool(reason)))
    return enough
