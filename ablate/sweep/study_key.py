"""The key of a study run: what makes it the same run when the command is given again."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from ablate.identity import digest
from ablate.registry import options
from ablate.sweep.jobs import REVISION
from ablate.sweep.study import Study
from ablate.track.record import StudyRecord
from ablate.train.program import Program


def key_of(study: Study, name: str, shared: Mapping[str, Any]) -> str:
    """Return the key of a study run, from the description of its first arm.

    It leaves out seeds and the levels of the factors: more seeds, or one more level, go on with the same study run; a
    change to anything that is fixed starts another. What tuning chooses does not: it is not part of it. Where only a
    Program knows what follows from a factor (`Program.flat`), what is fixed is taken as it was said.
    """
    what: dict[str, Any] = {"name": name, "factors": sorted(study.factors), "revision": REVISION}
    told = shared.get("program")  # a description from an archive may lack it
    program: Any = options("program").get(str(told.get("name", "")) if isinstance(told, Mapping) else "", Program)
    what["shared"] = _said(study, program.unnamed) if program.flat else _without(shared, study.factors)
    if study.tune is not None and study.fairness != "fixed":
        what["tuned"] = sorted(study.tune.all_keys)
        if study.tune.per == "seed":
            what["per"] = "seed"
    return digest(what)[:16]


def key_under(record: StudyRecord, study: Study, name: str) -> str | None:
    """Return the key that a study run has under another name; None where its own cannot be told from its record.

    `study`: what its definition says.
    """
    first = record.arms[0].config
    return key_of(study, name, first) if key_of(study, record.name, first) == record.key else None


def _said(study: Study, unnamed: Collection[str]) -> dict[str, Any]:
    left_out = [f"program.{name}" for name in unnamed]
    return {key: value for key, value in study.fixed.items() if key not in left_out}


def _without(description: Mapping[str, Any], factors: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what the factors vary: a whole group for a group factor, one leaf for a value factor."""
    kept = copy.deepcopy(dict(description))
    for factor in factors:
        *path, leaf = factor.split(".")
        at: Any = kept
        for part in path:
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, dict):
            at.pop(leaf, None)
        elif path:
            kept.pop(path[0], None)
    return kept
