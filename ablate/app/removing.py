"""What `ablate rm` and `ablate rename` print and ask."""

from __future__ import annotations

import sys

from ablate.app.console import say
from ablate.app.moving import moved_line
from ablate.app.printing import bench
from ablate.errors import UserError
from ablate.lang import counted
from ablate.sweep.study_file import is_path, tracked_name
from ablate.work.moving import rename_study


def remove(name: str, *, sure: bool) -> None:
    """Put a study into the trash, once somebody said that they mean it.

    Raises
    ------
    UserError
        Nobody can be asked, and `--yes` is not given.
    """
    store = bench().store
    record = store.plan(name)  # the error names the nearest
    runs = sum(line.done for line in store.studies() if line.name == record.name)
    question = f"put {name} with {counted(runs, 'run')} into the trash of {store.where}?"
    if not sure and not _agreed(question):
        say("nothing was removed")
        return
    back = store.trash(name)
    say(f"{name}: {counted(runs, 'run')} put into MLflow's trash; reports stay; bring them back: {back}")


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UserError(f"{question} Nobody can be asked here: give --yes")
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def restore(name: str) -> None:
    """Bring a study back from the trash."""
    bench().store.restore(name)
    say(f"{name}: brought back")


def rename(old: str, new: str) -> None:
    """Keep the runs of a study under another name.

    Raises
    ------
    UserError
        The other name is a path.
    """
    if is_path(new):
        raise UserError(
            f"expected a name, got the path {new}: runs of that file are kept under the name {tracked_name(new)!r}"
        )
    where = bench()
    moved, back = rename_study(old, new, where)
    for one in moved:
        say(moved_line(one))
    say(f"{old} is in MLflow's trash; bring it back: {back}")
    if where.store.plan(new).command.split()[1:3] == ["run", old]:
        say(f"`ablate run {new}` continues these runs if the study's file is named {new}.yaml")
    else:
        say(f"the command that made them continues them if you add `--name {new}`")
