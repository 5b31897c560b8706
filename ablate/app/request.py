"""What was asked for: a study file with changes, or an ad-hoc sweep, from Hydra's own override grammar."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.types import Override

from ablate.app.offered import option_names
from ablate.app.overrides import levels_of, override_text, parse, refuse_deletion, unswept_value
from ablate.app.schema import check_choice, check_key, import_components, register_components
from ablate.errors import UserError
from ablate.programs.uses import use
from ablate.registry import GROUPS, options
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.planned import as_said
from ablate.sweep.jobs import check_owned
from ablate.sweep.own_keys import short_key
from ablate.sweep.quick import quick_name
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.study_file import (
    check_own_figures,
    is_path,
    load_study,
    parse_study,
    quick_study,
    study_files,
    tracked_name,
)  # fmt: skip
from ablate.work.places import plain_name
from ablate.work.request import ADHOC, Request


@dataclass(frozen=True)
class HydraRequest(Request):
    """A request that was typed. `raw` holds overrides that only Hydra understands."""

    raw: tuple[str, ...] = ()


def check_overrides(arguments: Sequence[str], study: Study | None = None) -> None:
    """Check keys and options of a command line before Hydra does, for the sake of the message.

    `study`: the one that they are given with.

    Raises
    ------
    UserError
        An unknown key or option, with the nearest match; a setting that no Program of the study owns.
    """
    words = [word for word in arguments if "=" in word or word.startswith("~")]
    read = [one for one in parse([word for word in words if not word.startswith("-")]) if not one.is_hydra_override()]
    for override in read:
        refuse_deletion(override)
        key = override.get_key_element().lstrip("+~")
        for level in _values(override, key) if key in GROUPS else ():
            check_choice(key, level)
    given = {override.get_key_element().lstrip("+~"): override for override in read}
    if "program" in given:
        names = _values(given["program"], "program")
    else:
        names = ["numpy"] if study is None else study.factors.get("program", [study.fixed.get("program", "numpy")])
    for override in read:
        key = override.get_key_element().lstrip("+~")
        check_key(key, str(names[0]) if len(names) == 1 else "")
        if key not in GROUPS:
            _values(override, key)
    programs = options("program")
    if all(name in programs for name in names):  # an option file of the user's own is known when it is composed
        check_owned({name: programs[name] for name in names}, list(given), where="the command line")


def ready(uses: Sequence[str]) -> None:
    """Import the Python files of a study, so that what they register can be chosen."""
    import_components()
    use(uses)
    register_components()


def _values(override: Override, key: str) -> list[Any]:
    if override.is_sweep_override():
        return levels_of(override, key, option_names(key) if key in GROUPS else ())
    return [unswept_value(override)]


def read_request(
    name: str | None,
    arguments: Sequence[str],
    loader: ConfigLoader,
    *,
    parts: Mapping[str, Any] | None = None,
    quick: bool = False,
    uses: Sequence[str] = (),
    adhoc: str | None = None,
    spelling: str | None = None,
    compared: Asked | None = None,
) -> HydraRequest:
    """Read the overrides of a command.

    Parameters
    ----------
    name
        A study's name or path, or None for an ad-hoc sweep.
    parts
        Keys of a study file that the command line gave (`design`, `exclude`, `tune`, `fairness`, `metrics`).
    quick
        Take the study's quick budget, under its own name.
    uses
        Python files that the command line gave; they come after those of the study. All of them are imported.
    adhoc
        What an ad-hoc sweep is kept as; None is `ADHOC`.
    spelling
        The command of an ad-hoc sweep as it was typed, where the arguments are a translation of it.
    compared
        What is said of the comparisons that an ad-hoc sweep is judged by; None: it is not judged.

    Raises
    ------
    UserError
        An unknown key or option, a swept key in a study, a sweep Hydra's grammar has but a design has not.
    """
    fixed: dict[str, Any] = {}
    factors: dict[str, list[Any]] = {}
    raw: list[str] = []
    for override in parse(arguments, loader):
        key = override.get_key_element().lstrip("+~")
        refuse_deletion(override)
        if override.is_hydra_override():
            raw.append(str(override.input_line))
            continue
        if key in factors:
            raise UserError(f"`{short_key(key)}` is given twice, and swept; give all its levels at once: KEY=a,b,c")
        if override.is_sweep_override():
            if key in fixed:
                raise UserError(f"`{short_key(key)}` is given twice, and swept; give all its levels at once: KEY=a,b,c")
            factors[key] = _values(override, key)
        else:
            fixed[key] = unswept_value(override)
    seeds = fixed.pop("seeds", None)
    chosen = dict(parts or {})
    typed_words = [*(word for file in uses for word in ("--uses", file)), *arguments]
    words = [shlex.quote(argument) for argument in [*typed_words, *(_typed(k, v) for k, v in chosen.items())]]
    if name is None:
        ready(uses)
        made = {**_adhoc(fixed, factors), **chosen, "uses": list(uses)}
        study = as_said(parse_study(made, where="the command line"), compared)
        multirun = ["-m"] if factors else []
        count = 8 if seeds is None else seeds
        called = [] if adhoc is None else ["--name", shlex.quote(free_name(adhoc))]
        return HydraRequest(
            adhoc or ADHOC, study, count, {}, spelling or " ".join(["ablate", *called, *multirun, *words]), tuple(raw),
            compared=compared,
        )  # fmt: skip
    if adhoc is not None:
        raise UserError(f"`--name` is for a sweep of your own; {name} is a study, and kept under the name of its file")
    study = load_study(name)
    study = study.model_copy(update={"uses": list(dict.fromkeys([*study.uses, *uses]))})
    ready(study.uses)
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
        if isinstance(chosen.get("metrics"), Mapping):
            chosen["metrics"] = {**study.metrics, **chosen["metrics"]}  # those of the file stay declared
        study = parse_study({**_open_to(study, chosen), **chosen}, where=f"{name} with the command line")
    check_own_figures(study, where=name)
    study = study.model_copy(update={"fixed": {**study.fixed, **fixed}})
    short = tracked_name(name)
    words = ["--quick", *words] if quick else words
    return HydraRequest(
        name=quick_name(short) if quick else short,
        study=study,
        seeds=study.seeds if seeds is None else seeds,
        changes={**fixed, **chosen},
        raw=tuple(raw),
        command=" ".join(["ablate run", shlex.quote(name), *words]),
    )


def free_name(name: str) -> str:
    """Return a name that an ad-hoc sweep may have: a plain one, and of no study file, whose runs it would stand for."""
    plain_name(name)
    if name in study_files() or is_path(name):
        raise UserError(f"`--name {name}`: that is a study's name; expected another one, for a sweep of your own")
    return name


def _open_to(study: Study, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study file's content without what follows from keys that the command line gives anew."""
    plain = study.model_dump()  # not as JSON, where a list level is its text
    if "fairness" in chosen or (study.tune is None and "tune" in chosen):
        del plain["fairness"]
        plain["factors"].pop(FAIRNESS, None)
    return plain


def _typed(key: str, choice: Any) -> str:
    """Write a part of a study as it is typed: `exclude` takes its expression bare."""
    if key == "exclude":
        return f"exclude={choice[0]}" if len(choice) == 1 else f"hydra.sweeper.exclude={override_text(choice)}"
    alone = isinstance(choice, list) and len(choice) == 1 and isinstance(choice[0], str)
    return f"{key}={override_text(choice[0] if alone else choice)}"


def _adhoc(fixed: dict[str, Any], factors: dict[str, list[Any]]) -> dict[str, Any]:
    over = ", ".join(map(short_key, factors))
    return {
        "title": f"Ad-hoc sweep over {over}" if over else "Single arm",
        "question": f"What changes with {over}?" if over else "",
        "fixed": fixed,
        "factors": factors,
    }
