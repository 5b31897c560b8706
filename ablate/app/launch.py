"""Starting Hydra with our configuration, and seeing that its errors read like ours."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
import textwrap
from collections.abc import Callable, Sequence

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.app.compose import Composer
from ablate.app.console import say
from ablate.app.explain import explain
from ablate.app.honoured import check_hydra
from ablate.app.overrides import as_hydra_reads, override_text, parse, quoted, unswept_value
from ablate.app.request import check_overrides, read_request, ready
from ablate.app.schema import free_fields
from ablate.app.study_name import HANDED, through_hydra
from ablate.errors import UserError
from ablate.registry import GROUPS
from ablate.resources import conf_folder
from ablate.sweep.found.asked import Asked
from ablate.sweep.study_file import load_study

_SWEEP = ("-m", "--multirun")
_RUN = ("-r", "--run")
_PARTS = ("design", "tune", "fairness", "metrics")


def run_hydra(
    arguments: list[str], *, study: str | None = None, spelling: str | None = None, compared: Asked | None = None
) -> None:
    """Run the Hydra application with command-line arguments; `study` is the one they name, if they name one.

    `spelling` is the command as it was typed, where the arguments are a translation of it, and `compared` what it says
    of the comparisons that it is judged by.

    Raises
    ------
    AblateError
        For everything a user can get wrong, and for arms that crashed.
    """
    arguments, uses = _without(arguments, "--uses", "a Python file, as in `ablate --uses my_parts.py …`")
    arguments, names = _without(arguments, "--name", "a name, as in `ablate --name lr-sweep -m optimizer.lr=0.1,1`")
    if len(names) > 1:
        raise UserError(f"`--name` is given {len(names)} times; a sweep is kept under one name")
    check_hydra(arguments)
    definition = load_study(study) if study is not None else None
    every = [*(definition.uses if definition is not None else ()), *uses]
    ready(every)

    @hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")
    def application(node: DictConfig) -> None:
        raise AssertionError(f"every run goes through the sweeper, got a job of its own: {node}")

    saved_argv, saved_env = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise instead of printing in its own words
    try:
        _refuse_said_twice(arguments)
        arguments = _through_the_sweeper([_of_the_sweeper(word) for word in arguments])
        if uses:
            arguments.append(f"hydra.sweeper.uses=[{','.join(quoted(through_hydra(file)) for file in uses)}]")
        if names:
            arguments.append(f"hydra.sweeper.name={quoted(through_hydra(names[0]))}")
        check_overrides(_task_overrides(arguments), definition)
        sys.argv = [saved_argv[0], *as_hydra_reads(arguments)]
        HANDED.spelling, HANDED.compared = spelling, compared
        (_with_choices(application) if _shows_job(arguments) else application)()
    except Exception as error:
        if saved_env == "1":
            raise
        ours = explain(_diagnosed(error, arguments, every))
        if ours is None:
            raise
        raise ours from None
    finally:
        sys.argv = saved_argv
        if saved_env is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = saved_env
        GlobalHydra.instance().clear()


def _shows_job(arguments: Sequence[str]) -> bool:
    """Tell whether Hydra is asked to print the configuration of a job: `--cfg job`."""
    after = dict(itertools.pairwise(arguments))
    return "--cfg=job" in arguments or "job" in (after.get("--cfg"), after.get("-c"))


def _with_choices(application: Callable[[], None]) -> Callable[[], None]:
    """Let what Hydra prints begin with the option that was chosen in each group, as comments: it stays YAML.

    Hydra prints values alone, in which an option with the values of another cannot be told from it.
    """

    def show() -> None:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            application()
        choices = HydraConfig.get().runtime.choices
        line = "options: " + " ".join(f"{group}={choices[group]}" for group in GROUPS)
        lines = textwrap.wrap(line, 100, break_long_words=False, break_on_hyphens=False)
        say("\n".join(f"# {part}" for part in lines))
        sys.stdout.write(printed.getvalue())

    return show


def _without(arguments: Sequence[str], named: str, expected: str) -> tuple[list[str], list[str]]:
    """Take an option of ours, `--uses FILE.py`, out of Hydra's arguments; return the rest, and its values."""
    rest, values, words = [], [], iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        if flag != named:
            rest.append(word)
            continue
        value = value if equals else next(words, "")
        if not value:
            raise UserError(f"`{named}` must be followed by {expected}")
        values.append(value)
    return rest, values


def _through_the_sweeper(arguments: list[str]) -> list[str]:
    """Let the sweeper run a single arm too: planning, resuming and tracking are the same for one arm as for many."""
    flags = [word for word in arguments if word.startswith("-")]
    if any(flag in _SWEEP for flag in flags) or any(flag not in _RUN for flag in flags):
        return arguments
    return ["--multirun", "hydra.sweeper.single=true", *(word for word in arguments if word not in _RUN)]


def _refuse_said_twice(arguments: Sequence[str]) -> None:
    """Raise `UserError` for a part of a study that two words say: of two directions of a metric one would be lost."""
    keys = [word.lstrip("+").partition("=")[0] for word in arguments]
    for key in _PARTS:
        if keys.count(key) > 1:
            also = " (`--metric` says it, too)" if key == "metrics" else ""
            raise UserError(f"`{key}` is given twice{also}; expected it once, with all that it says: {key}={{…}}")


def _of_the_sweeper(word: str) -> str:
    """Turn `design=ofat`, `exclude="norm == 'batch'"`, `tune={…}` into settings of the sweeper: a study file's keys.

    An expression goes to Hydra as one quoted text, so that Hydra does not read its quotes and brackets.
    """
    key, _, value = word.lstrip("+").partition("=")
    if key in _PARTS:
        return f"hydra.sweeper.{key}={override_text(unswept_value(parse([word])[0]))}"
    if key == "exclude":
        return f"hydra.sweeper.exclude={quoted(value)}"
    # Hydra refuses a name it does not know; in a field for names of the user's own, there are only such.
    free = key.count(".") > 1 and ".".join(key.split(".")[:2]) in free_fields()
    return f"++{word}" if free and not word.startswith("+") else word


def _task_overrides(arguments: Sequence[str]) -> list[str]:
    return [w for w in arguments if ("=" in w or w.startswith("~")) and not w.startswith(("-", "hydra.", "hydra/"))]


def _diagnosed(error: Exception, arguments: Sequence[str], uses: Sequence[str]) -> Exception:
    """Compose the same overrides our way where Hydra failed to: our checks name the nearest match and the option."""
    if not type(error).__module__.startswith(("hydra", "omegaconf")):
        return error
    try:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            loader = GlobalHydra.instance().config_loader()
            request = read_request(None, _task_overrides(arguments), loader, uses=uses)
            Composer(loader, request.study.fixed)(request.study.base_levels())
    except Exception as better:  # noqa: BLE001
        return better
    return error
