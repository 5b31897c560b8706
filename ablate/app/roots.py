"""`--root DIR` and ABLATE_ROOT: a folder that does not exist holds no runs, so only commands that make runs go on."""

from __future__ import annotations

import argparse
import os

from ablate.app.console import warn
from ablate.errors import UserError, nearest
from ablate.resources import root_folder

_READING = ("status", "show", "rerun", "collect", "export", "rm", "rename", "diff", "report", "verdict", "paper",
            "extend", "sync", "ui", "studies", "mcp")  # fmt: skip
"""Commands that read runs; the others make the folder, or do not need it."""


def refuse_wrong_root(options: argparse.Namespace) -> None:
    """Raise `UserError` where the folder from which a command reads runs is a file, or does not exist.

    `plan` says what `run` would do, which makes the folder: it goes on with a warning. So do commands whose runs are on
    a server.
    """
    root = root_folder()
    named = "--root" if options.root is not None else "ABLATE_ROOT"
    if root.is_dir():
        return
    if root.exists():
        raise UserError(f"`{named}` must be the folder that holds mlruns/, got the file {root}")
    if options.command == "plan":
        warn(f"`{named}`: the folder {root} does not exist yet, so every run is left; `ablate run` makes it")
    if options.command not in _READING or getattr(options, "csv", None) is not None:
        return
    if getattr(options, "allow_runs", False) or _on_a_server():
        return
    hint = nearest(root.name, _folders_beside()) if root.name else None
    tail = f"; nearest match: {hint}" if hint else ""
    raise UserError(f"`{named}` must be the folder that holds mlruns/, and {root} does not exist{tail}")


def _folders_beside() -> list[str]:
    try:
        return [one.name for one in os.scandir(root_folder().parent) if one.is_dir()]
    except OSError:
        return []


def _on_a_server() -> bool:
    from ablate.track.target import store_for

    return bool(store_for(root_folder()).address)
