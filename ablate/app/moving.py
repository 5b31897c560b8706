"""What `ablate export` and `ablate import FILE.zip` print."""

from __future__ import annotations

from pathlib import Path

from ablate.app.console import say
from ablate.app.printing import bench
from ablate.lang import counted
from ablate.work.exporting import export_study
from ablate.work.moving import Moved, import_archive
from ablate.work.places import short_path


def export(name: str, path: Path) -> None:
    """Write a study with all its runs into a file."""
    studies, runs = export_study(name, path, bench())
    several = f" of {studies} study runs (the study was run with several settings)" if studies > 1 else ""
    say(
        f"{name}: {counted(runs, 'run')}{several} written to {short_path(path)}; bring them in: "
        f"ablate import {short_path(path)}"
    )


def bring_in(path: Path, name: str | None) -> None:
    """Bring the studies of such a file into the store."""
    where = bench()
    moved = import_archive(path, where, name=name)
    for one in moved:
        say(moved_line(one))
    where.tell_ready()


def moved_line(moved: Moved) -> str:
    """Say what became of the runs of a study.

    >>> moved_line(Moved("norms", "k1", 4, 2, 0))
    'norms: 4 runs brought in, 2 were there before'
    """
    before = f", {moved.there} were there before" if moved.there else ""
    if not moved.new:
        return f"{moved.study}: nothing new: all {counted(moved.there, 'run')} were there before"
    return f"{moved.study}: {counted(moved.new, 'run')} brought in{before}"
