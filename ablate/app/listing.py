"""What `ablate studies` shows."""

from __future__ import annotations

from ablate.app.console import say
from ablate.errors import AblateError
from ablate.work.events import root_folder


def show_studies() -> None:
    """List the studies that can be run, and what is tracked of each; a file that cannot be read says so in its line."""
    from ablate.sweep.study_file import study_files
    from ablate.track.local import LocalStore

    done: dict[str, int] = {}
    for line in LocalStore(root_folder()).studies():
        done[line.name] = done.get(line.name, 0) + line.done
    files = study_files()
    width = max(len(name) for name in [*files, *done])
    for name in [*files, *(name for name in done if name not in files)]:
        title = _title(name) if name in files else "(no study file)"
        say(f"{name:<{width}}  {done.get(name, 0):>6} runs  {title}")


def _title(name: str) -> str:
    from ablate.sweep.study_file import load_study

    try:
        return load_study(name).title
    except (AblateError, OSError, ValueError, RecursionError) as error:
        return f"(cannot be read: {' '.join(str(error).split())})"
