"""What the commands say, and where they look: the terminal's side of the application."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

MARKS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "not_tested": "–"}


def root_folder() -> Path:
    """Return the folder that holds `mlruns/`: the current one, or what ABLATE_ROOT names."""
    return Path(os.environ.get("ABLATE_ROOT", ".")).resolve()


def say(text: str = "") -> None:
    """Print a line for the user."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Print a line on standard error that does not end the command."""
    sys.stderr.write(f"ablate: {text}\n")
    sys.stderr.flush()


def ui_line(root: Path) -> str:
    """Return the line that opens the MLflow UI on this store, from the current folder."""
    return f"{_program()} ui" if root == Path.cwd() else f"{_program()} ui --root {shlex.quote(str(root))}"


def _program() -> str:
    """Return how this program was started, as the user would type it again."""
    started = Path(sys.argv[0])
    if started.name != "ablate":
        return "python -m ablate"
    found = shutil.which("ablate")
    on_path = found is not None and Path(found).resolve() == started.resolve()
    return "ablate" if on_path else shlex.quote(shown(started))


def shown(path: Path) -> str:
    """Write a path as short as it can be from the current folder."""
    # Not resolved: a link in a virtual environment is what the user typed.
    here, path = Path.cwd(), path.absolute()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def duration(seconds: float) -> str:
    """Write a time as a user would say it: `40 s`, `12 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def advance(bar: tqdm[NoReturn], done: int, total: int, what: str) -> None:
    """Move a progress bar to `done` of `total`, saying what was just finished."""
    bar.total = total
    bar.set_postfix_str(what, refresh=False)
    bar.update(done - bar.n)
