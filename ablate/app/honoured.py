"""What of Hydra's own command line is honoured; the rest is refused, for a setting without effect misleads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ablate.app.arguments import COMMANDS
from ablate.errors import UserError, nearest
from ablate.resources import conf_folder

_FLAGS = (
    "-m", "--multirun", "-r", "--run", "-c", "--cfg", "-p", "--package", "--resolve", "-i", "--info", "-h", "--help",
    "--hydra-help", "--version", "-sc", "--shell-completion",
)  # fmt: skip
_INSTEAD = {
    "--config-dir": "your own option files go into conf/ of the current folder, as conf/activation/mine.yaml",
    "--config-path": "your own option files go into conf/ of the current folder, as conf/activation/mine.yaml",
    "--config-name": "what an arm is made of stands in conf/config.yaml; give what differs as overrides",
    "--experimental-rerun": "the same command runs what is left",
}
_OF_STUDIES = {
    "-j": "hydra.sweeper.n_jobs=N",
    "--jobs": "hydra.sweeper.n_jobs=N",
    "--launcher": "hydra.sweeper.launcher=NAME",
    "--no-report": "hydra.sweeper.report=false",
}
_SHORT = {"-cd": "--config-dir", "-cp": "--config-path", "-cn": "--config-name"}
_KEYS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.job.name", "hydra.verbose")
_PRINTED = ("help", "hydra_help", "hydra_logging")  # what Hydra itself prints


def check_hydra(arguments: Sequence[str]) -> None:
    """Refuse options and settings of Hydra that would be without effect, or would go past the study engine.

    Raises
    ------
    UserError
        Names the option or setting, and what does the same here; or a command that does not stand first.
    """
    for word in arguments:
        if word in COMMANDS:
            raise UserError(f"the command stands first: `ablate {word} …`, and what belongs to it after it")
    launcher = launcher_chosen(arguments)
    for word in arguments:
        if word.startswith("-"):
            _check_flag(word.partition("=")[0])
        key, _, value = word.partition("=")
        if key == "hydra/launcher" and value in own_launchers():
            continue
        if (key := key.lstrip("+~")).startswith(("hydra.", "hydra/")) and not (
            launcher and key.startswith("hydra.launcher.")
        ):
            _check_key(key, value)


def launcher_chosen(arguments: Sequence[str]) -> str:
    """Return which of our launchers `hydra/launcher=NAME` chooses, the last one as in Hydra, wherever it stands."""
    said = [word.partition("=")[2] for word in arguments if word.startswith("hydra/launcher=")]
    return next((name for name in reversed(said) if name in own_launchers()), "")


def launcher_typed(words: Sequence[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the launcher that overrides choose, `{kind: NAME, SETTING: value}`, and the overrides without it.

    Raises
    ------
    UserError
        It is none of ours, or a setting is given and no launcher.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    chosen, rest, settings = launcher_chosen(words), list[str](), dict[str, Any]()
    for word in words:
        key, _, value = word.partition("=")
        key = key.lstrip("+~")
        if not key.startswith(("hydra/launcher", "hydra.launcher")):
            rest.append(word)
        elif key.startswith("hydra.launcher.") and chosen:
            (override,) = OverridesParser.create().parse_overrides([word])
            *path, last = key.removeprefix("hydra.launcher.").split(".")
            place = settings
            for name in path:
                place = place.setdefault(name, {})
            place[last] = override.value()
        elif key != "hydra/launcher" or value not in own_launchers():
            _check_key(key, value)
    return ({"kind": chosen, **settings} if chosen else None), rest


def own_launchers() -> list[str]:
    """Return the names that `hydra/launcher=NAME` takes: ours, each with its settings in a file."""
    return sorted(path.stem for path in (conf_folder() / "hydra" / "launcher").glob("*.yaml"))


def _check_flag(flag: str) -> None:
    if flag in _FLAGS:
        return
    whole = _SHORT.get(flag, flag)
    if whole in _INSTEAD:
        raise UserError(f"`{flag}` of Hydra is not honoured by ablate: {_INSTEAD[whole]}")
    if flag in _OF_STUDIES:
        raise UserError(f"`{flag}` belongs to `ablate run STUDY`; a sweep of your own takes {_OF_STUDIES[flag]}")
    hint = nearest(flag, _FLAGS)
    tail = f"; nearest match: {hint}" if hint else ""
    raise UserError(f"unknown option {flag!r}{tail} (see `ablate --help`)")


def _check_key(key: str, value: str) -> None:
    if key == "hydra/sweeper":
        if value == "ablate":
            return
        raise UserError(
            f"`{key}={value}` is not honoured: ablate plans and runs every study with its own sweeper, which pairs "
            "arms by seed; leave it out"
        )
    if key.startswith("hydra.launcher."):
        raise UserError(
            f"`{key}={value}` is not honoured: it sets a launcher, and none of ablate's is chosen; choose one with "
            f"hydra/launcher=NAME ({', '.join(own_launchers())}); how many at a time by `--jobs N`, or "
            "hydra.sweeper.n_jobs=N"
        )
    if key.startswith(("hydra/launcher", "hydra.launcher")):
        raise UserError(
            f"`{key}={value}` is not honoured: Hydra's launchers start arms on their own, past planning and tracking; "
            f"what trains them is chosen by `--launcher NAME`, or hydra/launcher=NAME ({', '.join(own_launchers())}), "
            "then hydra.launcher.SETTING=value; how many at a time by `--jobs N`, or hydra.sweeper.n_jobs=N"
        )
    of_sweeper = key.startswith("hydra.sweeper.") and not key.startswith("hydra.sweeper._")
    if of_sweeper or key in _KEYS or re.split("[./]", key)[1] in _PRINTED:
        return
    raise UserError(f"`{key}` is not honoured; of Hydra's own settings these are: {', '.join(_KEYS)}, hydra.sweeper.…")
