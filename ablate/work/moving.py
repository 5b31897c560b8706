"""Studies brought into a store, or to another name: with runs, registration, looks and history."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import Failure, UserError, plural
from ablate.identity import digest
from ablate.sweep.study_file import parse_study
from ablate.sweep.study_key import key_under
from ablate.track.archive import read_archive
from ablate.track.archived import Archived
from ablate.track.record import ArmRecord, StudyRecord
from ablate.track.store import Store
from ablate.track.stored_run import LoggedRun
from ablate.train.outcome import Outcome
from ablate.work.bench import Bench
from ablate.work.exporting import archived_studies, check_intact
from ablate.work.places import plain_name
from ablate.work.registering import now
from ablate.work.rerunning import TIMED

IMPORTED = "imported"
"""The event that says where the runs of a study were brought from."""


@dataclass(frozen=True)
class Moved:
    """What became of one study run of an archive.

    Attributes
    ----------
    new, there, different
        Runs that were brought; that were there already; those of these that have other values here, which stay.
    notes
        What the user should know.
    """

    study: str
    key: str
    new: int
    there: int
    different: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Joining:
    """What is to be written of one study run, which is not here (`fresh`), or as far as an ended process brought it.

    Such a one has `begun`, and may have `noted` where the runs come from.
    """

    plan: StudyRecord
    archived: Archived
    runs: tuple[LoggedRun, ...]
    events: tuple[Mapping[str, Any], ...]
    fresh: bool
    told: Moved
    registers: bool = False
    begun: bool = False
    noted: bool = False

    @property
    def anything(self) -> bool:
        return self.fresh or self.begun or bool(self.runs or self.events or self.registers)


def import_archive(path: Path, bench: Bench, *, name: str | None = None) -> list[Moved]:
    """Bring the studies of a file into the store; what is there already stays, and nothing is there twice.

    Parameters
    ----------
    name
        What the study is called here; by default as it was.

    Raises
    ------
    UserError
        See `read_archive`; the study was registered otherwise here, or went on otherwise. Nothing is written then.
    """
    return bring(read_archive(path), bench, name=name, said=str(path))


def rename_study(old: str, new: str, bench: Bench) -> tuple[list[Moved], str]:
    """Keep the runs of a study under another name; those of the old name go into the trash.

    Returns what was written, and how the old name is brought back. Interrupted, the same command goes on.

    Raises
    ------
    UserError
        No study has the old name, or one has the new.
    """
    if old == new:
        raise UserError(f"{old!r} is its name already")
    studies = archived_studies(old, bench.store)
    came = {one.plan.key: one for one in (_under(study, new) for study in studies)}
    there = [line.key for line in bench.store.studies() if line.name == new]
    if any(key not in came or _is_another(came[key], bench.store) for key in there):
        raise UserError(f"a study {new!r} is in the store already: nothing was renamed")
    return bring(studies, bench, name=new, said=f"study {old!r}"), bench.store.trash(old)


def _is_another(copy: Archived, store: Store) -> bool:
    """Tell whether the study that has a copy's name and key is more than a part of it, as an interrupted copy is."""
    name, key = copy.plan.name, copy.plan.key
    stored = dict(store.read(name, key=key).study["registration"] or {})
    if stored and stored != dict(copy.registration or {}):
        return True
    runs = {(one.run.arm_id, one.run.seed): _values(one) for one in copy.runs}
    return any(runs.get((one.run.arm_id, one.run.seed)) != _values(one) for one in store.logged(name, key=key))


def bring(studies: Sequence[Archived], bench: Bench, *, name: str | None, said: str) -> list[Moved]:
    """Write study runs into the store (see `import_archive`); `said` names in errors where they come from."""
    named = [_under(one, name) if name is not None else one for one in studies]
    for one in named:
        plain_name(one.plan.name)
        parse_study(one.plan.definition, where=said, stored=True)
        try:
            check_intact(one.plan.name, one.registration, one.registered_sha256)
        except Failure as error:
            raise UserError(f"{said}: {error}") from None
    lines = {(line.name, line.key): line.status for line in bench.store.studies()}
    joining = [_joining(one, bench.store, lines.get((one.plan.name, one.plan.key)), said=said) for one in named]
    for each in joining:
        if each.anything:
            _write(each, bench)
        bench.warn(*each.told.notes)
    return [each.told for each in joining]


def _under(archived: Archived, name: str) -> Archived:
    plan = archived.plan
    study = parse_study(plan.definition, where=f"study {plan.name!r}", stored=True)
    key = key_under(plan, study, name) or digest([plan.key, name])[:16]
    return dataclasses.replace(archived, plan=dataclasses.replace(plan, name=name, key=key))


def _joining(archived: Archived, store: Store, status: str | None, *, said: str) -> _Joining:
    """Return what is to be written; `status` is that of the study run here, None where there is none."""
    name, key = archived.plan.name, archived.plan.key
    if status is None:
        told = Moved(name, key, len(archived.runs), 0, 0)
        registers = bool(archived.registration)
        return _Joining(archived.plan, archived, archived.runs, tuple(archived.history), True, told, registers)
    head = store.read(name, key=key).study
    stored = dict(head["registration"] or {})
    if stored and archived.registration and stored != archived.registration:
        raise UserError(
            f"{said}: {name} was registered otherwise here ({stored['time']}, not {archived.registration['time']}): "
            "import it under another name, `--name NEW`; nothing was imported"
        )
    events = _later(archived.history, head["history"], f"{said}: {name}")
    there = {(one.run.arm_id, one.run.seed): one for one in store.logged(name, key=key)}
    runs, present, different = [], 0, 0
    for logged in archived.runs:
        mine = there.get((logged.run.arm_id, logged.run.seed))
        crashed = logged.run.outcome == Outcome.CRASHED
        if mine is None or (mine.run.outcome == Outcome.CRASHED and not crashed):
            runs.append(logged)
            continue
        present += 1
        different += not crashed and _values(mine) != _values(logged)
    mine_plan = store.plan(name, key=key)
    plan = archived.plan if _covers(archived.plan, mine_plan) and not _covers(mine_plan, archived.plan) else mine_plan
    notes = []
    if different:
        notes.append(
            f"{name}: {plural(different, 'run has', 'runs have')} other values here than in {said}; those here stay"
        )
    if not _covers(plan, archived.plan):
        notes.append(
            f"{name}: neither plan has all arms and seeds of the other; the one here stays, and runs of arms that only "
            "the other has are kept but not judged"
        )
    told = Moved(name, key, len(runs), present, different, tuple(notes))
    registers = bool(archived.registration) and not (stored and head["registered_sha256"])
    ended = status in ("FINISHED", "FAILED") or bool(store.driver(name, key))
    noted = not ended and bool(head["history"]) and _same_source(head["history"][-1], archived)
    begun = not ended and (noted or not there)
    return _Joining(plan, archived, tuple(runs), events, False, told, registers, begun, noted)


def _source(archived: Archived) -> dict[str, Any]:
    return {"event": IMPORTED, "from": archived.where, "created": archived.created, "provenance": archived.provenance}


def _same_source(event: Mapping[str, Any], archived: Archived) -> bool:
    """Tell whether an event says that runs were being brought from there."""
    source = _source(archived)
    return {name: event.get(name) for name in source} == source


def _values(logged: LoggedRun) -> tuple[str, dict[str, float]]:
    metrics = logged.record.result.metrics
    return logged.run.outcome, {name: value for name, value in metrics.items() if not name.startswith(TIMED)}


def _covers(one: StudyRecord, other: StudyRecord) -> bool:
    arms = {arm.id for arm in one.run_arms} >= {arm.id for arm in other.run_arms}
    return arms and set(one.seeds) >= set(other.seeds)


def _later(
    theirs: Sequence[Mapping[str, Any]], mine: Sequence[Mapping[str, Any]], said: str
) -> tuple[Mapping[str, Any], ...]:
    """Return the events that came after those here; where these are the later ones, none."""
    one, two = ([event for event in events if event["event"] != IMPORTED] for events in (theirs, mine))
    shared = min(len(one), len(two))
    if [dict(event) for event in one[:shared]] != [dict(event) for event in two[:shared]]:
        raise UserError(
            f"{said} went on otherwise here since it was copied (looks, extensions or edits differ): import it under "
            "another name, `--name NEW`; nothing was imported"
        )
    return tuple(one[shared:])


def _write(one: _Joining, bench: Bench) -> None:
    archived, status = one.archived, "KILLED"
    session = bench.store.open(one.plan)
    try:
        if one.registers:
            session.register(archived.registration)
        for event in one.events:
            session.note(event)
        if one.runs and not one.noted:  # before the runs: where this process ends, the next one knows whose they are
            session.note({**_source(archived), "time": now(), "runs": len(one.runs)})
        groups: dict[str, tuple[ArmRecord, list[LoggedRun]]] = {}
        for logged in one.runs:
            what = digest([logged.arm.id, logged.arm.config, logged.run.fingerprint])
            groups.setdefault(what, (logged.arm, []))[1].append(logged)
        for arm, runs in bench.each(one.plan.name, "arm", groups.values()):
            session.log_arm(arm, [logged.record for logged in runs])
        whole = (one.fresh or one.begun) and archived.status in ("FINISHED", "FAILED")
        status = archived.status if whole else "FINISHED"
    finally:
        session.close(status)
