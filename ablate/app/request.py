"""What was asked for: a study file with changes, or an ad-hoc sweep, from Hydra's own override grammar."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from ablate.app.schema import check_choice, check_key
from ablate.errors import UserError
from ablate.registry import GROUPS
from ablate.sweep.plan import show
from ablate.sweep.quick import quick_name
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.study_file import load_study, parse_study, quick_study

ADHOC = "adhoc"


@dataclass(frozen=True)
class Request:
    """A study to plan or run.

    Attributes
    ----------
    study
        With what was fixed on the command line already in `study.fixed`.
    changes
        What the command line changed of a study file, key -> value.
    raw
        Overrides that only Hydra understands.
    command
        The line that gives the same request again.
    """

    name: str
    study: Study
    seeds: Any
    changes: dict[str, Any]
    raw: tuple[str, ...]
    command: str


def check_overrides(arguments: Sequence[str]) -> None:
    """Check keys and options of a command line before Hydra does, for the sake of the message.

    Raises
    ------
    UserError
        An unknown key or option, with the nearest match.
    """
    typed = [word for word in arguments if "=" in word and not word.startswith("-")]
    for override in OverridesParser.create().parse_overrides(typed):
        if override.is_hydra_override():
            continue
        key = override.get_key_element().lstrip("+~")
        check_key(key)
        for level in _levels(override, key) if override.is_sweep_override() else [_plain(override.value())]:
            if key in GROUPS and not override.is_delete():
                check_choice(key, level)


def read_request(
    name: str | None,
    arguments: Sequence[str],
    loader: ConfigLoader,
    *,
    choices: Mapping[str, Any] | None = None,
    quick: bool = False,
) -> Request:
    """Read the overrides of a command.

    Parameters
    ----------
    name
        A study's name or path, or None for an ad-hoc sweep.
    choices
        Keys of a study file that the command line gave (`design`, `exclude`, `tune`, `fairness`).
    quick
        Take the study's quick budget, under its own name.

    Raises
    ------
    UserError
        An unknown key or option, a swept key in a study, a sweep Hydra's grammar has but a design has not.
    """
    fixed: dict[str, Any] = {}
    factors: dict[str, list[Any]] = {}
    raw: list[str] = []
    for override in OverridesParser.create(config_loader=loader).parse_overrides(list(arguments)):
        key = override.get_key_element().lstrip("+~")
        if override.is_delete() or override.is_hydra_override():
            raw.append(str(override.input_line))
            continue
        if override.is_sweep_override():
            factors[key] = _levels(override, key)
        else:
            fixed[key] = _plain(override.value())
    seeds = fixed.pop("seeds", None)
    chosen = dict(choices or {})
    words = [shlex.quote(argument) for argument in [*arguments, *(f"{k}={_typed(v)}" for k, v in chosen.items())]]
    if name is None:
        study = parse_study({**_adhoc(fixed, factors), **chosen}, where="the command line")
        multirun = ["-m"] if factors else []
        return Request(
            ADHOC, study, 8 if seeds is None else seeds, {}, tuple(raw), " ".join(["ablate", *multirun, *words])
        )
    study = load_study(name)
    if quick:
        study = quick_study(study, where=name)
    if factors:
        key = next(iter(factors))
        raise UserError(
            f"{name} is a study: its factors stand in its file, {key!r} cannot be swept on top; "
            "for a sweep of your own: ablate -m " + " ".join(words)
        )
    for key, value in fixed.items():
        if key in study.factors:
            raise UserError(f"{key!r} is a factor of {name}; it cannot be fixed to {value!r} as well")
    if chosen:
        study = parse_study({**_open_to(study, chosen), **chosen}, where=f"{name} with the command line")
    study = study.model_copy(update={"fixed": {**study.fixed, **fixed}})
    short = name.rsplit("/", maxsplit=1)[-1].removesuffix(".yaml")
    words = ["--quick", *words] if quick else words
    return Request(
        name=quick_name(short) if quick else short,
        study=study,
        seeds=study.seeds if seeds is None else seeds,
        changes={**fixed, **chosen},
        raw=tuple(raw),
        command=" ".join(["ablate run", shlex.quote(name), *words]),
    )


def _open_to(study: Study, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study file's content without what follows from keys that the command line gives anew."""
    plain = study.model_dump(mode="json")
    if "fairness" in chosen or (study.tune is None and "tune" in chosen):
        del plain["fairness"]
        plain["factors"].pop(FAIRNESS, None)
    return plain


def _levels(override: Override, key: str) -> list[Any]:
    if key == "seeds":
        raise UserError("`seeds` is no factor: give a count (seeds=8) or a list (seeds=[0,1,2])")
    if not override.is_discrete_sweep():
        raise UserError(f"`{key}`: an interval cannot be swept; give levels: {key}=a,b,c or {key}=range(1,4)")
    return [_plain(level) for level in override.sweep_iterator()]


def _typed(choice: Any) -> str:
    """Write a design or an exclusion as it is typed: Hydra's grammar for the one, the expression for the other."""
    if isinstance(choice, list) and all(isinstance(item, str) for item in choice) and len(choice) == 1:
        return str(choice[0])
    if isinstance(choice, list):
        return "[" + ",".join(map(_typed, choice)) + "]"
    if isinstance(choice, dict):
        return "{" + ",".join(f"{key}:{_typed(value)}" for key, value in choice.items()) + "}"
    return show(choice)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    # Hydra keeps how a string was quoted; a level is only its text.
    text = getattr(value, "text", None)
    return text if isinstance(text, str) else value


def _adhoc(fixed: dict[str, Any], factors: dict[str, list[Any]]) -> dict[str, Any]:
    over = ", ".join(factors)
    return {
        "title": f"Ad-hoc sweep over {over}" if over else "Single arm",
        "question": f"What do {over} change?" if over else "",
        "fixed": fixed,
        "factors": factors,
    }
