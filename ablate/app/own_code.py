"""Short spellings for code of one's own, a function or a command.

`ablate run train.py:train lr=0.1,0.01` is a sweep of `program=function`, `ablate run lr=0.1,0.01 -- python train.py
--lr {lr}` one of `program=command`. They are translated into the overrides that a sweep has anyway; everything after
that is one way.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from ablate.app.overrides import override_text, parse, quoted, unswept_value
from ablate.errors import UserError
from ablate.sweep.found.asked import metrics_asked, pairs_asked, units_asked
from ablate.sweep.own_keys import full_key, renamed
from ablate.sweep.tune import Tune
from ablate.train.metric import KNOWN

_TARGET = re.compile(r".+\.py:[A-Za-z_]\w*|[A-Za-z_][\w.]*:[A-Za-z_]\w*")
OF_A_COMMAND = (
    "metrics_file", "metric_pattern", "step", "env", "folder", "watch", "code_version", "timeout", "slots",
)  # fmt: skip
OF_AN_APPLICATION = ("seed_key", "config_name", "config_path", "config_dir")
_OF_A_SWEEP = ("seeds", "fairness", "metrics")


def is_function(study: str) -> bool:
    """Tell whether what stands for a study names a function: `train.py:train` or `package.module:train`.

    >>> is_function("train.py:train"), is_function("studies/mine.yaml"), is_function("quickstart")
    (True, False, False)
    """
    return bool(_TARGET.fullmatch(study)) and not Path(study).is_file()


def function_words(target: str, overrides: Sequence[str], *, timeout: float | None = None) -> list[str]:
    """Return the overrides of a sweep over the settings of a function; `timeout` is in seconds, for each run.

    >>> function_words("train.py:train", ["lr=0.1,0.01", "seeds=8", "exclude=lr == 0.1"])
    ['program=function', "program.target='train.py:train'", 'program.params.lr=0.1,0.01', 'seeds=8', \
'exclude=program.params.lr == 0.1']
    """
    limit = [] if timeout is None else [f"program.timeout={override_text(timeout)}"]
    return ["program=function", f"program.target={quoted(target)}", *limit, *map(_own, overrides)]


def command_words(command: Sequence[str], overrides: Sequence[str], options: argparse.Namespace) -> list[str]:
    """Return the overrides of a sweep over the settings of a command.

    Raises
    ------
    UserError
        `--env` has no `=`.
    """
    said: dict[str, Any] = {
        "command": list(command),
        "metrics_file": options.metrics_file,
        "metric_pattern": options.metric_pattern,
        "step": options.step,
        "env": pairs_asked("--env", options.env),
        "folder": options.folder,
        "watch": options.watch,
        "code_version": options.code_version,
        "timeout": options.timeout,
        "slots": [slot for word in options.slots for slot in word.split(",") if slot],
    }
    words = [f"program.{name}={override_text(value)}" for name, value in said.items() if value not in (None, [], {})]
    return ["program=command", *words, *map(_own, overrides)]


def refuse_command_options(options: argparse.Namespace, but: Collection[str] = ()) -> None:
    """Raise `UserError` for an option that is without effect where no command follows; `but` are not.

    A function has a time-out, too.
    """
    for name in OF_A_COMMAND:
        if name in but or (name == "timeout" and not options.hydra and is_function(options.study)):
            continue
        if getattr(options, name) not in (None, []):
            raise UserError(
                f"`--{name.replace('_', '-')}` is for a command, which follows after `--`: ablate run lr=0.1,0.01 "
                "seeds=8 -- python train.py --lr {lr} --seed {seed}"
            )


def refuse_application_options(options: argparse.Namespace) -> None:
    """Raise `UserError` for an option that is without effect where no Hydra application is run."""
    for name in OF_AN_APPLICATION:
        if getattr(options, name) is not None:
            raise UserError(
                f"`--{name.replace('_', '-')}` is for a Hydra application: ablate run --hydra train.py "
                "optimizer=sgd,adam seeds=8"
            )


def metric_words(metrics: Sequence[str], failed: float | None = None) -> list[str]:
    """Return what `--metric NAME:higher[:UNIT]` and `--failed-counts-as V` say as an override.

    >>> metric_words(["accuracy:higher", "latency:lower:ms"], 0.1)
    ['metrics={accuracy:{better:higher,failed_counts_as:0.1},latency:{better:lower,unit:ms}}']

    Raises
    ------
    UserError
        Nobody knows which way is better, or which metric it is that a failed run counts on.
    """
    declared = metrics_given(metrics, failed)
    return [f"metrics={override_text(declared)}"] if declared else []


def metrics_given(metrics: Sequence[str], failed: float | None = None) -> dict[str, dict[str, Any]]:
    """Return the same as a study file has it; see `metric_words`."""
    if failed is not None and not metrics:
        raise UserError("`--failed-counts-as` is a value of the metric that is judged: say which, --metric NAME:higher")
    declared: dict[str, dict[str, Any]] = {}
    units = units_asked(metrics)
    for name, better in metrics_asked(metrics).items():
        if better is None and name not in KNOWN:
            raise UserError(
                f"--metric {name}: which way is better? Say --metric {name}:higher, or --metric {name}:lower"
            )
        declared[name] = {"better": str(better)} if better is not None else {}
        if name in units:
            declared[name]["unit"] = units[name]
        if failed is not None and len(declared) == 1:
            declared[name]["failed_counts_as"] = failed
    return declared


def _own(word: str) -> str:
    """Return an override of a setting of one's own as a sweep has it."""
    key, equals, value = word.partition("=")
    if key in _OF_A_SWEEP or key.startswith(("hydra.", "hydra/", "~", "-")) or not equals:
        return word
    if key == "exclude":
        return f"exclude={renamed({'exclude': value})['exclude']}"
    if key == "design":
        return f"design={override_text(renamed({'design': unswept_value(parse([word])[0])})['design'])}"
    if key == "tune":
        given = unswept_value(parse([word])[0])
        if not isinstance(given, dict):
            return word
        told = {name if name in Tune.model_fields else full_key(name): setting for name, setting in given.items()}
        return f"tune={override_text(renamed({'tune': told})['tune'])}"
    return full_key(key.lstrip("+")) + equals + value
