"""A tracked study as tidy tables: what statistics and reports see."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, unknown
from ablate.track import ledger
from ablate.track.chosen import choose_trials
from ablate.track.curve_names import curve_names
from ablate.track.database import exists
from ablate.track.earlier_runs import reads_of_runs, scores, used_by_runs
from ablate.track.files import ARRAYS, CORRECTNESS, read_correctness, read_seed_arrays
from ablate.track.history import HASH_TAG, Event, read_history, read_registration
from ablate.track.layout import UI, Layout
from ablate.track.ledger import Child, StudyRun
from ablate.track.names import KEYS_TAG
from ablate.track.places import run_folder
from ablate.track.reading import read_only
from ablate.track.record import Arrays, StudyRecord, StudyTables
from ablate.track.store import Score, StudyLine
from ablate.track.stored import check_runs, planned_runs, stored_plan
from ablate.track.tables import computed, tables_of
from ablate.track.values import split_values
from ablate.values import from_json

T = TypeVar("T")


def read_study(root: Path, name: str, *, key: str | None = None) -> StudyTables:
    """Read a study, by default the run of that name that was opened last.

    Parameters
    ----------
    root
        The folder that contains `mlruns/`.
    key
        The `StudyRecord.key` of one particular study run.

    Raises
    ------
    UserError
        Nothing was run yet, or no study has that name.
    Failure
        The database or the stored plan cannot be read.
    """
    layout = _layout(root)
    with read_only(layout.database) as connection:
        study = _find(_studies(connection), name, key)
        runs = ledger.children(connection, study.run_id)
        curves_of = curve_names(connection, study.run_id)
        steps_of = ledger.tags_of(connection, study.run_id, "ablate.first_nonfinite_step")
        code_of = ledger.code_versions(connection, study.run_id)
        computed_by = ledger.tags_of(connection, study.run_id, ledger.ARITHMETIC_TAG)
        keyed = ledger.tags_of(connection, study.run_id, KEYS_TAG)
        reads = reads_of_runs(connection, study.run_id)
        used = used_by_runs(connection, study.run_id)
        folder = run_folder(layout, study.name, study.run_id, study.artifact_uri)
        record = stored_plan(folder, study)
        check_runs(study, runs, record)
        last = ledger.last_per_seed(runs)
        chosen = choose_trials(record, last, *(_deciding(root, record, which) for which in ("metric", "ties")))
        counted = {k: run for k, run in last.items() if k[0] in {arm.id for arm in record.arms}} | chosen.runs
        by_id = {run.run_id: run for run in (*counted.values(), *chosen.copies.values())}
        # Of trials that were not chosen nothing is read: what they did on the test part is nobody's business.
        tried = record.trials is not None
        rows = ledger.metric_rows_of(connection, by_id) if tried else ledger.metric_rows(connection, study.run_id)
    values = split_values(rows, by_id, curves_of, keyed)
    documents = read_registration(folder), read_history(folder)
    head = study_head(study, record, counted, *documents, code_of=code_of, computed_by=computed_by) | {"ui": UI}
    return tables_of(record, head, counted, values, steps_of=steps_of, reads=reads, used=used, chosen=chosen)


def study_head(
    study: StudyRun,
    record: StudyRecord,
    counted: Mapping[tuple[str, int], Child],
    registered: Mapping[str, Any],
    history: Sequence[Event],
    *,
    code_of: Mapping[str, str],
    computed_by: Mapping[str, str],
) -> dict[str, Any]:
    """Return what becomes `StudyTables.study`, from a study run and what its seed runs carry.

    Parameters
    ----------
    counted
        The seed runs that count.
    code_of, computed_by
        Run id -> the tags `ledger.CODE_TAG` and `ledger.ARITHMETIC_TAG`.
    """
    return {
        "name": study.name,
        "key": study.key,
        "definition": record.definition,
        "command": record.command,
        "run_id": study.run_id,
        "experiment_id": study.experiment_id,
        "created": study.created,
        "provenance": _under(study.tags, "ablate.provenance."),
        "design": record.design,
        "registration": registered,
        "registered_sha256": study.tags.get(HASH_TAG, ""),
        "history": history,
        "code": dict(Counter(code_of[r.run_id] for r in counted.values() if code_of.get(r.run_id))),
        "arithmetic": computed(_told(computed_by[r.run_id] for r in counted.values() if r.run_id in computed_by)),
    }


def _deciding(root: Path, record: StudyRecord, which: str) -> Mapping[str, Score]:
    """Return the scores of the trials of a study by the metric that decides, or by the one for ties."""
    name = getattr(record.trials, which)["name"] if getattr(record.trials, which, None) else ""
    return scores(root, record.name, record.key, name) if name else {}


def list_studies(root: Path) -> list[StudyLine]:
    """Return the tracked studies, the last opened first; none where all are in the trash, or nothing was run yet."""
    layout = _layout(root)
    lines = []
    with read_only(layout.database) as connection:
        for study in ledger.study_runs(connection) if ledger.has_tables(connection) else ():
            runs = ledger.last_per_seed(ledger.children(connection, study.run_id))
            lines.append(
                StudyLine(
                    name=study.name,
                    key=study.key,
                    run_id=study.run_id,
                    status=study.status,
                    opened=study.opened,
                    planned=planned_runs(layout, study),
                    done=len(runs),
                    outcomes=dict(Counter(run.outcome for run in runs.values())),
                )
            )
    return lines


def read_test_correct(root: Path, name: str, *, key: str | None = None) -> dict[str, dict[int, NDArray[np.bool_]]]:
    """Return arm id -> seed -> correctness of every test example, bool (examples,)."""
    return _beside(root, name, key, CORRECTNESS, read_correctness)


def read_arrays(root: Path, name: str, *, key: str | None = None) -> Arrays:
    """Return arm id -> seed -> name -> array (`RunResult.arrays`); arms that stored none have no seeds."""
    return _beside(root, name, key, ARRAYS, read_seed_arrays)


def _beside(
    root: Path, name: str, key: str | None, file: str, read: Callable[[Path], dict[int, T]]
) -> dict[str, dict[int, T]]:
    """Read a file that lies beside every arm run, for the seed runs that are finished."""
    layout = _layout(root)
    with read_only(layout.database) as connection:
        study = _find(_studies(connection), name, key)
        runs = ledger.children(connection, study.run_id)
    done = set(ledger.last_per_seed(runs))
    return {
        arm.arm_id: {
            seed: content
            for seed, content in read(run_folder(layout, study.name, arm.run_id, arm.artifact_uri) / file).items()
            if (arm.arm_id, seed) in done
        }
        for arm in runs
        if arm.kind == "arm" and arm.done
    }


@contextlib.contextmanager
def found_study(root: Path, name: str, key: str | None) -> Iterator[tuple[sqlite3.Connection, StudyRun]]:
    """Give the database, opened for reading, and the study run that is meant; an error says what there is."""
    with read_only(_layout(root).database) as connection:
        yield connection, _find(_studies(connection), name, key)


def _layout(root: Path) -> Layout:
    layout = Layout(root.resolve())
    if not exists(layout):
        raise UserError(f"no runs under {layout.runs} yet: run a study first, `ablate run quickstart` for example")
    return layout


def _studies(connection: sqlite3.Connection) -> list[StudyRun]:
    """Return the study runs, or say how to start where there is none."""
    runs = ledger.study_runs(connection) if ledger.has_tables(connection) else []
    if not runs:
        raise UserError("no study was run here yet: run one first, `ablate run quickstart` for example")
    return runs


def _find(studies: Sequence[StudyRun], name: str, key: str | None) -> StudyRun:
    named = [study for study in studies if study.name == name]
    if not named:
        raise unknown("study", name, {study.name for study in studies})
    for study in named:
        if key in (None, study.key):
            return study
    raise unknown(f"key of study {name}", str(key), {study.key for study in named})


def _told(texts: Iterable[str]) -> Iterator[Mapping[str, str]]:
    """Yield what computed each run; a tag that somebody damaged says nothing."""
    for text in texts:
        with contextlib.suppress(ValueError):
            told = from_json(text)
            if isinstance(told, dict):
                yield told


def _under(tags: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in sorted(tags.items()) if name.startswith(prefix)}
