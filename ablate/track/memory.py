"""The store in memory: for tests, and for who wants no files. It is gone with the process."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ablate.errors import unknown
from ablate.identity import digest, made_by
from ablate.track.chosen import choose
from ablate.track.known import StoredArm
from ablate.track.ledger import Child
from ablate.track.record import ArmRecord, Arrays, SeedRecord, StudyRecord, StudyTables
from ablate.track.store import Correctness, Known, Score, Store, StudyLine, StudySession
from ablate.track.tables import computed, tables_of
from ablate.track.values import Points, Values
from ablate.train.outcome import LARGEST, Outcome

Key = tuple[str, str]  # (name, key) of a study run


@dataclass
class _Opened:
    """A study run: its latest plan, when and how it was opened, and how it ended."""

    record: StudyRecord
    created: str
    opened: str
    status: str = "RUNNING"


class _MemorySession(StudySession):
    def __init__(self, store: MemoryStore, study: StudyRecord) -> None:
        self._store, self.study, self._key = store, study, (study.name, study.key)

    def finished(self) -> frozenset[str]:
        return self._store.finished(*self._key)

    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._store.files.setdefault(arm.id, {}).update(files)
        held = self._store.runs.setdefault(self._key, {})
        for run in runs:
            held.pop(run.identity, None)  # what was tried again counts as it ended last
            held[run.identity] = (arm, run)
            self._store.ended[run.identity] = time.time()

    def set_aside(self) -> int:
        held = self._store.runs.pop(self._key, {})
        self._store.aside.update(held)
        return len(held)

    def register(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return self._store.registered.setdefault(self._key, dict(document))

    def note(self, event: Mapping[str, Any]) -> None:
        self._store.events.setdefault(self._key, []).append(dict(event))

    def history(self) -> list[dict[str, Any]]:
        return list(self._store.events.get(self._key, []))

    def close(self, status: str) -> None:
        self._store.opened[self._key].status = status


class MemoryStore(Store):
    """Keeps everything in dictionaries."""

    where = "the memory of this process"

    def __init__(self) -> None:
        self.opened: dict[Key, _Opened] = {}  # the last opened last
        self.runs: dict[Key, dict[str, tuple[ArmRecord, SeedRecord]]] = {}
        self.registered: dict[Key, dict[str, Any]] = {}
        self.events: dict[Key, list[dict[str, Any]]] = {}
        self.files: dict[str, dict[str, str]] = {}  # arm id -> name -> text
        self.attached: dict[Key, dict[str, bytes]] = {}  # label/name -> content
        self.aside: dict[str, tuple[ArmRecord, SeedRecord]] = {}  # what does not count any more
        self.ended: dict[str, float] = {}

    def open(self, study: StudyRecord) -> StudySession:
        """Open a study; what was logged under the same name and key is still there."""
        key, now = (study.name, study.key), datetime.now(UTC).isoformat(timespec="seconds")
        before = self.opened.pop(key, None)
        self.opened[key] = _Opened(study, before.created if before else now, now)
        return _MemorySession(self, study)

    def studies(self) -> list[StudyLine]:
        """Return the study runs, the last opened first."""
        lines = []
        for (name, key), held in reversed(self.opened.items()):
            outcomes = Counter(str(run.result.outcome) for _, run in self._counted(name, key).values())
            planned = len(held.record.run_arms) * len(held.record.seeds)
            lines.append(
                StudyLine(name, key, _run_id(key), held.status, held.opened, planned, outcomes.total(), dict(outcomes))
            )
        return lines

    def read(self, name: str, *, key: str | None = None) -> StudyTables:
        """Return a study as tidy tables."""
        (name, key), held = self._find(name, key)
        record, every = held.record, {at: run for at, (_, run) in self._counted(name, key).items()}
        children = {(arm, seed): _child(arm, run, self.ended[run.identity]) for (arm, seed), run in every.items()}
        chosen = choose(record, children, *(self._deciding(record, which) for which in ("metric", "ties")))
        own = {arm.id for arm in record.arms}
        counted = {at: run for at, run in children.items() if at[0] in own} | chosen.runs
        by_identity = {run.identity: run for run in every.values()}
        runs = {at: by_identity[run.identity] for at, run in counted.items()}
        head = {
            "name": name, "key": key, "definition": record.definition, "command": record.command,
            "run_id": _run_id(key), "experiment_id": "", "created": held.created, "provenance": {},
            "design": record.design, "registration": self.registered.get((name, key), {}),
            "registered_sha256": self.registered.get((name, key), {}).get("sha256", ""),
            "history": list(self.events.get((name, key), [])), "code": {},
            "arithmetic": computed(run.result.arithmetic for run in runs.values() if run.result.arithmetic),
        }  # fmt: skip
        firsts = {
            _run_id(run.identity): str(run.result.first_nonfinite_step)
            for run in runs.values()
            if run.result.first_nonfinite_step is not None
        }
        reads = {
            _run_id(run.identity): frozenset(run.result.reads) for run in runs.values() if run.result.reads is not None
        }
        used = {_run_id(run.identity): run.result.used for run in runs.values() if run.result.used}
        copies = {at: by_identity[run.identity] for at, run in chosen.every.items() if at[0] == "copy"}
        values = _values({**counted, **chosen.every}, {**runs, **copies})
        return tables_of(record, head, counted, values, steps_of=firsts, reads=reads, used=used, chosen=chosen)

    def _deciding(self, record: StudyRecord, which: str) -> dict[str, Score]:
        decides = getattr(record.trials, which, None)
        return self.scores(record.name, record.key, decides["name"]) if decides else {}

    def arrays(self, name: str, *, key: str | None = None) -> Arrays:
        """Return arm id -> seed -> name -> array."""
        (name, key), held = self._find(name, key)
        found: Arrays = {arm.id: {} for arm in held.record.arms}
        for (arm, seed), (_, run) in self._counted(name, key).items():
            if run.result.arrays:
                found.setdefault(arm, {})[seed] = dict(run.result.arrays)
        return found

    def correctness(self, name: str, *, key: str | None = None) -> Correctness:
        """Return arm id -> seed -> correctness of every test example."""
        (name, key), held = self._find(name, key)
        found: Correctness = {arm.id: {} for arm in held.record.arms}
        for (arm, seed), (_, run) in self._counted(name, key).items():
            if run.result.test_correct is not None:
                found.setdefault(arm, {})[seed] = np.array(run.result.test_correct)
        return found

    def finished(self, name: str, key: str) -> frozenset[str]:
        """Return the identities that need not run again."""
        runs = self.runs.get((name, key), {})
        return frozenset(i for i, (_, run) in runs.items() if run.result.outcome != Outcome.CRASHED)

    def arms(self, name: str) -> list[StoredArm]:
        """Return the arms of every study run of a name that have finished runs."""
        return [arm for at in reversed(self.opened) if at[0] == name for arm in self._arms(at)]

    def scores(self, name: str, key: str, metric: str) -> dict[str, Score]:
        """Return identity -> outcome, value and seconds of finished seed runs."""
        found: dict[str, Score] = {}
        for identity, (_, run) in self.runs.get((name, key), {}).items():
            value = run.result.metrics.get(metric, math.nan)
            kept = value if abs(value) <= LARGEST else math.nan
            found[identity] = (str(run.result.outcome), kept, run.result.seconds)
        return found

    def attach(self, name: str, key: str, files: Mapping[str, Path], label: str, *, known: Known) -> str | None:
        """Keep what files hold, under their label."""
        del known
        held = {at: what for at, what in self.attached.get((name, key), {}).items() if not at.startswith(f"{label}/")}
        held.update({f"{label}/{file}": path.read_bytes() for file, path in files.items()})
        self.attached[name, key] = held
        return None

    def _find(self, name: str, key: str | None) -> tuple[Key, _Opened]:
        named = {at: held for at, held in reversed(self.opened.items()) if at[0] == name}
        if not named:
            raise unknown("study", name, {at[0] for at in self.opened})
        for at, held in named.items():
            if key in (None, at[1]):
                return at, held
        raise unknown(f"key of study {name}", str(key), {at[1] for at in named})

    def _counted(self, name: str, key: str) -> dict[tuple[str, int], tuple[ArmRecord, SeedRecord]]:
        """Return the run that counts, by arm and seed: the last one logged."""
        runs = self.runs.get((name, key), {})
        return {(arm.id, run.result.seed): (arm, run) for arm, run in runs.values()}

    def _arms(self, at: Key) -> Iterator[StoredArm]:
        held: dict[tuple[Any, ...], list[tuple[ArmRecord, SeedRecord]]] = {}
        for arm, run in self._counted(*at).values():
            if run.result.outcome != Outcome.CRASHED:
                what = arm.id, made_by(arm.facts), digest(arm.config), tuple(sorted(run.result.used.items()))
                held.setdefault(what, []).append((arm, run))
        planned = {arm.id: arm.facts for arm in self.opened[at].record.run_arms}
        for (arm_id, fingerprint, _, used), runs in held.items():
            reads = [run.result.reads for _, run in runs]
            yield StoredArm(
                key=at[1],
                arm_id=arm_id,
                levels=dict(runs[0][0].levels),
                config=runs[0][0].config,
                fingerprint=fingerprint,
                reads=None if None in reads else frozenset(path for read in reads for path in read or ()),
                identities={run.result.seed: run.identity for _, run in runs},
                ended=min(self.ended[run.identity] for _, run in runs),
                facts=planned.get(arm_id, {}),
                used=dict(used),
            )


def _run_id(identity: str) -> str:
    return identity[:32]


def _child(arm: str, run: SeedRecord, ended: float) -> Child:
    outcome = str(run.result.outcome)
    status = "FAILED" if run.result.outcome == Outcome.CRASHED else "FINISHED"
    return Child(
        run_id=_run_id(run.identity), kind="seed", arm_id=arm, seed=run.result.seed, status=status, outcome=outcome,
        identity=run.identity, parent="", ended=int(1_000 * ended), artifact_uri="",
    )  # fmt: skip


def _values(counted: Mapping[tuple[str, int], Child], runs: Mapping[tuple[str, int], SeedRecord]) -> Values:
    scalars: dict[str, dict[str, float]] = {}
    seconds: dict[str, float] = {}
    points = Points()
    for at, child in counted.items():
        result = runs[at].result
        scalars[child.run_id] = {name: v for name, v in result.metrics.items() if abs(v) <= LARGEST}
        if not math.isnan(result.seconds):
            seconds[child.run_id] = result.seconds
        for metric, curve in result.curves.items():
            for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
                if abs(value) <= LARGEST:
                    points.runs.append(child)
                    points.metrics.append(metric)
                    points.steps.append(step)
                    points.held.append(value)
    return Values(scalars, seconds, points.table())
