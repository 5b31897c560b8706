"""The runs of a study as a server tells them, in the order in which they count; and the files beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ablate.errors import Failure, cut
from ablate.track.curve_names import CURVES_TAG
from ablate.track.ledger import Child, StudyRun, last_per_seed
from ablate.track.long_tags import joined_tag, read_list
from ablate.track.server.link import ServerLink
from ablate.track.summary import Point
from ablate.train.outcome import LARGEST, Outcome
from ablate.values import from_json

if TYPE_CHECKING:
    from mlflow.entities import Run

TOKEN_TAG = "ablate.parcel"
"""Which parcel brought a run: by it a delivery that was interrupted finds what it had begun."""
ORDER_TAG = "ablate.order"
"""A number that grows from one write to the next, in whatever order the clocks of several machines go."""
FILES_TAG = "ablate.files"
"""What files the parcel of a seed run put beside the study run, and there under which one: `RUN_ID name name …`."""
CURVES = "curves.npz"

T = TypeVar("T")
Row = tuple[str, str, int, float]  # run id, metric key, step, value


@dataclass(frozen=True)
class ServerRun:
    """A run below a study, with all that the server says of it.

    Attributes
    ----------
    metrics
        Key -> the value of its last step.
    """

    child: Child
    tags: dict[str, str]
    metrics: dict[str, float]
    started: int

    @property
    def order(self) -> int:
        """Its place in the order of writing; 0 where that was lost."""
        text = self.tags.get(ORDER_TAG, "")
        return int(text) if text.isdecimal() else 0

    @property
    def curves(self) -> frozenset[str]:
        """The keys of its metrics that are curves.

        Raises
        ------
        Failure
            The tag that says so is damaged.
        """
        names = read_list(joined_tag(self.tags, CURVES_TAG))
        if names is None:
            raise Failure(
                f"the tag {CURVES_TAG} of run {self.child.run_id} is damaged: it says which of its metrics are curves. "
                "Delete that run in the MLflow UI and give the study's command again, which makes the run again"
            )
        return frozenset(map(str, names))

    def file(self, name: str, roots: Mapping[str, str]) -> str | None:
        """Return the address of a file that was written with it; None where none was.

        Parameters
        ----------
        roots
            Id of a study run -> the address of its artifacts.
        """
        owner, *names = self.tags.get(FILES_TAG, "").split()
        return f"{roots[owner]}/runs/{self.tags[TOKEN_TAG]}/{name}" if name in names and owner in roots else None


def study_runs(link: ServerLink, experiments: Sequence[str]) -> list[StudyRun]:
    """Return every study run of some experiments, the last opened first.

    Two drivers that open a new study at the same moment both make its run. What is below either is of the study (see
    `runs_below`); the one that began first stands for both here.
    """
    by_study: dict[tuple[str, str], list[tuple[int, StudyRun]]] = {}
    for run in link.search(experiments, "tags.`ablate.kind` = 'study'"):
        study = _study_run(run)
        by_study.setdefault((study.name, study.key), []).append((run.info.start_time or 0, study))
    first = [min(runs, key=lambda one: (one[0], one[1].run_id))[1] for runs in by_study.values()]
    return sorted(first, key=lambda run: (run.sequence, run.opened), reverse=True)


def study_twins(link: ServerLink, experiment: str, key: str) -> list[StudyRun]:
    """Return all runs of one study, mostly one; the one that stands for all of them first."""
    runs = link.search([experiment], f"tags.`ablate.kind` = 'study' AND tags.`ablate.key` = '{key}'")
    runs = sorted(runs, key=lambda run: (run.info.start_time or 0, run.info.run_id))
    return [_study_run(run) for run in runs]


def runs_below(link: ServerLink, experiment: str, key: str, *, arm: str | None = None) -> list[ServerRun]:
    """Return the arm and seed runs of a study (or of one arm), those that were written last at the end.

    A run that two drivers made both of is there once: as it was written first.
    """
    wanted = f"tags.`ablate.key` = '{key}' AND tags.`ablate.kind` != 'study'"
    if arm is not None:
        wanted += f" AND tags.`ablate.arm_id` = '{arm}'"
    below = sorted(map(_stored, link.search([experiment], wanted)), key=lambda run: (run.order, run.child.run_id))
    finished: set[str] = set()
    kept = []
    for run in below:
        if counts(run.child):
            if run.child.identity in finished:
                continue
            finished.add(run.child.identity)
        kept.append(run)
    return kept


def counts(run: Child) -> bool:
    """Say whether a run is a finished seed run that need not be made again."""
    return run.kind == "seed" and run.done and run.outcome != Outcome.CRASHED and bool(run.identity)


def last_runs(runs: Iterable[ServerRun]) -> dict[tuple[str, int], ServerRun]:
    """Return the seed run that counts, by arm and seed (see `ledger.last_per_seed`)."""
    by_id = {run.child.run_id: run for run in runs}
    return {at: by_id[child.run_id] for at, child in last_per_seed(run.child for run in by_id.values()).items()}


def metric_rows(link: ServerLink, runs: Collection[ServerRun], roots: Mapping[str, str]) -> list[Row]:
    """Return every metric value of seed runs: (run id, key, step, value), none beyond `LARGEST`.

    Scalars stand in what the server told of the run; curves in files, for MLflow's client asks for the history of every
    metric of every run by itself.
    """
    rows: list[Row] = []
    for run in runs:
        rows += [(run.child.run_id, k, 0, v) for k, v in run.metrics.items() if k not in run.curves]
    for run, points in fetch_runs(link, runs, CURVES, roots, read_curves):
        rows += [(run.child.run_id, *point) for point in points.get(run.child.seed or 0, ())]
    return [row for row in rows if abs(row[3]) <= LARGEST]


def fetch_runs(
    link: ServerLink, runs: Iterable[ServerRun], name: str, roots: Mapping[str, str], read: Callable[[Path], T]
) -> list[tuple[ServerRun, T]]:
    """Return the runs that a file was written with, each with what is read of it; every file is fetched once.

    Raises
    ------
    Failure
        A file cannot be read.
    """
    of = [(run, place) for run in runs if (place := run.file(name, roots)) is not None]
    places = list(dict.fromkeys(place for _, place in of))
    with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
        read_of: dict[str, T] = {}
        for place, path in zip(places, link.fetch(places, Path(folder)), strict=True):
            try:
                read_of[place] = read(path)
            except (OSError, ValueError, KeyError, EOFError) as error:
                raise Failure(f"{place} on {link.uri} cannot be read ({error})") from error
    return [(run, read_of[place]) for run, place in of]


def tags_named(tags: Mapping[str, Mapping[str, str]], name: str) -> dict[str, str]:
    """Return run id -> one of its tags, of the runs that have it."""
    return {run: run_tags[name] for run, run_tags in tags.items() if name in run_tags}


def write_curves(path: Path, points: Mapping[int, Sequence[Point]]) -> None:
    """Write the curves of seeds: seed -> (key, step, value); nothing where there are none."""
    flat = [(seed, *point) for seed, per_seed in points.items() for point in per_seed]
    if not flat:
        return
    names = sorted({key for _, key, _, _ in flat})
    number = {key: place for place, key in enumerate(names)}
    with path.open("wb") as out:
        np.savez_compressed(
            out,
            names=np.asarray(names),
            seed=np.asarray([row[0] for row in flat], np.int64),
            key=np.asarray([number[row[1]] for row in flat], np.int64),
            step=np.asarray([row[2] for row in flat], np.int64),
            value=np.asarray([row[3] for row in flat], np.float64),
        )


def read_curves(path: Path) -> dict[int, list[Point]]:
    """Return what `write_curves` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        names = arrays["names"].tolist()
        columns = (arrays[name].tolist() for name in ("seed", "key", "step", "value"))
        curves: dict[int, list[Point]] = {}
        for seed, key, step, value in zip(*columns, strict=True):
            curves.setdefault(seed, []).append((names[key], step, value))
    return curves


def _study_run(run: Run) -> StudyRun:
    tags = dict(run.data.tags)
    return StudyRun(
        run_id=run.info.run_id,
        name=tags.get("ablate.study", ""),
        key=tags.get("ablate.key", ""),
        status=str(run.info.status),
        opened=tags.get("ablate.opened", ""),
        created=datetime.fromtimestamp((run.info.start_time or 0) / 1_000, UTC).isoformat(timespec="seconds"),
        experiment_id=str(run.info.experiment_id),
        artifact_uri=str(run.info.artifact_uri),
        tags=tags,
    )


def _stored(run: Run) -> ServerRun:
    tags = dict(run.data.tags)
    seed = tags.get("ablate.seed", "")
    child = Child(
        run_id=run.info.run_id,
        kind=tags.get("ablate.kind", ""),
        arm_id=tags.get("ablate.arm_id", ""),
        seed=int(seed) if seed.isdecimal() and len(seed) < 4_000 else None,
        status=str(run.info.status),
        outcome=tags.get("ablate.outcome", ""),
        identity=tags.get("ablate.identity", ""),
        parent=tags.get("mlflow.parentRunId", ""),
        ended=int(run.info.end_time or 0),
        artifact_uri=str(run.info.artifact_uri),
    )
    return ServerRun(child, tags, dict(run.data.metrics), int(run.info.start_time or 0))


def tag_json(text: str, kind: type[T]) -> T:
    """Return the list or mapping that a tag of a run on the server holds.

    Raises
    ------
    Failure
        It is another thing, or no JSON: anybody may write tags there.
    """
    try:
        parsed = from_json(text)
    except ValueError as error:
        raise Failure(f"a tag on the server cannot be read ({error}), got {cut(text)}") from None
    if not isinstance(parsed, kind):
        raise Failure(f"a tag on the server must hold a {'list' if kind is list else 'mapping'}, got {cut(text)}")
    return parsed
