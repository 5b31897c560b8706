"""What a seed run costs through an MLflow server, against the local store: `python benchmarks/server.py [--quick]`.

The server runs on the same machine, with one worker on SQLite (or PostgreSQL, `--postgres`): the time is that of both
sides, and of no network. Both stores are written in turns, arm by arm, so that the ratio does not hang on what else the
machine does.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tracking import results_of, study_of

from ablate.track.local import LocalStore
from ablate.track.server.store import ServerStore

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "services"))

from servers import MlflowServer, Postgres


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 arms of 4 seeds instead of 8 of 8")
    parser.add_argument("--postgres", action="store_true", help="the server keeps its runs in PostgreSQL")
    options = parser.parse_args()
    arms, seeds = (2, 4) if options.quick else (8, 8)
    study, rng = study_of(arms, seeds), np.random.default_rng(0)
    spent: dict[str, dict[str, float]] = {"here": {}, "server": {}}

    def timed(which: str, what: str, call: Callable[..., Any], *given: Any) -> Any:
        start = time.perf_counter()
        found = call(*given)
        spent[which][what] = spent[which].get(what, 0.0) + time.perf_counter() - start
        return found

    with contextlib.ExitStack() as until:
        folder = Path(until.enter_context(tempfile.TemporaryDirectory()))
        backend = until.enter_context(Postgres()).uri if options.postgres else ""
        server = until.enter_context(MlflowServer(folder / "server", backend=backend))
        stores = {"here": LocalStore(folder / "here"), "server": ServerStore(server.uri, folder / "there")}
        sessions = {which: timed(which, "open", store.open, study) for which, store in stores.items()}
        for arm in study.arms:
            runs = results_of(arm, study.seeds, rng)
            for which, session in sessions.items():
                timed(which, "log", session.log_arm, arm, runs)
        for which, store in stores.items():
            timed(which, "close", sessions[which].close, "FINISHED")
            timed(which, "finished", store.finished, study.name, study.key)
            tables = timed(which, "read", store.read, study.name)
            assert len(tables.seeds) == arms * seeds
    n = arms * seeds
    print(f"{n} seed runs in {arms} arms, {'PostgreSQL' if options.postgres else 'SQLite'} behind the server")
    for what, unit in (("log", n), ("read", n), ("open", 1), ("close", 1), ("finished", 1)):
        here, there = (1e3 * spent[which][what] / unit for which in ("here", "server"))
        per = "a seed run" if unit == n else "in all"
        print(f"  {what:<9}{here:9.1f} ms here {there:9.1f} ms through the server  {there / here:6.1f} times  ({per})")


if __name__ == "__main__":
    main()
