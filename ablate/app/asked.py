"""What `ablate run`, `plan`, `extend`, `noise`, `check` were asked for, as arguments of the Hydra application."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any

from hydra.errors import OverrideParseException

from ablate.app.explain import explain
from ablate.app.launch import run_hydra
from ablate.app.overrides import parse, quoted, unswept_value
from ablate.app.own_code import (
    command_words,
    function_words,
    is_function,
    metric_words,
    metrics_given,
    refuse_application_options,
    refuse_command_options,
)
from ablate.app.study_name import through_hydra
from ablate.errors import UserError, cut
from ablate.sweep.found.asked import Asked, lost_asked, pairs_asked


def refuse_words(overrides: Sequence[str]) -> None:
    """Raise `UserError` for a word that is not an override."""
    for word in overrides:
        if "=" not in word and not word.startswith("~"):
            raise UserError(f"cannot read {cut(word)!r}: expected an override such as seeds=12")


_ONCE = ("--fresh", "--detach", "--no-report")
"""Options of one command that are not part of what it makes."""


def _detach(options: argparse.Namespace) -> None:
    """Turn `--detach` into the setting of the launcher that is asked for."""
    by_hydra = any(word.startswith("hydra/launcher=") for word in options.overrides)
    if options.launcher is None and not by_hydra:
        raise UserError(
            "`--detach` needs a launcher whose jobs continue without this command: add `--launcher submitit`, or "
            '`--launcher "{kind: submitit, cluster: local}"`'
        )
    if by_hydra:
        options.overrides.append("hydra.launcher.detach=true")
    elif options.launcher.startswith("{"):
        options.launcher = "{detach: true, " + options.launcher[1:]
    else:
        options.launcher = f"{{kind: {quoted(options.launcher)}, detach: true}}"


def sweep(options: argparse.Namespace, action: str) -> None:
    """Do what a command says with a study, or with code of one's own.

    Raises
    ------
    AblateError
        See `launch.run_hydra`.
    """
    command = options.own_command
    if options.hydra:
        _sweep_application(options, action)
        return
    refuse_application_options(options)
    if command:
        options.overrides = [*([options.study] if options.study else []), *options.overrides]
    elif options.study is None:
        raise UserError(f"a study, a function or a command is missing (see `ablate {action} --help`)")
    else:
        refuse_command_options(options)
    refuse_words(options.overrides)
    study = None if command or is_function(options.study) else options.study
    if study is not None and study.endswith(".py"):
        raise UserError(f"{study} is a Python file: say which of its functions is run, as in {study}:train")
    if study is not None:
        _refuse_of_a_sweep(options, study)
    settings = [f"hydra.sweeper.action={action}"]
    words = [*options.overrides, *metric_words(options.metric, options.failed_counts_as)]
    if study is not None:
        settings.append(f"hydra.sweeper.study='{through_hydra(study)}'")
    elif options.quick:
        raise UserError("`--quick` takes the quick budget of a study file; code of your own has none")
    elif command:
        words = command_words(command, words, options)
        if options.slots and options.jobs is None:
            options.jobs = sum(word.count(",") + 1 for word in options.slots)
    else:
        words = function_words(options.study, words, timeout=options.timeout)
    if options.quick:
        settings.append("hydra.sweeper.quick=true")
    if options.jobs is not None:
        settings.append(f"hydra.sweeper.n_jobs={options.jobs}")
    if getattr(options, "detach", False):
        _detach(options)
    if options.launcher is not None:
        told = options.launcher if options.launcher.startswith("{") else quoted(options.launcher)
        settings.append(f"hydra.sweeper.launcher={told}")
    if getattr(options, "fresh", False):
        settings.append("hydra.sweeper.fresh=true")
    if getattr(options, "no_report", False):
        settings.append("hydra.sweeper.report=false")
    if getattr(options, "seeds", None) is not None:
        settings.append(f"hydra.sweeper.more_seeds={options.seeds}")
    if getattr(options, "rerun", None) is not None:
        settings.append(f"hydra.sweeper.rerun={options.rerun}")
    if getattr(options, "copies", None) is not None:
        settings.append(f"hydra.sweeper.copies={options.copies}")
    named = [word for name in options.name for word in ("--name", name)]
    uses = [word for file in options.uses for word in ("--uses", file)]
    spelling = _stored(options.typed) if study is None else None
    compared = None
    if study is None:
        compared = _compared(options)
    run_hydra(["--multirun", *settings, *named, *uses, *words], study=study, spelling=spelling, compared=compared)


def _refuse_of_a_sweep(options: argparse.Namespace, study: str) -> None:
    """Raise `UserError` for an option that says of a sweep of one's own code what a study says in its file."""
    for flag, given, field in (
        ("--baseline", options.baseline, "`baseline:`"),
        ("--by-at-least", options.by_at_least is not None, "`by_at_least:` of each claim"),
        ("--failed-counts-as", options.failed_counts_as is not None, "`failed_counts_as:` of the metric"),
        ("--lost", options.lost, f"`lost: [{', '.join(lost_asked(options.lost))}]`"),
    ):
        if given:
            raise UserError(f"`{flag}` is for a sweep of your own code; {study} says it in its file: {field}")


def _compared(options: argparse.Namespace) -> Asked:
    """Return what is said of the comparisons that a sweep of one's own code is judged by."""
    return Asked(
        baseline=pairs_asked("--baseline", options.baseline), by_at_least=options.by_at_least,
        lost=lost_asked(options.lost),
    )  # fmt: skip


def _stored(typed: Sequence[str]) -> str:
    """Return the command that is kept with a sweep: what makes it, without what is done once.

    >>> _stored(["extend", "train.py:train", "lr=0.1,0.01", "--seeds", "4", "--fresh"])
    'ablate run train.py:train lr=0.1,0.01'
    """
    end = typed.index("--") if "--" in typed else len(typed)
    words, kept = list(typed[1:end]), []
    while words:
        word = words.pop(0)
        if word in ("--seeds", "--copies"):
            words = words[1:]
        elif word not in _ONCE and not word.startswith(("--seeds=", "--copies=")):
            kept.append(word)
    return shlex.join(["ablate", "run", *kept, *typed[end:]])


def _launcher_meant(said: str | None) -> Any:
    """Return what `--launcher` says: a name, or a name with settings as a mapping."""
    if said is None or not said.startswith("{"):
        return said
    try:
        (override,) = parse([f"launcher={said}"])
    except OverrideParseException as error:
        raise (explain(error) or error) from None
    return unswept_value(override)


def take_in(options: argparse.Namespace, launcher: str) -> None:
    """Give a study's own command again with the launcher that submitted its jobs, in place of any other."""
    options.launcher, options.detach, options.fresh = launcher, False, False
    other = ("hydra/launcher=", "hydra.launcher.")
    options.overrides = [word for word in options.overrides if not word.startswith(other)]
    sweep(options, "run")


def _sweep_application(options: argparse.Namespace, action: str) -> None:
    """Do what a command says with a Hydra application of somebody else's."""
    from ablate.app.foreign import sweep_outside

    if options.own_command or options.study is None:
        raise UserError("`--hydra` takes the application's file and nothing after `--`: ablate run --hydra train.py …")
    if len(options.name) > 1:
        raise UserError("`--name` is given twice")
    refuse_command_options(options, but=("metrics_file", "code_version"))
    if getattr(options, "detach", False):
        _detach(options)
    if options.quick or options.uses:
        raise UserError("`--quick` and `--uses` belong to a study, and not to `--hydra`")
    given = {
        "action": action,
        "rerun": getattr(options, "rerun", None),
        "name": options.name[-1] if options.name else None,
        "seed_key": options.seed_key,
        "metrics": metrics_given(options.metric, options.failed_counts_as) or None,
        "metrics_file": options.metrics_file,
        "code_version": options.code_version,
        "n_jobs": options.jobs,
        "launcher": _launcher_meant(options.launcher),
        "fresh": getattr(options, "fresh", False) or None,
        "report": False if getattr(options, "no_report", False) else None,
        "more_seeds": getattr(options, "seeds", None),
        "copies": getattr(options, "copies", None),
    }
    main = {name: getattr(options, name) for name in ("config_name", "config_path", "config_dir")}
    sweep_outside(
        options.study,
        options.overrides,
        {name: value for name, value in given.items() if value is not None},
        {name: value for name, value in main.items() if value is not None},
        command=_stored(options.typed),
        compared=_compared(options),
    )
