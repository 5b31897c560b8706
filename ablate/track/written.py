"""What each kind of run holds, in MLflow's keys and texts, whatever it is written through."""

from __future__ import annotations

import contextlib
import getpass
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.errors import plural
from ablate.track import owner, payload
from ablate.track.earlier_runs import FINGERPRINT, run_tags
from ablate.track.ledger import CODE_TAG, SEQUENCE_TAG
from ablate.track.long_tags import split_tag
from ablate.track.record import ArmRecord, Origin, SeedRecord, StudyRecord
from ablate.track.summary import Point
from ablate.train.outcome import Outcome

_COMMIT = "mlflow.source.git.commit"


@dataclass(frozen=True)
class FinishedRun:
    """One finished seed run.

    Attributes
    ----------
    started, ended
        Milliseconds since 1970.
    points
        (metric key, step, value), finite.
    dataset
        The fields of MLflow's `Dataset`.
    status
        What MLflow calls how it ended.
    """

    name: str
    started: int
    ended: int
    status: str
    tags: dict[str, str]
    params: dict[str, str]
    points: list[Point]
    dataset: dict[str, str]


def seed_written(shared: Mapping[str, str], arm: ArmRecord, run: SeedRecord, *, ended: float) -> FinishedRun:
    """Return what a seed run holds, but for what it belongs to.

    Parameters
    ----------
    shared
        See `shared_tags`.
    ended
        When, in seconds since 1970.
    """
    result = run.result
    tags = {
        **shared,
        **payload.arm_tags(arm),
        **payload.seed_tags(run),
        **run_tags(arm, result),
        "ablate.kind": "seed",
    }
    if run.origin is not None:
        tags, ended = _as_made(tags, run.origin), run.origin.ended
    return FinishedRun(
        name=payload.run_name(arm, result.seed),
        started=int((ended - result.took) * 1_000),
        ended=int(ended * 1_000),
        status="FAILED" if result.outcome is Outcome.CRASHED else "FINISHED",
        tags=tags,
        params={"seed": str(result.seed), "outcome": str(result.outcome), **payload.flat_config(arm.config)},
        points=payload.seed_points(run),
        dataset=_dataset(arm),
    )


def _as_made(tags: Mapping[str, str], origin: Origin) -> dict[str, str]:
    """Return the tags of a run that was made elsewhere: what this process is says nothing of it."""
    origin_tags = {CODE_TAG: origin.code, FINGERPRINT: origin.fingerprint, _COMMIT: _commit_of(origin.code)}
    return {
        **{key: value for key, value in tags.items() if key not in origin_tags},
        **{k: v for k, v in origin_tags.items() if v},
    }


def _commit_of(code: str) -> str:
    return code.partition(" ")[2].removesuffix("+dirty")


def shared_tags(study: StudyRecord, about: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that all runs of a study carry; `about` is their `provenance`."""
    tags = {
        "ablate.study": study.name,
        "ablate.key": study.key,
        "mlflow.user": _user(),
        "mlflow.source.name": study.command,
        "mlflow.source.type": "LOCAL",
        # On every run: a study that is gone on with after a change to the code has runs of both.
        CODE_TAG: code_version(about),
    }
    if commit := about.get("git_commit"):
        tags[_COMMIT] = commit.removesuffix("+dirty")
    return tags


def code_version(about: Mapping[str, str]) -> str:
    """Return the version of the code that runs carry; `about` is their `provenance`."""
    return " ".join(filter(None, (about.get("ablate"), about.get("git_commit"))))


def study_tags(
    shared: Mapping[str, str], about: Mapping[str, str], study: StudyRecord, *, sequence: int
) -> dict[str, str]:
    """Return the tags of a study run that this process opens as the `sequence`-th of its store."""
    return {
        **shared,
        **owner.process_tags(),
        **{f"ablate.provenance.{name}": value for name, value in about.items()},
        "ablate.kind": "study",
        "ablate.arms": str(len(study.run_arms)),
        SEQUENCE_TAG: str(sequence),
        **split_tag("ablate.seeds", json.dumps(list(study.seeds))),
        "mlflow.note.content": payload.study_note(study),
    }


def arm_ended(outcomes: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the tags of an arm whose seeds ended like this, and what MLflow calls how it ended."""
    n, ended = len(outcomes), Counter(outcomes)
    told = ", ".join(f"{ended[outcome]} {outcome}" for outcome in Outcome if ended[outcome])
    tags = {
        "mlflow.note.content": (
            f"Means over {plural(n, 'seed')} ({told}), with 95 % t intervals (`ci95_low/…`, `ci95_high/…`). "
            "Each seed is a child run; what was decided stands in the parent run."
        ),
        "ablate.n": str(n),
        **{f"ablate.{outcome}": f"{ended[outcome]}/{n}" for outcome in Outcome},
    }
    return tags, "FAILED" if n > 0 and ended[Outcome.CRASHED] == n else "FINISHED"


def count_points(outcomes: Sequence[str]) -> list[Point]:
    """Return how many seed runs a study holds, by outcome."""
    ended = Counter(outcomes)
    points: list[Point] = [("count/n", 0, float(len(outcomes)))]
    return points + [(f"count/{outcome}", 0, float(ended[outcome])) for outcome in Outcome]


def cut_for_mlflow(tags: Mapping[str, str]) -> dict[str, str]:
    """Cut what only people read to what MLflow keeps; what is read back is split before (see `long_tags`)."""
    return {
        payload.text(name[:250]): payload.text(value if len(value) <= 8_000 else value[:7_999] + "…")
        for name, value in tags.items()
    }


def _dataset(arm: ArmRecord) -> dict[str, str]:
    facts = {k: v for k, v in arm.facts.items() if isinstance(v, str | int | float | bool)}
    return {
        "name": str(arm.facts.get("dataset") or arm.facts.get("imported_from") or "unnamed"),
        "digest": str(arm.facts.get("fingerprint", "unknown"))[:36],
        "source_type": "local",
        "source": json.dumps({"fingerprint": str(arm.facts.get("fingerprint", ""))}),
        "profile": json.dumps(facts),
    }


def _user() -> str:
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return "unknown"
