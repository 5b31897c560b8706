"""The store on an MLflow server."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ablate.errors import AblateError, Failure, UserError, unknown
from ablate.track import payload
from ablate.track.chosen import choose_trials
from ablate.track.earlier_runs import READS, USED, StoredArm
from ablate.track.files import ARRAYS, CORRECTNESS, read_correctness, read_seed_arrays
from ablate.track.history import HASH_TAG
from ablate.track.ledger import ARITHMETIC_TAG, CODE_TAG, StudyRun
from ablate.track.local_runs import driver_text
from ablate.track.long_tags import joined_tag, read_list
from ablate.track.names import KEYS_TAG
from ablate.track.read import study_head
from ablate.track.record import Arrays, StudyRecord, StudyTables
from ablate.track.server import beside
from ablate.track.server.arms import deciding_metric, errors_of, read_json, scores_of, server_arms
from ablate.track.server.courier import Courier
from ablate.track.server.link import ServerLink
from ablate.track.server.opening import PLAN_TAG, all_experiments, claimed, events_of, stored_registration
from ablate.track.server.runs import (
    ServerRun,
    counts,
    fetch_runs,
    last_runs,
    metric_rows,
    runs_below,
    study_runs,
    study_twins,
    tag_json,
    tags_named,
)  # fmt: skip
from ablate.track.server.session import ServerSession, waiting_line
from ablate.track.server.spool import Spool
from ablate.track.shown import Shown
from ablate.track.store import Correctness, KnownFiles, Score, Store, StudyLine, StudySession
from ablate.track.stored import check_runs
from ablate.track.stored_run import Beside, LoggedRun, StoredRun, logged_runs, stored_run
from ablate.track.tables import tables_of
from ablate.track.trash import bring_back, put
from ablate.track.values import split_values

_Kept = TypeVar("_Kept")


@dataclass(frozen=True)
class _Held:
    """A study as it lies on the server."""

    run: StudyRun
    twins: list[StudyRun]
    runs: list[ServerRun]

    @property
    def roots(self) -> dict[str, str]:
        return {twin.run_id: twin.artifact_uri for twin in self.twins}


class ServerStore(Store):
    """The store on an MLflow server, for a team: whoever knows its address reads and writes the same studies.

    Parameters
    ----------
    uri
        The address of the server, `http://HOST:PORT`. Who one is, MLflow's own environment variables say
        (`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`).
    root
        The folder of the project: results that the server cannot take wait there, in `mlruns/spool`.

    Raises
    ------
    UserError
        It is not the address of a server.
    """

    def __init__(self, uri: str, root: str | Path = ".") -> None:
        self._link, self.root = ServerLink(uri), Path(root).resolve()
        self.where = self.address = self._link.uri
        self._spool = Spool(self.root, self._link.uri)

    def deliver(self) -> int:
        """Bring what waits in this project to the server; return how many seed runs that were.

        Raises
        ------
        Failure
            The server is away, or refuses; it says how many runs wait, and where.
        """
        try:
            return Courier(self._link, self._spool).deliver()
        except Failure as error:
            if not self._spool.waiting():
                raise
            raise type(error)(waiting_line(self._spool, error)) from error

    def open(self, study: StudyRecord) -> StudySession:
        """Open a study run to write to. Others may have it open at the same time, from other folders."""
        _ = self._link.client  # without a server nothing is written here either
        lock = claimed(self.root, self._link, study)
        try:
            self.deliver()
            return ServerSession(self._link, self.root, study, lock)
        except BaseException:
            lock.release()
            raise

    def studies(self) -> list[StudyLine]:
        """Return the study runs, the last opened first."""
        lines = []
        for run in self._studies():
            runs = last_runs(runs_below(self._link, run.experiment_id, run.key)).values()
            seeds, arms = read_list(joined_tag(run.tags, "ablate.seeds")), run.tags.get("ablate.arms", "")
            planned = int(arms) * len(seeds) if seeds is not None and arms.isdecimal() else None
            outcomes = dict(Counter(one.child.outcome for one in runs))
            lines.append(StudyLine(run.name, run.key, run.run_id, run.status, run.opened, planned, len(runs), outcomes))
        return lines

    def read(self, name: str, *, key: str | None = None) -> StudyTables:
        """Return a study as tidy tables."""
        study = self._find(name, key)
        record = self._plan(study)
        check_runs(study.run, [run.child for run in study.runs], record)
        last = last_runs(study.runs)
        deciding = (scores_of(study.runs, deciding_metric(record, which)) for which in ("metric", "ties"))
        chosen = choose_trials(record, {at: run.child for at, run in last.items()}, *deciding)
        arm_ids = {arm.id for arm in record.arms}
        counted = {at: run.child for at, run in last.items() if at[0] in arm_ids} | chosen.runs
        by_id = {run.run_id: run for run in (*counted.values(), *chosen.copies.values())}
        # Of trials that were not chosen nothing is read: what they did on the test part is nobody's business.
        read = [run for run in last.values() if run.child.run_id in by_id]
        rows = metric_rows(self._link, read, study.roots)
        tags = {run.child.run_id: run.tags for run in read}
        values = split_values(rows, by_id, {run.child.run_id: run.curves for run in read}, tags_named(tags, KEYS_TAG))
        registration, history = stored_registration(self._link, study.twins) or {}, events_of(study.twins)
        code, arithmetic = (tags_named(tags, name) for name in (CODE_TAG, ARITHMETIC_TAG))
        head = study_head(study.run, record, counted, registration, history, code_of=code, computed_by=arithmetic)
        hashes = [twin.tags[HASH_TAG] for twin in study.twins if HASH_TAG in twin.tags]
        head |= {"registered_sha256": hashes[0] if hashes else "", "ui": self._link.uri}
        steps = tags_named(tags, "ablate.first_nonfinite_step")
        reads = {run: frozenset(tag_json(text, list)) for run, text in tags_named(tags, READS).items()}
        used = {run: tag_json(text, dict) for run, text in tags_named(tags, USED).items()}
        return tables_of(record, head, counted, values, steps_of=steps, reads=reads, used=used, chosen=chosen)

    def plan(self, name: str, *, key: str | None = None) -> StudyRecord:
        """Return a study as it was last planned."""
        return self._plan(self._find(name, key))

    def seed_runs(self, name: str, *, key: str | None = None) -> list[StoredRun]:
        """Return the seed runs that count, in short."""
        runs = last_runs(self._find(name, key).runs).values()
        return [stored_run(run.child, run.tags, run.started, run.child.artifact_uri) for run in runs]

    def logged(self, name: str, *, key: str | None = None, only: Collection[str] | None = None) -> list[LoggedRun]:
        """Return seed runs with all that is kept of them."""
        study = self._find(name, key)
        record = self._plan(study)
        check_runs(study.run, [run.child for run in study.runs], record)
        wanted = [run for run in last_runs(study.runs).values() if only is None or run.child.run_id in only]
        beside = Beside(
            files={run.child.run_id: run.child.artifact_uri for run in wanted},
            configs={
                r.child.run_id: c for r, c in fetch_runs(self._link, wanted, "config.json", study.roots, read_json)
            },
            errors=errors_of(self._link, wanted),
            arrays=self.arrays(name, key=study.run.key),
            correctness=self.correctness(name, key=study.run.key),
        )
        by_id = {run.child.run_id: run for run in wanted}
        return logged_runs(
            [run.child for run in wanted],
            tags={one: run.tags for one, run in by_id.items()},
            started={one: run.started for one, run in by_id.items()},
            rows=metric_rows(self._link, wanted, study.roots),
            curves_of={one: run.curves for one, run in by_id.items()},
            record=record,
            beside=beside,
        )

    def driver(self, name: str, key: str) -> str:
        """Return who said that they run a study: the server knows what a driver wrote, and not whether it lives."""
        studies = self._known(name, key)
        running = bool(studies) and studies[0].run.status == "RUNNING"
        return f"{driver_text(studies[0].run.tags)}, by its own word" if running else ""

    def arrays(self, name: str, *, key: str | None = None) -> Arrays:
        """Return arm id -> seed -> name -> array."""
        return self._by_seed(name, key, ARRAYS, read_seed_arrays)

    def correctness(self, name: str, *, key: str | None = None) -> Correctness:
        """Return arm id -> seed -> correctness of every test example."""
        return self._by_seed(name, key, CORRECTNESS, read_correctness)

    def _by_seed(
        self, name: str, key: str | None, file: str, reader: Callable[[Path], Mapping[int, _Kept]]
    ) -> dict[str, dict[int, _Kept]]:
        """Return arm id -> seed -> what a file beside the run holds of it."""
        study = self._find(name, key)
        last = last_runs(study.runs)
        by_arm: dict[str, dict[int, _Kept]] = {arm: {} for arm, _ in last}
        for run, seeds in fetch_runs(self._link, last.values(), file, study.roots, reader):
            seed = run.child.seed
            if seed is not None and seed in seeds:
                by_arm[run.child.arm_id][seed] = seeds[seed]
        return by_arm

    def finished(self, name: str, key: str) -> frozenset[str]:
        """Return the identities that need not run again."""
        studies = self._known(name, key)
        return frozenset(run.child.identity for study in studies for run in study.runs if counts(run.child))

    def arms(self, name: str) -> list[StoredArm]:
        """Return the arms of every study run of a name that have finished runs."""
        stored: list[StoredArm] = []
        for study in self._known(name):
            stored += server_arms(self._link, study.run.key, study.runs, self._plan(study), study.roots)
        return stored

    def scores(self, name: str, key: str, metric: str) -> dict[str, Score]:
        """Return identity -> outcome, value and seconds of finished seed runs."""
        studies = self._known(name, key)
        return scores_of(studies[0].runs, metric) if studies else {}

    def trash(self, name: str) -> str:
        """Put every study run of a name into the server's trash; its files stay there until somebody cleans up."""
        for line in self.studies():
            if line.name == name and line.status == "RUNNING":
                raise Failure(f"study {name} is being run by {self.driver(name, line.key)}: wait for it")
        self._find(name, None)
        put(self._link.client, name, self._link.answers)
        return f"ablate rm --restore {shlex.quote(name)} tracking.uri={self._link.uri}"

    def restore(self, name: str) -> None:
        """Bring back what was put into the trash last under a name."""
        bring_back(self._link.client, name, self._link.answers)

    def attach(self, name: str, key: str, files: Mapping[str, bytes], label: str, *, known: KnownFiles) -> str | None:
        """Keep files beside a study run, in place of those that were there under that label."""
        del known  # what lies there was put there by `attach`
        return self._beside(name, key, lambda run: beside.attach(self._link, run, files, label))

    def show(self, name: str, key: str, shown: Shown) -> str | None:
        """Show a judged study in MLflow's pages."""
        return self._beside(name, key, lambda run: beside.show(self._link, run, shown))

    def _beside(self, name: str, key: str, write: Callable[[StudyRun], str | None]) -> str | None:
        try:
            stored = self._known(name, key)
        except (AblateError, OSError) as error:
            return f"the report is written, but nothing could be kept beside the runs: {error}"
        return write(stored[0].run) if stored else None

    def _studies(self) -> list[StudyRun]:
        self.deliver()
        return study_runs(self._link, all_experiments(self._link))

    def _known(self, name: str, key: str | None = None) -> list[_Held]:
        """Return the study runs of a name (and a key), the last opened first; none where nothing was run yet."""
        self.deliver()
        with self._link.answers():
            experiment = self._link.client.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage != "active":
            return []
        runs = study_runs(self._link, [str(experiment.experiment_id)])
        return [self._held(run) for run in runs if run.name == name and key in (None, run.key)]

    def _find(self, name: str, key: str | None) -> _Held:
        """Return a study, the last opened where no key is given; an error says what there is."""
        studies = self._studies()
        if not studies:
            raise UserError(f"no study was run on {self.where} yet: run one first, `ablate run quickstart` for example")
        named = [study for study in studies if study.name == name]
        if not named:
            raise unknown("study", name, {study.name for study in studies})
        for study in named:
            if key in (None, study.key):
                return self._held(study)
        raise unknown(f"key of study {name}", str(key), {study.key for study in named})

    def _held(self, run: StudyRun) -> _Held:
        twins = study_twins(self._link, run.experiment_id, run.key)
        return _Held(run, twins, runs_below(self._link, run.experiment_id, run.key))

    def _plan(self, held: _Held) -> StudyRecord:
        place = f"{held.run.artifact_uri}/plans/{held.run.tags.get(PLAN_TAG)}.json"
        try:
            return payload.planned(self._link.fetch_json(place))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Failure(
                f"cannot read the plan of study {held.run.name} ({place}: {error}): give the command that ran it "
                "again, which writes the plan again and runs only what is missing"
            ) from error
