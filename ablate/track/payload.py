"""Records as MLflow's flat keys and strings: tags, parameters, metric points, the description of a study."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ablate.errors import plural
from ablate.levels import restored_levels, stored_levels
from ablate.track.curve_names import CURVES_TAG
from ablate.track.ledger import ARITHMETIC_TAG
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


def flat_config(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a nested configuration as dotted keys and texts.

    >>> flat_config({"optimizer": {"name": "sgd", "lr": 0.1}, "hidden": [100, 100], "norm": None})
    {'optimizer.name': 'sgd', 'optimizer.lr': '0.1', 'hidden': '[100, 100]', 'norm': 'none'}
    """
    flat: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            flat.update(flat_config(value, f"{prefix}{name}."))
        else:
            flat[fitting(f"{prefix}{name}")] = level_as_stored(value)[:PARAM_LIMIT]
    return flat


def level_as_stored(value: Any) -> str:
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
    levels = {f"ablate.level.{fitting(name)}": level_as_stored(level) for name, level in arm.levels.items()}
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
    for name, choice in (arm.facts.get("tuned") or {}).items():
        edge = " (on the edge of what was tried)" if choice["edge"] else ""
        tags[f"ablate.tuned.{fitting(name)}"] = level_as_stored(choice["chosen"]) + edge
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
    lines = [str(definition.get("title") or study.name)]
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
            texts = factors.setdefault(name, [])
            if level_as_stored(level) not in texts:
                texts.append(level_as_stored(level))
    if factors:
        table = "\n".join(f"| `{name}` | {', '.join(texts)} |" for name, texts in factors.items())
        lines += [f"| factor | levels |\n|---|---|\n{table}"]
    counts = sorted({len(trial_ids) for trial_ids in study.trials.of.values()}) if study.trials is not None else []
    tried = f" × {' to '.join(map(str, counts))} trials, of which each seed chooses one" if counts else ""
    lines += [
        f"{plural(len(study.arms), 'arm')} × {plural(len(study.seeds), 'seed')}{tried}.",
        f"Rebuild it:\n\n```\n{study.command}\n```",
    ]
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
        "arms": [arm_document(arm) for arm in study.arms],
        **({} if study.trials is None else {"trials": _trials(study.trials)}),
    }


def arm_document(arm: ArmRecord) -> dict[str, Any]:
    """Return an arm as JSON, to be read back by `stored_arm`."""
    return {
        "id": arm.id,
        "label": arm.label,
        "levels": stored_levels(arm.levels),
        "config": arm.config,
        "facts": arm.facts,
        "baseline": arm.baseline,
    }


def _trials(trials: Trials) -> dict[str, Any]:
    others = {arm: [stored_levels(values) for values in of_arm] for arm, of_arm in trials.others.items()}
    return {
        "metric": trials.metric,
        "ties": trials.ties,
        "tried": [stored_levels(values) for values in trials.tried],
        "arms": [arm_document(arm) for arm in trials.arms],
        "of": {arm: list(of_arm) for arm, of_arm in trials.of.items()},
        "copy": None if trials.copy is None else arm_document(trials.copy),
        "copied": trials.copied,
        "same_data": trials.same_data,
        **({"others": others} if others else {}),
    }


_KINDS: dict[str, type] = {
    "name": str, "key": str, "definition": dict, "arms": list, "seeds": list, "command": str, "note": str,
    "design": dict, "tuning": list,
}  # fmt: skip
_ARM: dict[str, type] = {"id": str, "label": str, "levels": dict, "config": dict, "facts": dict, "baseline": bool}


def planned(data: Mapping[str, Any]) -> StudyRecord:
    """Return the study record of a stored plan.

    Raises
    ------
    KeyError, TypeError, AttributeError
        A part is missing, or of another kind than is written.
    """
    _check(data, _KINDS)
    _check(data["definition"], {"fixed": dict, "factors": dict})
    _must(all(isinstance(row, dict) for row in data.get("tuning", ())), "a row of `tuning` is not a mapping")
    _must(all(type(seed) is int for seed in data["seeds"]), "a seed is not a whole number")
    return StudyRecord(
        name=data["name"],
        key=data["key"],
        definition=data["definition"],
        arms=tuple(stored_arm(arm) for arm in data["arms"]),
        seeds=tuple(data["seeds"]),
        command=data["command"],
        note=data["note"],
        design=data.get("design", {}),
        tuning=tuple(data.get("tuning", ())),
        trials=_planned_trials(data["trials"]) if "trials" in data else None,
    )


def stored_arm(arm: Mapping[str, Any]) -> ArmRecord:
    """Return the arm of a stored document.

    Raises
    ------
    KeyError, TypeError, AttributeError
        A part is missing, or of another kind than is written.
    """
    _check(arm, _ARM)
    plain = (str, int, float, bool, type(None))
    _must(all(isinstance(level, plain) for level in arm["levels"].values()), "a level is not a plain value")
    return ArmRecord(**{**arm, "levels": restored_levels(arm["levels"])})


def _planned_trials(data: Mapping[str, Any]) -> Trials:
    return Trials(
        metric=data["metric"],
        ties=data["ties"],
        tried=tuple(restored_levels(values) for values in data["tried"]),
        arms=tuple(stored_arm(arm) for arm in data["arms"]),
        of={arm: tuple(of_arm) for arm, of_arm in data["of"].items()},
        copy=stored_arm(data["copy"]) if data["copy"] is not None else None,
        copied=data["copied"],
        same_data=data.get("same_data", False),
        others={arm: tuple(map(restored_levels, of_arm)) for arm, of_arm in data.get("others", {}).items()},
    )


def _check(document: Any, kinds: Mapping[str, type]) -> None:
    _must(isinstance(document, Mapping), "a part is not a mapping")
    for name, kind in kinds.items():
        _must(name not in document or isinstance(document[name], kind), f"`{name}` is of another kind than is written")


def _must(holds: bool, why: str) -> None:
    if not holds:
        raise TypeError(why)
