"""The terminal's side of the application: lines, warnings, and how a time or this program is written."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from ablate.work.places import shown

MARKS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "not_tested": "–"}


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


def duration(seconds: float) -> str:
    """Write a time as a user would say it: `40 s`, `12 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
