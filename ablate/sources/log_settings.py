"""What logs of Inspect were made with, as columns: one column is one setting of one part of the log.

The parts are the arguments of the model and of the task, what was generated with, the solvers and the metadata. A name
that only one part has is `params.NAME`; one that several have is `params.PART.NAME` in all logs, so that neither hides
the other. What was generated with stands in two places, `model_generate_config` and `plan.config`; they are one part
where they say the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ablate.errors import UserError
from ablate.sources.nested import flat

Settings = dict[tuple[str, str], Any]
"""(part, name) -> value."""

GENERATED, _STEPS = "generate_config", "plan"
_PLACES = ("model_generate_config", "plan_config")
_PARTS = ("model_args", "task_args", "metadata", _STEPS, *_PLACES, GENERATED)
_LONG = 120  # characters


def settings_of(where: str, told: Mapping[str, Any], head: Mapping[str, Any]) -> Settings:
    """Return what a log was made with; what is null was not set.

    Raises
    ------
    UserError
        Two settings of one part have one name.
    """
    plan = told.get("plan")
    plan = plan if isinstance(plan, dict) else {}
    held: Settings = {}
    parts = {part: head.get(part) for part in ("model_args", "task_args", "model_generate_config", "metadata")}
    for part, own in {**parts, "plan_config": plan.get("config")}.items():
        if isinstance(own, dict):
            of = flat(part, own, where=where)
            held |= {(part, name.removeprefix(f"{part}.")): value for name, value in of.items()}
    steps = plan.get("steps")
    steps = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    if steps:
        solvers = [str(step.get("solver")) for step in steps]
        held[_STEPS, "solver"] = ", ".join(solvers)
        for at, (solver, step) in enumerate(zip(solvers, steps, strict=True)):
            before = solvers[:at].count(solver)
            name = f"{solver}.{before + 1}" if before else solver
            own = flat(name, step.get("params") or {}, where=where)
            for key, value in own.items():
                if (_STEPS, key) in held:
                    raise UserError(f"{where}: two settings of its solvers are called {key!r}")
                held[_STEPS, key] = value
    return {key: _named(value) for key, value in held.items() if value is not None}


def as_columns(logs: Sequence[Settings], *, epochs: bool) -> tuple[list[dict[str, Any]], bool]:
    """Return the settings of each log as column -> value, and whether a seed of generation was renamed.

    Parameters
    ----------
    epochs
        Epochs are the seeds of these logs: a seed of generation is then a setting, `params.generation_seed`.
    """
    names = {name for own in logs for part, name in own if part in _PLACES}
    agreed = {name for name in names if not any(_differs(own, name) for own in logs)}
    renamed = epochs and any(name == "seed" and part in _PLACES for own in logs for part, name in own)

    def key(part: str, name: str) -> tuple[str, str]:
        if part not in _PLACES:
            return part, name
        own = GENERATED if name in agreed else part
        return own, "generation_seed" if epochs and name == "seed" else name

    merged = [{key(*at): value for at, value in own.items()} for own in logs]
    parts: dict[str, set[str]] = {}
    for part, name in (at for own in merged for at in own):
        parts.setdefault(name, set()).add(part)

    def column(part: str, name: str) -> str:
        told = len(parts[name]) > 1 or name.split(".", maxsplit=1)[0] in _PARTS
        return f"params.{part}.{name}" if told else f"params.{name}"

    return [{column(*at): value for at, value in own.items()} for own in merged], renamed


def _differs(own: Settings, name: str) -> bool:
    one, other = (own.get((place, name)) for place in _PLACES)
    return one is not None and other is not None and one != other


def _named(value: Any) -> Any:
    """Return a setting as a level can be read: of a long text or list the first digits of its SHA-256."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return value if len(text) <= _LONG else f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
