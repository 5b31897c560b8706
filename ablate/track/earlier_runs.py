"""Runs that were made before, under whatever plan: arms with what their runs looked at, and one metric of their runs.

So a plan finds runs that nothing would change, and tuning finds the scores of its trials. SQL only.

A run of a Program that is traced carries the fingerprint of its code, the digest of its configuration and what it
looked at of it, each as a tag; the configuration itself lies beside it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ablate.identity import digest, made_by
from ablate.levels import restored_levels
from ablate.resources import plain_file
from ablate.track import ledger
from ablate.track.curve_names import curve_names
from ablate.track.database import exists
from ablate.track.layout import Layout
from ablate.track.names import BESIDE, KEYS_TAG, TIMER
from ablate.track.names import key as key_of
from ablate.track.places import run_folder
from ablate.track.reading import read_only
from ablate.track.record import ArmRecord, Level, StudyRecord
from ablate.track.store import Score
from ablate.train.outcome import LARGEST
from ablate.train.program import RunResult
from ablate.train.reads import unread
from ablate.values import from_json

FINGERPRINT = "ablate.fingerprint"
READS = "ablate.read"
CONFIG = "ablate.config"
USED = "ablate.used"
SEVERAL = "several"
_TAGS = (FINGERPRINT, READS, CONFIG, USED, "ablate.levels")


@dataclass(frozen=True)
class StoredArm:
    """Finished runs of one arm under one configuration.

    Attributes
    ----------
    key
        Of the study run they belong to; those opened last come first.
    config
        As it was described when they ran.
    fingerprint
        Empty where runs were stored before they carried it.
    reads
        What any of them looked at; None where one of them does not say.
    used
        What their modules said that no import statement shows, file -> digest.
    identities
        Seed -> identity.
    ended
        When the first of them ended, seconds since 1970.
    facts
        Of the arm, as it was last planned; empty where a later plan has other arms.
    """

    key: str
    arm_id: str
    levels: dict[str, Level]
    config: dict[str, Any]
    fingerprint: str
    reads: frozenset[str] | None
    identities: dict[int, str]
    ended: float
    facts: dict[str, Any] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)


def run_tags(arm: ArmRecord, result: RunResult) -> dict[str, str]:
    """Return the tags of a seed run by which it is found again whatever its arm is called."""
    tags = {FINGERPRINT: made_by(arm.facts), CONFIG: digest(arm.config)[:16]}
    if result.used:
        tags[USED] = json.dumps(dict(result.used), sort_keys=True)
    return tags if result.reads is None else {**tags, READS: json.dumps(list(result.reads))}


def stored_arms(root: Path, name: str) -> list[StoredArm]:
    """Return the arms of every study run of a name that have finished runs; crashed ones are left out."""
    layout = Layout(root.resolve())
    if not exists(layout):
        return []
    with read_only(layout.database) as connection:
        if not ledger.has_tables(connection):
            return []
        studies = [run for run in ledger.study_runs(connection) if run.name == name]
        return [arm for study in studies for arm in _arms(connection, study, layout)]


def _arms(connection: sqlite3.Connection, study: ledger.StudyRun, layout: Layout) -> list[StoredArm]:
    tags = {key: ledger.tags_of(connection, study.run_id, key) for key in _TAGS}
    groups: dict[tuple[str, ...], list[ledger.Child]] = {}
    for run in ledger.last_per_seed(ledger.children(connection, study.run_id)).values():
        if run.outcome != "crashed":
            said = (tags[key].get(run.run_id, "{}" if key == USED else "") for key in (FINGERPRINT, CONFIG, USED))
            groups.setdefault((run.arm_id, *said), []).append(run)
    stored, planned = [], _read(run_folder(layout, study.name, study.run_id, study.artifact_uri), "plan.json")
    arms = [*planned["arms"], *planned.get("trials", {}).get("arms", ())] if planned else []
    facts = {arm["id"]: arm["facts"] for arm in arms}
    for (arm_id, fingerprint, _, used), runs in groups.items():
        folders = (run_folder(layout, study.name, run.run_id, run.artifact_uri) for run in runs)
        config = next((read for folder in folders if (read := _read(folder, "config.json"))), None)
        if config is None:
            continue
        told = [tags[READS].get(run.run_id) for run in runs]
        reads = frozenset(path for text in told if text for path in from_json(text))
        stored.append(
            StoredArm(
                key=study.key,
                arm_id=arm_id,
                levels=restored_levels(from_json(tags["ablate.levels"].get(runs[0].run_id, "{}"))),
                config=config,
                fingerprint=fingerprint,
                reads=None if None in told else reads,
                identities={run.seed: run.identity for run in runs if run.seed is not None},
                ended=min(run.ended for run in runs) / 1_000,
                facts=facts.get(arm_id, {}),
                used=from_json(used),
            )
        )
    return stored


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    """Return a file that lies beside a run; None where it cannot be read."""
    try:
        parsed = from_json(plain_file(folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return parsed if isinstance(parsed, dict) else None


def used_by_runs(connection: sqlite3.Connection, study_run: str) -> dict[str, dict[str, str]]:
    """Return run id -> what its modules said that no import statement shows, over the runs that imported some."""
    return {run: from_json(text) for run, text in ledger.tags_of(connection, study_run, USED).items()}


def reads_of_runs(connection: sqlite3.Connection, study_run: str) -> dict[str, frozenset[str]]:
    """Return run id -> what it looked at, over the runs of a study that say so."""
    return {run: frozenset(from_json(text)) for run, text in ledger.tags_of(connection, study_run, READS).items()}


def arm_facts(
    record: StudyRecord,
    counted: Mapping[tuple[str, int], ledger.Child],
    reads: Mapping[str, frozenset[str]],
    registered: Mapping[str, Any],
    used: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> dict[str, dict[str, Any]]:
    """Return arm id -> facts, with `unread`: what no run of the arm looked at, where all of them say.

    With `used` where its runs imported modules that no import statement shows: file -> digest, `SEVERAL` where they
    differ. Told are the factors, and the keys that the study fixes or fixed when it was registered.

    Parameters
    ----------
    counted
        The seed runs that count, by arm and seed; crashed ones, which may have ended before they looked, are not asked.
    registered
        See `track.history`; empty where nothing was registered.
    """
    fixed = {**(registered.get("definition") or {}).get("fixed", {}), **record.definition.get("fixed", {})}
    seen: dict[str, list[frozenset[str] | None]] = {}
    code: dict[str, dict[str, str]] = {}
    for (arm_id, _), run in counted.items():
        if run.outcome != "crashed":
            seen.setdefault(arm_id, []).append(reads.get(run.run_id))
            for file, said in used.get(run.run_id, {}).items():
                before = code.setdefault(arm_id, {}).setdefault(file, said)
                code[arm_id][file] = said if before == said else SEVERAL
    by_arm = {}
    for arm in record.arms:
        served = str(arm.facts.get("same_as", arm.id))
        arm_reads = seen.get(served, [])
        by_arm[arm.id] = {**arm.facts, **({"used": code[served]} if served in code else {})}
        if arm_reads and None not in arm_reads:
            told = frozenset[str]().union(*(read for read in arm_reads if read is not None))
            by_arm[arm.id]["unread"] = unread([*arm.levels, *fixed], told)
    return by_arm


def scores(root: Path, name: str, key: str, metric: str) -> dict[str, Score]:
    """Return identity -> outcome, value and seconds, over the finished seed runs of a study, crashed ones included.

    Not by the stored plan: a grid that was changed and changed back still finds its runs.
    """
    from ablate.track.values import split_values  # with pandas, which a plan does without

    layout = Layout(root.resolve())
    if not exists(layout):
        return {}
    with read_only(layout.database) as connection:
        study = ledger.find_study(connection, name, key) if ledger.has_tables(connection) else None
        if study is None:
            return {}
        runs = [run for run in ledger.children(connection, study.run_id) if run.kind == "seed" and run.done]
        curves_of = curve_names(connection, study.run_id)
        keyed = ledger.tags_of(connection, study.run_id, KEYS_TAG)
        rows = connection.execute(
            "SELECT m.run_uuid, m.key, m.step, m.value FROM metrics m JOIN tags s ON s.run_uuid = m.run_uuid "
            "WHERE s.key = 'ablate.study_run' AND s.value = ? AND m.key IN (?, ?, ?) AND m.is_nan = 0 "
            "AND abs(m.value) <= ? ORDER BY m.step",
            (study.run_id, key_of(metric), BESIDE + key_of(metric), TIMER, LARGEST),
        ).fetchall()
    values = split_values(rows, {run.run_id: run for run in runs}, curves_of, keyed)
    by_identity: dict[str, Score] = {}
    for run in runs:  # as they were written: a crashed run that was tried again counts as it ended last
        if run.run_id not in keyed and key_of(metric) != metric:
            continue  # stored when two names could share a key: what it holds is not surely this metric
        value = values.scalars[run.run_id].get(metric, math.nan)
        by_identity[run.identity] = (run.outcome, value, values.seconds.get(run.run_id, math.nan))
    return by_identity
