"""Before anything is trained: what was registered, and what this run changes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ablate.errors import plural
from ablate.identity import made_by
from ablate.resources import sentences_file
from ablate.sweep.plan import Plan
from ablate.sweep.registration import canonical_text, changes, definition, registration_document, text_hash
from ablate.sweep.sentences import hashes_for, read_sentences
from ablate.track.history import check_kept
from ablate.track.store import StudySession
from ablate.work.advice import idle
from ablate.work.bench import Bench


def now() -> str:
    """Return the time as it is kept: ISO, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def keep_registration(plan: Plan, session: StudySession, bench: Bench) -> None:
    """Register a study that claims something at its first run; at a later one, keep what differs.

    With it the rules are registered by which its verdicts decide sentences of the notes. More seeds are kept as an
    extension, another definition as an edit, both with the time; the user is told.
    """
    if not plan.study.claims:
        return
    seeds = plan.record.seeds
    decides = hashes_for(plan.record.name, read_sentences(sentences_file()))
    before = len(session.finished())
    fresh = registration_document(plan.study, seeds, command=plan.record.command, runs_before=before, sentences=decides)
    stored = session.register(fresh)
    events = session.history()
    check_kept(stored, events, where=f"study {plan.record.name!r}")
    planned = set(stored["seeds"]).union(*(event["added"] for event in events if event["event"] == "extension"))
    added = [seed for seed in seeds if seed not in planned]
    if added:
        session.note(_extension(planned, added, plan.record.command))
        was = plural(len(stored["seeds"]), "that was", "that were")
        bench.warn(
            f"{plural(len(added), 'seed')} beyond the {was} registered: "
            "an extension; the verdicts stay those of the registered seeds, and the extended ones are shown as well"
        )
    changed = changes(stored, plan.study, idle=idle(plan, bench.store, stored))
    sha = text_hash(canonical_text(definition(plan.study), stored["seeds"]))
    if changed.diff and sha not in {event["sha256"] for event in events if event["event"] == "edit"}:
        session.note({"event": "edit", "time": now(), "sha256": sha, "diff": changed.diff})
    if changed.delta is not None:
        was, now_is = (f"{delta:g}" if delta else "none" for delta in changed.delta)
        bench.warn(
            f"δ (--by-at-least) is {now_is}, and was {was} when the sweep was registered on {stored['time']}: its "
            f"verdicts are post hoc; every line that changed: `ablate report {plan.record.name}`, under registration"
        )
    elif changed.diff:
        touched = ", ".join(sorted(changed.post_hoc)) or "no claim"
        what, instead = "study", "give the changed study a file of its own to register it"
        if plan.study.claims and all(claim.exploratory for claim in plan.study.claims):
            what, instead = "sweep", "`--name NAME` keeps the changed one by itself"
        bench.warn(
            f"the {what} was changed since it was registered on {stored['time']}: post hoc for {touched}; {instead}\n"
            f"{changed.diff}"
        )


def keep_change(plan: Plan, session: StudySession, changed: Mapping[str, int]) -> None:
    """Keep that runs are made again because their code changed after some had finished, and of what."""
    if changed:
        code = sorted({made_by(job.arm.facts) for job in plan.trained})
        what = {"changed": ", ".join(changed), "runs": sum(changed.values()), "code": code}
        if what not in [{key: event.get(key) for key in what} for event in session.history()]:
            session.note({"event": "code", "time": now(), **what})


def _extension(planned: set[int], added: list[int], command: str) -> dict[str, Any]:
    return {
        "event": "extension",
        "time": now(),
        "added": added,
        "seeds_before": len(planned),
        "seeds_after": len(planned) + len(added),
        "command": command,
    }
