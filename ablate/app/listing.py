"""What `ablate studies` shows."""

from __future__ import annotations

from ablate.app.console import root_folder, say


def show_studies() -> None:
    """List the studies that can be run, and what is tracked of each."""
    from ablate.sweep.study_file import load_study, study_files
    from ablate.track.database import exists
    from ablate.track.layout import Layout
    from ablate.track.read import list_studies

    root = root_folder()
    done: dict[str, int] = {}
    for line in list_studies(root) if exists(Layout(root)) else []:
        done[line.name] = done.get(line.name, 0) + line.done
    files = study_files()
    width = max(len(name) for name in [*files, *done])
    for name in [*files, *(name for name in done if name not in files)]:
        title = load_study(name).title if name in files else "(no study file)"
        say(f"{name:<{width}}  {done.get(name, 0):>6} runs  {title}")
