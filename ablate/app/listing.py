"""What `ablate studies` and `ablate sync` show."""

from __future__ import annotations

from ablate.app.console import say, say_table
from ablate.errors import AblateError, Failure, plural
from ablate.resources import root_folder


def show_studies() -> None:
    """List the studies that can be run, and what is tracked of each; a file that cannot be read says so in its line."""
    from ablate.sweep.study_file import study_files
    from ablate.track.target import store_for

    done: dict[str, int] = {}
    for line in store_for(root_folder()).studies():
        done[line.name] = done.get(line.name, 0) + line.done
    files = study_files()
    names = [*files, *(name for name in done if name not in files)]
    rows = [[name, done.get(name, 0), _title(name) if name in files else "(no study file)"] for name in names]
    say_table(["study", "runs", "title"], rows)


def sync() -> None:
    """Deliver what waits in this project, to every server that it waits for.

    Raises
    ------
    Failure
        A server did not take it; what waits for others was delivered.
    """
    from ablate.track.server.spool import spools
    from ablate.track.server.store import ServerStore

    failed: list[str] = []
    waiting = [spool for spool in spools(root_folder()) if spool.waiting()]
    for spool in waiting:
        try:
            count = ServerStore(spool.uri, root_folder()).deliver()
        except Failure as error:
            failed.append(str(error))
        else:
            say(f"{spool.uri}: {plural(count, 'run')} delivered")
    if failed:
        raise Failure("; ".join(failed))
    if not waiting:
        say("nothing waits")


def _title(name: str) -> str:
    from ablate.sweep.study_file import load_study

    try:
        return load_study(name).title
    except (AblateError, OSError, ValueError, RecursionError) as error:
        return f"(cannot be read: {' '.join(str(error).split())})"
