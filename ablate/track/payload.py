"""Records as MLflow's flat keys and strings: tags, parameters, metric points, the description of a study."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ablate.levels import restored_levels, stored_levels
from ablate.track.ledger import ARITHMETIC_TAG, CURVES_TAG
from ablate.track.long_tags import split_tag
from ablate.track.names import BESIDE, KEYS_TAG, NONFINITE, TIMER, fitting, key
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord, Trials
from ablate.track.summary import Point

NOTE_LIMIT = 7_900  # MLflow cuts tags at 8,000 characters; ours ends on a line and says so
PARAM_LIMIT = 6_000


def run_name(arm: ArmRecord, seed: int) -> str:
    """Return the name of a seed run: its difference from the baseline, and its seed."""
    return f"{arm.label} · seed {seed}"


def text(value: str) -> str:
    r"""Return a text as SQLite and a UTF-8 file take it: what no character stands for is written out.

    >>> text("caf" + chr(0xDCE9))
    'caf\\udce9'
    """
    return value.encode(errors="backslashreplace").decode()


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a nested configuration as dotted keys and texts.

    >>> flat({"optimizer": {"name": "sgd", "lr": 0.1}, "hidden": [100, 100], "norm": None})
    {'optimizer.name': 'sgd', 'optimizer.lr': '0.1', 'hidden': '[100, 100]', 'norm': 'none'}
    """
    found: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[fitting(f"{prefix}{name}")] = level_text(value)[:PARAM_LIMIT]
    return found


def level_text(value: Any) -> str:
    """Return one value as it is written in a configuration file."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def curve_keys(run: SeedRecord) -> dict[str, str]:
    """Return curve name -> metric key."""
    return {name: key(name) for name in run.result.curves}


def scalar_keys(run: SeedRecord) -> dict[str, str]:
    """Return scalar name -> metric key. One that is named like a curve moves aside, or it would add a point to it."""
    curves = set(curve_keys(run).values())
    return {name: BESIDE + key(name) if key(name) in curves else key(name) for name in run.result.metrics}


def seed_points(run: SeedRecord) -> list[Point]:
    """Return the values of a seed run, finite ones only: MLflow stores NaN as 0 and infinity as 1.8e308."""
    result, scalars, curves = run.result, scalar_keys(run), curve_keys(run)
    points: list[Point] = [(scalars[name], 0, float(value)) for name, value in result.metrics.items()]
    points.append((TIMER, 0, float(result.seconds)))
    if result.first_nonfinite_step is not None:
        points.append((NONFINITE, 0, float(result.first_nonfinite_step)))
    for name, curve in result.curves.items():
        points += [
            (curves[name], step, value) for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True)
        ]
    return [point for point in points if math.isfinite(point[2])]


def arm_tags(arm: ArmRecord) -> dict[str, str]:
    """Return the tags an arm run and all its seed runs carry."""
    levels = {f"ablate.level.{fitting(name)}": level_text(level) for name, level in arm.levels.items()}
    return {
        "ablate.arm": arm.label,
        "ablate.arm_id": arm.id,
        "ablate.baseline": "true" if arm.baseline else "false",
        **split_tag("ablate.levels", json.dumps(stored_levels(arm.levels), ensure_ascii=False)),
        **levels,
        **tuning_tags(arm),
    }


def tuning_tags(arm: ArmRecord) -> dict[str, str]:
    """Return the tags that say what was tuned, where it was looked for, and what was chosen; none for a fixed arm."""
    how = arm.facts.get("tuning") or {}
    tags = {}
    for name, found in (arm.facts.get("tuned") or {}).items():
        edge = " (on the edge of what was tried)" if found["edge"] else ""
        tags[f"ablate.tuned.{fitting(name)}"] = level_text(found["chosen"]) + edge
    for name, space in (how.get("space") or {}).items():
        tags[f"ablate.tuned.space.{fitting(name)}"] = str(space)
    if how:
        tags["ablate.tuned.budget"] = f"{how['trials']} trials x {len(how['seeds'])} seeds, best mean {how['metric']}"
        tags["ablate.tuned.study"] = str(how["study"])
    return tags


def seed_tags(run: SeedRecord) -> dict[str, str]:
    """Return the tags of a seed run that say what came of it."""
    result = run.result
    tags = {
        "ablate.seed": str(result.seed),
        "ablate.identity": run.identity,
        "ablate.outcome": str(result.outcome),
        KEYS_TAG: "names",
        **split_tag(CURVES_TAG, json.dumps(sorted(curve_keys(run).values()))),
    }
    if result.arithmetic:
        tags[ARITHMETIC_TAG] = json.dumps(result.arithmetic, ensure_ascii=False, sort_keys=True)
    if result.first_nonfinite_step is not None:
        tags["ablate.first_nonfinite_step"] = str(result.first_nonfinite_step)
    if result.error:
        tags["ablate.error"] = result.error.strip().splitlines()[-1][:500]
    return tags


def study_note(study: StudyRecord) -> str:
    """Return the description of a study run: what is asked, by whose words, over which factors, how to rebuild it."""
    definition = study.definition
    lines = [f"# {definition.get('title') or study.name}"]
    if definition.get("question"):
        lines += [str(definition["question"])]
    if study.note:
        lines += [study.note]
    for quote in definition.get("quotes") or []:
        if isinstance(quote, Mapping):
            lines += [f"> {quote.get('zh', '')}\n>\n> {quote.get('en', '')}  \n> *{quote.get('source', '')}*"]
    factors: dict[str, list[str]] = {}
    for arm in study.arms:
        for name, level in arm.levels.items():
            held = factors.setdefault(name, [])
            if level_text(level) not in held:
                held.append(level_text(level))
    if factors:
        table = "\n".join(f"| `{name}` | {', '.join(held)} |" for name, held in factors.items())
        lines += [f"| factor | levels |\n|---|---|\n{table}"]
    tried = "" if study.trials is None else f" × {len(study.trials.tried)} trials, of which each seed chooses one"
    lines += [f"{len(study.arms)} arms × {len(study.seeds)} seeds{tried}.", f"Rebuild it:\n\n```\n{study.command}\n```"]
    note = text("\n\n".join(lines))
    if len(note) <= NOTE_LIMIT:
        return note
    return note[:NOTE_LIMIT].rpartition("\n")[0] + "\n\n… (cut; all of it is in `plan.json`)"


def plan(study: StudyRecord) -> dict[str, Any]:
    """Return a study record as JSON, to be read back by `planned`."""
    return {
        "name": study.name,
        "key": study.key,
        "definition": study.definition,
        "command": study.command,
        "note": study.note,
        "design": study.design,
        "tuning": list(study.tuning),
        "seeds": list(study.seeds),
        "arms": [_arm(arm) for arm in study.arms],
        **({} if study.trials is None else {"trials": _trials(study.trials)}),
    }


def _arm(arm: ArmRecord) -> dict[str, Any]:
    return {
        "id": arm.id,
        "label": arm.label,
        "levels": stored_levels(arm.levels),
        "config": arm.config,
        "facts": arm.facts,
        "baseline": arm.baseline,
    }


def _trials(trials: Trials) -> dict[str, Any]:
    return {
        "metric": trials.metric,
        "ties": trials.ties,
        "tried": [stored_levels(values) for values in trials.tried],
        "arms": [_arm(arm) for arm in trials.arms],
        "of": {arm: list(own) for arm, own in trials.of.items()},
        "copy": None if trials.copy is None else _arm(trials.copy),
        "copied": trials.copied,
    }


def planned(data: Mapping[str, Any]) -> StudyRecord:
    """Return the study record of a stored plan."""
    return StudyRecord(
        name=data["name"],
        key=data["key"],
        definition=data["definition"],
        arms=tuple(_planned_arm(arm) for arm in data["arms"]),
        seeds=tuple(data["seeds"]),
        command=data["command"],
        note=data["note"],
        design=data.get("design", {}),
        tuning=tuple(data.get("tuning", ())),
        trials=_planned_trials(data["trials"]) if "trials" in data else None,
    )


def _planned_arm(arm: Mapping[str, Any]) -> ArmRecord:
    return ArmRecord(**{**arm, "levels": restored_levels(arm["levels"])})


def _planned_trials(data: Mapping[str, Any]) -> Trials:
    return Trials(
        metric=data["metric"],
        ties=data["ties"],
        tried=tuple(restored_levels(values) for values in data["tried"]),
        arms=tuple(_planned_arm(arm) for arm in data["arms"]),
        of={arm: tuple(own) for arm, own in data["of"].items()},
        copy=_planned_arm(data["copy"]) if data["copy"] is not None else None,
        copied=data["copied"],
    )
