"""The files that a command names: the code that it stands in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.programs.modules import module_named
from ablate.programs.source import read_source
from ablate.programs.template import OWN, filled_all, placeholders
from ablate.programs.watched import watched_in_part

_UNSEEN = "a change to that is not seen; name its files in `--watch`, or give a `--code-version`"


def named_files(command: Sequence[str], params: Mapping[str, Any]) -> list[str]:
    """Return the files that the arguments of a command name, from the current folder on.

    An argument that is a file, `--config=conf.yaml`, and `-m package.module`. What is run itself counts where it lies
    below the current folder: Python does not.
    """
    words = [word for word in command if not {*OWN} & set(placeholders(word))]
    arguments, files = filled_all(words, params), []
    if arguments and not Path(arguments[0]).resolve().is_relative_to(Path.cwd().resolve()):
        arguments[0] = ""
    for before, word in zip(["", *arguments], arguments, strict=False):
        module = module_named(word, Path.cwd()) if before == "-m" and word.replace(".", "").isidentifier() else None
        paths = [module.path] if module is not None else [Path(word), Path(word.partition("=")[2])]
        files += [_from_here(path) for path in paths if path.name and path.is_file()]
    return list(dict.fromkeys(files))


def unseen_code(name: str, files: Sequence[str], *, watches: bool) -> list[str]:
    """Return what is to be said of code that a change is not seen of.

    Parameters
    ----------
    name
        What the command is called.
    watches
        Somebody has named files beside those of the command.
    """
    notes = [] if files else [f"{name}: the command names no file here: {_UNSEEN}"]
    python = [file for file in files if file.endswith(".py")]
    for file, names in watched_in_part(python).items():
        notes.append(f"{file} imports {', '.join(names)}, which is not found from its folder: {_UNSEEN}")
    for file in python if not watches else ():
        starts = read_source(Path(file).resolve()).runs_others
        if starts:
            notes.append(f"{file} has {', '.join(starts)}; what that runs is not followed: {_UNSEEN}")
    return notes


def _from_here(path: Path) -> str:
    path, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100 - a link stays what it is
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
