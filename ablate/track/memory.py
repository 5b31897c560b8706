"""The store in memory: for tests, and for who wants no files. It is gone with the process."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from ablate.errors import Failure, UserError, unknown
from ablate.identity import digest, made_by
from ablate.track.chosen import choose_trials
from ablate.track.earlier_runs import StoredArm
from ablate.track.memory_runs import child, logged_run, run_id, run_values
from ablate.track.record import ArmRecord, Arrays, SeedRecord, StudyRecord, StudyTables
from ablate.track.store import Correctness, KnownFiles, Score, Store, StudyLine, StudySession
from ablate.track.stored_run import LoggedRun, StoredRun
from ablate.track.tables import computed, tables_of
from ablate.train.outcome import LARGEST, Outcome

Key = tuple[str, str]  # (name, key) of a study run


@dataclass
class _Opened:
    """A study run: its latest plan, when and how it was opened, and how it ended."""

    record: StudyRecord
    created: str
    opened: str
    status: str = "RUNNING"


@dataclass(frozen=True)
class _Removed:
    """What the trash holds of one study run: its entry in each table, and when its runs ended."""

    parts: list[Any]
    ended: dict[str, float]


class _MemorySession(StudySession):
    def __init__(self, store: MemoryStore, study: StudyRecord) -> None:
        self._store, self.study, self._key = store, study, (study.name, study.key)

    def finished(self) -> frozenset[str]:
        return self._store.finished(*self._key)

    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._store.files.setdefault(arm.id, {}).update(files)
        kept = self._store.runs.setdefault(self._key, {})
        for run in runs:
            kept.pop(run.identity, None)  # what was tried again counts as it ended last
            kept[run.identity] = (arm, run)
            self._store.ended[run.identity] = time.time() if run.origin is None else run.origin.ended

    def set_aside(self) -> int:
        runs = self._store.runs.pop(self._key, {})
        self._store.aside.update(runs)
        return len(runs)

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
        self._removed: dict[str, list[dict[Key, _Removed]]] = {}  # what was put there last is last

    def open(self, study: StudyRecord) -> StudySession:
        """Open a study; what was logged under the same name and key is still there."""
        key, now = (study.name, study.key), datetime.now(UTC).isoformat(timespec="seconds")
        before = self.opened.pop(key, None)
        self.opened[key] = _Opened(study, before.created if before else now, now)
        return _MemorySession(self, study)

    def studies(self) -> list[StudyLine]:
        """Return the study runs, the last opened first."""
        lines = []
        for (name, key), opened in reversed(self.opened.items()):
            outcomes = Counter(str(run.result.outcome) for _, run in self._counted(name, key).values())
            planned = len(opened.record.run_arms) * len(opened.record.seeds)
            lines.append(
                StudyLine(
                    name, key, run_id(key), opened.status, opened.opened, planned, outcomes.total(), dict(outcomes)
                )
            )
        return lines

    def read(self, name: str, *, key: str | None = None) -> StudyTables:
        """Return a study as tidy tables."""
        (name, key), opened = self._find(name, key)
        record, every = opened.record, {at: run for at, (_, run) in self._counted(name, key).items()}
        children = {(arm, seed): child(arm, run, self.ended[run.identity]) for (arm, seed), run in every.items()}
        chosen = choose_trials(record, children, *(self._deciding(record, which) for which in ("metric", "ties")))
        arm_ids = {arm.id for arm in record.arms}
        counted = {at: run for at, run in children.items() if at[0] in arm_ids} | chosen.runs
        by_identity = {run.identity: run for run in every.values()}
        runs = {at: by_identity[run.identity] for at, run in counted.items()}
        head = {
            "name": name, "key": key, "definition": record.definition, "command": record.command,
            "run_id": run_id(key), "experiment_id": "", "created": opened.created, "provenance": {},
            "design": record.design, "registration": self.registered.get((name, key), {}),
            "registered_sha256": self.registered.get((name, key), {}).get("sha256", ""),
            "history": list(self.events.get((name, key), [])), "code": {},
            "arithmetic": computed(run.result.arithmetic for run in runs.values() if run.result.arithmetic),
        }  # fmt: skip
        firsts = {
            run_id(run.identity): str(run.result.first_nonfinite_step)
            for run in runs.values()
            if run.result.first_nonfinite_step is not None
        }
        reads = {
            run_id(run.identity): frozenset(run.result.reads) for run in runs.values() if run.result.reads is not None
        }
        used = {run_id(run.identity): run.result.used for run in runs.values() if run.result.used}
        copies = {at: by_identity[run.identity] for at, run in chosen.every.items() if at[0] == "copy"}
        values = run_values({**counted, **chosen.every}, {**runs, **copies})
        return tables_of(record, head, counted, values, steps_of=firsts, reads=reads, used=used, chosen=chosen)

    def plan(self, name: str, *, key: str | None = None) -> StudyRecord:
        """Return a study as it was last planned."""
        return self._find(name, key)[1].record

    def seed_runs(self, name: str, *, key: str | None = None) -> list[StoredRun]:
        """Return the seed runs that count, in short."""
        return [logged.run for logged in self.logged(name, key=key)]

    def logged(self, name: str, *, key: str | None = None, only: Collection[str] | None = None) -> list[LoggedRun]:
        """Return seed runs with all that is kept of them."""
        (name, key), _ = self._find(name, key)
        runs = [logged_run(arm, run, self.ended[run.identity]) for arm, run in self._counted(name, key).values()]
        return [one for one in runs if only is None or one.run.run_id in only]

    def driver(self, name: str, key: str) -> str:
        """Return who runs a study at this moment: this process, or nobody."""
        opened = self.opened.get((name, key))
        return "this process" if opened is not None and opened.status == "RUNNING" else ""

    def _deciding(self, record: StudyRecord, which: str) -> dict[str, Score]:
        decides = getattr(record.trials, which, None)
        return self.scores(record.name, record.key, decides["name"]) if decides else {}

    def arrays(self, name: str, *, key: str | None = None) -> Arrays:
        """Return arm id -> seed -> name -> array."""
        (name, key), opened = self._find(name, key)
        by_arm: Arrays = {arm.id: {} for arm in opened.record.arms}
        for (arm, seed), (_, run) in self._counted(name, key).items():
            if run.result.arrays:
                by_arm.setdefault(arm, {})[seed] = dict(run.result.arrays)
        return by_arm

    def correctness(self, name: str, *, key: str | None = None) -> Correctness:
        """Return arm id -> seed -> correctness of every test example."""
        (name, key), opened = self._find(name, key)
        by_arm: Correctness = {arm.id: {} for arm in opened.record.arms}
        for (arm, seed), (_, run) in self._counted(name, key).items():
            if run.result.test_correct is not None:
                by_arm.setdefault(arm, {})[seed] = np.array(run.result.test_correct)
        return by_arm

    def finished(self, name: str, key: str) -> frozenset[str]:
        """Return the identities that need not run again."""
        runs = self.runs.get((name, key), {}) if (name, key) in self.opened else {}
        return frozenset(i for i, (_, run) in runs.items() if run.result.outcome != Outcome.CRASHED)

    def arms(self, name: str) -> list[StoredArm]:
        """Return the arms of every study run of a name that have finished runs."""
        return [arm for at in reversed(self.opened) if at[0] == name for arm in self._arms(at)]

    def scores(self, name: str, key: str, metric: str) -> dict[str, Score]:
        """Return identity -> outcome, value and seconds of finished seed runs."""
        by_identity: dict[str, Score] = {}
        for identity, (_, run) in self.runs.get((name, key), {}).items():
            value = run.result.metrics.get(metric, math.nan)
            kept = value if abs(value) <= LARGEST else math.nan
            by_identity[identity] = (str(run.result.outcome), kept, run.result.seconds)
        return by_identity

    def trash(self, name: str) -> str:
        """Put every study run of a name aside."""
        self._find(name, None)
        if any(opened.status == "RUNNING" for at, opened in self.opened.items() if at[0] == name):
            raise Failure(f"study {name} is being run by this process")
        removed = {}
        for at in [at for at in self.opened if at[0] == name]:
            ended = {identity: self.ended[identity] for identity in self.runs.get(at, {})}
            removed[at] = _Removed([table.pop(at, None) for table in self._tables()], ended)
        self._removed.setdefault(name, []).append(removed)
        return f"store.restore({name!r})"

    def restore(self, name: str) -> None:
        """Bring back what was put aside last under a name."""
        if any(at[0] == name for at in self.opened):
            raise UserError(f"a study {name!r} is in the store: nothing was brought back")
        if name not in self._removed:
            raise unknown("study in the trash", name, self._removed)
        for at, removed in self._removed[name].pop().items():
            self.ended |= removed.ended
            for table, part in zip(self._tables(), removed.parts, strict=True):
                if part is not None:
                    table[at] = part
        if not self._removed[name]:
            del self._removed[name]

    def _tables(self) -> tuple[dict[Key, Any], ...]:
        return self.opened, self.runs, self.registered, self.events, self.attached

    def attach(self, name: str, key: str, files: Mapping[str, bytes], label: str, *, known: KnownFiles) -> str | None:
        """Keep files under their label."""
        del known
        kept = {at: what for at, what in self.attached.get((name, key), {}).items() if not at.startswith(f"{label}/")}
        kept.update({f"{label}/{file}": content for file, content in files.items()})
        self.attached[name, key] = kept
        return None

    def _find(self, name: str, key: str | None) -> tuple[Key, _Opened]:
        named = {at: opened for at, opened in reversed(self.opened.items()) if at[0] == name}
        if not named:
            raise unknown("study", name, {at[0] for at in self.opened})
        for at, opened in named.items():
            if key in (None, at[1]):
                return at, opened
        raise unknown(f"key of study {name}", str(key), {at[1] for at in named})

    def _counted(self, name: str, key: str) -> dict[tuple[str, int], tuple[ArmRecord, SeedRecord]]:
        """Return the run that counts, by arm and seed: the last one logged."""
        runs = self.runs.get((name, key), {})
        return {(arm.id, run.result.seed): (arm, run) for arm, run in runs.values()}

    def _arms(self, at: Key) -> Iterator[StoredArm]:
        groups: dict[tuple[Any, ...], list[tuple[ArmRecord, SeedRecord]]] = {}
        for arm, run in self._counted(*at).values():
            if run.result.outcome != Outcome.CRASHED:
                what = arm.id, made_by(arm.facts), digest(arm.config), tuple(sorted(run.result.used.items()))
                groups.setdefault(what, []).append((arm, run))
        planned = {arm.id: arm.facts for arm in self.opened[at].record.run_arms}
        for (arm_id, fingerprint, _, used), runs in groups.items():
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
