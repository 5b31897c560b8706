"""What logs of Inspect were made with, as columns: one column is one setting of one part of the log.

The parts are the arguments of the model and of the task, what was generated with, the solvers and the metadata. A name
that only one part has is `params.NAME`; one that several have is `params.PART.NAME` in all logs, so that neither hides
the other. What was generated with stands in two places, `model_generate_config` and `plan.config`; they are one part
where they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ablate.errors import UserError
from ablate.sources.nested import flat
from ablate.sources.settings import setting_level

Settings = dict[tuple[str, str], Any]
"""(part, name) -> value."""

GENERATED, _STEPS = "generate_config", "plan"
_PLACES = ("model_generate_config", "plan_config")
_PARTS = ("model_args", "task_args", "metadata", _STEPS, *_PLACES, GENERATED)


def settings_in_log(where: str, told: Mapping[str, Any], head: Mapping[str, Any]) -> Settings:
    """Return what a log was made with; what is null was not set.

    Raises
    ------
    UserError
        Two settings of one part have one name.
    """
    plan = told.get("plan")
    plan = plan if isinstance(plan, dict) else {}
    settings: Settings = {}
    parts = {part: head.get(part) for part in ("model_args", "task_args", "model_generate_config", "metadata")}
    for part, entries in {**parts, "plan_config": plan.get("config")}.items():
        if isinstance(entries, dict):
            of = flat(part, entries, where=where)
            settings |= {(part, name.removeprefix(f"{part}.")): value for name, value in of.items()}
    steps = plan.get("steps")
    steps = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    if steps:
        solvers = [str(step.get("solver")) for step in steps]
        settings[_STEPS, "solver"] = ", ".join(solvers)
        for at, (solver, step) in enumerate(zip(solvers, steps, strict=True)):
            before = solvers[:at].count(solver)
            name = f"{solver}.{before + 1}" if before else solver
            entries = flat(name, step.get("params") or {}, where=where)
            for key, value in entries.items():
                if (_STEPS, key) in settings:
                    raise UserError(f"{where}: two settings of its solvers are called {key!r}")
                settings[_STEPS, key] = value
    return {key: setting_level(value) for key, value in settings.items() if value is not None}


def as_columns(logs: Sequence[Settings], *, epochs: bool) -> tuple[list[dict[str, Any]], bool]:
    """Return the settings of each log as column -> value, and whether a seed of generation was renamed.

    Parameters
    ----------
    epochs
        Epochs are the seeds of these logs: a seed of generation is then a setting, `params.generation_seed`.
    """
    names = {name for log in logs for part, name in log if part in _PLACES}
    agreed = {name for name in names if not any(_differs(log, name) for log in logs)}
    renamed = epochs and any(name == "seed" and part in _PLACES for log in logs for part, name in log)

    def key(part: str, name: str) -> tuple[str, str]:
        if part not in _PLACES:
            return part, name
        place = GENERATED if name in agreed else part
        return place, "generation_seed" if epochs and name == "seed" else name

    merged = [{key(*at): value for at, value in log.items()} for log in logs]
    parts: dict[str, set[str]] = {}
    for part, name in (at for log in merged for at in log):
        parts.setdefault(name, set()).add(part)

    def column(part: str, name: str) -> str:
        told = len(parts[name]) > 1 or name.split(".", maxsplit=1)[0] in _PARTS
        return f"params.{part}.{name}" if told else f"params.{name}"

    return [{column(*at): value for at, value in log.items()} for log in merged], renamed


def _differs(settings: Settings, name: str) -> bool:
    one, other = (settings.get((place, name)) for place in _PLACES)
    return one is not None and other is not None and one != other
