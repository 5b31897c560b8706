"""A study run as an archive holds it, read back: every value is looked at, because anybody can write such a file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.track import payload
from ablate.track.record import Origin, SeedRecord, StudyRecord
from ablate.track.stored_run import LoggedRun, StoredRun
from ablate.train.config import MOST_SEED
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult
from ablate.values import from_json

_NAME = re.compile(r"[\w.-]{1,64}")
_KINDS = "biufcUS"  # of arrays: truth values, numbers, text


@dataclass(frozen=True)
class Archived:
    """One study run, whole.

    Attributes
    ----------
    registration, registered_sha256, history
        See `StudyTables.study`.
    created, provenance
        When the study run was made, and by what.
    status
        As the session was closed; `RUNNING` where it was not.
    where
        The store it comes from.
    """

    plan: StudyRecord
    registration: dict[str, Any]
    registered_sha256: str
    history: list[dict[str, Any]]
    created: str
    provenance: dict[str, str]
    status: str
    where: str
    runs: tuple[LoggedRun, ...]


def study_from_archive(parts: Mapping[str, bytes], number: int) -> Archived:
    """Return a study run from the parts of an archive.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError
        A part is not what `archive.write_archive` writes.
    """
    document = from_json(parts[f"study-{number}.json"])
    plan, arrays = payload.planned(document["plan"]), parts[f"arrays-{number}.bin"]
    for text in (plan.name, plan.key, document["status"], document["where"], document["registered_sha256"]):
        _must(isinstance(text, str), f"{text!r} is not text")
    _must(plan.name and plan.name.isprintable(), f"a study is named {plan.name!r}")
    _must(_NAME.fullmatch(plan.key), f"a study has the key {plan.key!r}")
    _must(all(_is_seed(seed) for seed in plan.seeds), "a planned seed is not a seed")
    arms = [payload.stored_arm(arm) for arm in document["arms"]]
    for arm in (*plan.arms, *plan.run_arms, *arms):
        _must(_NAME.fullmatch(arm.id) and isinstance(arm.label, str), f"an arm has the id {arm.id!r}")
        _must(isinstance(arm.config, dict) and isinstance(arm.facts, dict), f"arm {arm.id} has no configuration")
    _must(isinstance(plan.definition, dict) and isinstance(document["registration"], dict), "a part is not a mapping")
    events = [dict(event) for event in document["history"]]
    _must(all(isinstance(event.get("event"), str) for event in events), "an event has no name")
    lines = parts[f"runs-{number}.jsonl"].decode().splitlines()
    runs = []
    for line in lines:
        told = from_json(line)
        _must(_is_index(told["arm"], len(arms)), "a run is of no arm")
        arm = arms[told["arm"]]
        result, origin = (
            _result(told, arrays),
            Origin(str(told["code"]), str(told["fingerprint"]), float(told["ended"])),
        )
        _must(isinstance(told["identity"], str) and math.isfinite(origin.ended), "a run has no identity or time")
        short = StoredRun(
            run_id="", arm_id=arm.id, arm=arm.label, levels=arm.levels, seed=result.seed, outcome=str(result.outcome),
            identity=told["identity"], code=origin.code, fingerprint=origin.fingerprint,
            started=origin.ended - result.took, ended=origin.ended, arithmetic=dict(result.arithmetic),
        )  # fmt: skip
        runs.append(LoggedRun(short, arm, SeedRecord(told["identity"], result, origin)))
    return Archived(
        plan=plan,
        registration=document["registration"],
        registered_sha256=document["registered_sha256"],
        history=events,
        created=str(document["created"]),
        provenance={str(name): str(value) for name, value in document["provenance"].items()},
        status=document["status"],
        where=document["where"],
        runs=tuple(runs),
    )


def _result(told: Mapping[str, Any], arrays: bytes) -> RunResult:
    _must(_is_seed(told["seed"]), "a run has no seed")
    step, reads, error = told["first_nonfinite_step"], told["reads"], told["error"]
    _must(step is None or _is_index(step, MOST_SEED), "a step is not a number")
    _must(reads is None or all(isinstance(one, str) for one in reads), "`reads` holds what is not text")
    _must(error is None or isinstance(error, str), "an error is not text")
    return RunResult(
        seed=told["seed"],
        outcome=Outcome(told["outcome"]),
        metrics={str(name): _number(value) for name, value in told["metrics"].items()},
        curves={str(name): _curve(*points) for name, points in told["curves"].items()},
        first_nonfinite_step=step,
        test_correct=None if told["correct"] is None else _array(told["correct"], arrays).astype(np.bool_),
        seconds=math.nan if told["seconds"] is None else _number(told["seconds"]),
        error=error,
        arrays={str(name): _array(place, arrays) for name, place in told["arrays"].items()},
        reads=None if reads is None else tuple(reads),
        used={str(name): str(value) for name, value in told["used"].items()},
        arithmetic={str(name): str(value) for name, value in told["arithmetic"].items()},
    )


def _curve(steps: Sequence[Any], values: Sequence[Any]) -> Curve:
    _must(len(steps) == len(values) and all(isinstance(step, int) for step in steps), "a curve is torn")
    return Curve(np.asarray(steps, np.int64), np.asarray([_number(value) for value in values], np.float64))


def _array(place: Sequence[Any], arrays: bytes) -> NDArray[Any]:
    text, shape, at = place
    dtype = np.dtype(str(text))
    _must(dtype.kind in _KINDS and dtype.names is None and dtype.itemsize > 0, f"an array is of type {text!r}")
    _must(len(shape) <= 16 and all(_is_index(size, 2**40) for size in shape), "an array has no shape")
    count = math.prod(shape)
    _must(_is_index(at, len(arrays) + 1) and count * dtype.itemsize <= len(arrays) - at, "an array is cut short")
    return np.frombuffer(arrays, dtype, count, at).reshape(shape).copy()


def _number(value: Any) -> float:
    _must(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value), f"{value!r}")
    return float(value)


def _is_index(value: Any, end: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _is_seed(value: Any) -> bool:
    return _is_index(value, MOST_SEED + 1)


def _must(truth: object, wrong: str) -> None:
    if not truth:
        raise ValueError(wrong)
