"""What a command that stands in a store would execute beside ablate's own parts, and who may have it executed.

`ablate rerun` gives a stored command again. A store, an archive or a server may hold anybody's command, so one that
executes code is given only where the same command was given in the same folder on this machine before, or with
`--trust`. What was given is remembered as digests, in the folder that the system has for a user's state.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import platformdirs

from ablate.errors import UserError
from ablate.resources import root_folder
from ablate.sweep.study_file import is_path, load_study, study_files
from ablate.terminal import plain_line
from ablate.work.again import first_command

EXECUTING = ("function", "command")
"""Programs that execute what their settings name."""

_FLAGS = ("-m", "--multirun", "--quick")
_WITH_A_NAME = ("--name",)
_OF_SWEEPER = ("report", "n_jobs", "quick", "progress", "exclude", "design", "tune", "fairness", "metrics")


def executed(words: Sequence[str]) -> str | None:
    """Return what the words after `ablate` would execute that ablate does not bring itself; None for nothing.

    A study of the user's own `studies/` counts as theirs; one that is named by a path does not.

    >>> executed(["-m", "norm=none,batch", "seeds=4"]), executed(["-m", "program=function", "program.target=os:system"])
    (None, 'program=function')
    """
    rest = list(words)
    if "--" in rest:
        return f"the command {' '.join(rest[rest.index('--') + 1 :])!r:.80}"
    if rest[:1] == ["run"]:
        rest = rest[1:]
        if rest and not rest[0].startswith("-") and "=" not in rest[0]:
            code = _of_study(rest.pop(0))
            if code is not None:
                return code
    while rest:
        word = rest.pop(0)
        if word in _WITH_A_NAME:
            rest = rest[1:]
        elif word.startswith("-"):
            if word not in _FLAGS:
                return f"what {word} names"
        elif "=" not in word and not word.startswith("~"):
            return repr(word)
        elif _executes(word):
            return word.partition(",")[0]
    return None


def _of_study(name: str) -> str | None:
    if not is_path(name):
        return None if name in study_files() else f"what {name!r} names"
    study = load_study(name)
    programs = {str(level) for level in (*study.factors.get("program", ()), study.fixed.get("program", "numpy"))}
    if study.uses:
        return f"`uses: {', '.join(study.uses)}` of {name}"
    return f"the program of {name}" if programs & set(EXECUTING) else None


def _executes(word: str) -> bool:
    key, _, value = word.lstrip("+~").partition("=")
    if key.startswith(("hydra.", "hydra/")):
        return key.removeprefix("hydra.sweeper.") not in _OF_SWEEPER
    return (key == "program" and any(name in value for name in EXECUTING)) or key.startswith("program.")


def note_given(command: str) -> None:
    """Remember that the user gave a command that executes code; where it cannot be kept, `--trust` is asked for."""
    try:
        needed = executed(shlex.split(first_command(command))[1:])
    except ValueError:  # an odd quotation mark, as a line of Python may have
        return
    if needed is None:
        return
    place = _place(command)
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(exist_ok=True)


def check_trusted(command: str, words: Sequence[str], name: str, *, trust: bool) -> None:
    """Refuse a stored command that executes code, unless it was given here before or the user trusts it.

    Raises
    ------
    UserError
        It is neither; the line says what it would execute.
    """
    what = executed(words)
    if what is None or trust or _place(command).exists():
        return
    raise UserError(
        f"{plain_line(name)}: its command was never given in this folder on this machine, and it would execute "
        f"{plain_line(what)}: read the command (`{plain_line(command)[:300]}`) and what it names, then add --trust; "
        "nothing was executed"
    )


def _place(command: str) -> Path:
    """Return the file that stands for a command, the folder it is given in, and its store."""
    said = "\0".join((first_command(command), os.path.realpath("."), str(root_folder()))).encode(errors="surrogatepass")
    return platformdirs.user_state_path("ablate") / "given" / sha256(said).hexdigest()[:40]
