"""Ends a command before its first, second, … step, and looks at what the next command finds.

    python tests/faults/steps.py FOLDER --command rename --signal SIGKILL [--points 20]

A step is an SQL statement, a commit, or a change to a file below the folder: opened to be written, made, renamed or
removed. The process sends itself the signal before it, so that whatever can happen between two steps is tried, and not
what a clock happens to hit. Every trial begins in a copy of one store. What came out is printed as JSON, a line each.

After each: the store is read (nothing is half there), the same command is given again and ends as if nothing had been,
and what was put into the trash comes back whole.
"""

import argparse
import contextlib
import importlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path

from kills import MARK, ended, left, processes

LONGEST = 600.0  # seconds that a command may take on a busy machine

OWN = """
title: Small
fixed: {dataset: rings, epochs: 2, dataset.train_size: 60, model.hidden: [4], batch_size: 20}
factors: {optimizer.lr: [0.3, 0.03]}
seeds: 6
claims:
  - {id: better, says: A large rate helps, metric: final/test_accuracy, arm: {optimizer.lr: 0.3},
     against: {optimizer.lr: 0.03}, by_at_least: 0.01}
"""
RUN = ["run", "own.yaml", "--no-report", "--jobs", "1"]
STUDY = """
title: Imported
factors: {lr: [0.1, 0.01]}
seeds: 6
metrics: {accuracy: {better: higher, unit: fraction}}
claims:
  - {id: better, says: s, metric: accuracy, arm: {lr: 0.01}, against: {lr: 0.1}, by_at_least: 0.01}
"""
COMMANDS = {
    "rm": ["rm", "own", "--yes"],
    "restore": ["rm", "--restore", "own"],
    "rename": ["rename", "own", "other"],
    "archive": ["import", "own.zip"],
    "results": ["import", "study.yaml", "results.csv"],
}
PREPARED = {
    "rm": [RUN],
    "restore": [RUN, ["rm", "own", "--yes"]],
    "rename": [RUN],
    "archive": [RUN, ["export", "own", "own.zip"], ["rm", "own", "--yes"]],
    "results": [],
}
"""Command -> those that make the store it begins in."""


# ------------------------------------------------------------------------------------------------ in the command


class Steps:
    """Counts the steps of this process, and ends it before one of them."""

    def __init__(self, place, at, number):
        self.place, self.at, self.number, self.count = str(place), at, number, 0
        # Paths are asked for by the process itself too: what it writes elsewhere is no part of the store.
        self.temporary = str(Path(place) / "temporary")

    def __call__(self):
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), self.number)

    def watch(self):
        """Count from now on."""
        sys.addaudithook(self.heard)
        step, connect = self, sqlite3.connect

        class Cursor(sqlite3.Cursor):
            def execute(self, *words):
                step()
                return super().execute(*words)

            def executemany(self, *words):
                step()
                return super().executemany(*words)

        class Connection(sqlite3.Connection):
            def cursor(self, factory=Cursor):
                return super().cursor(factory)

            def execute(self, *words):
                return self.cursor().execute(*words)

            def executemany(self, *words):
                return self.cursor().executemany(*words)

            def commit(self):
                step()
                super().commit()

        def counted(*words, **more):
            return connect(*words, **{"factory": Connection, **more})

        sqlite3.connect = sqlite3.dbapi2.connect = counted

    def heard(self, event, words):
        """Count an audited change to a file."""
        if event == "open":
            path, _, flags = words
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
                return
        elif event not in ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"):
            return
        else:
            path = words[0]
        if isinstance(path, bytes | str) and self.inside(os.fsdecode(path)):
            self()

    def inside(self, path):
        path = str(Path.cwd() / path)
        return path.startswith(self.place + "/") and not path.startswith(self.temporary)


def command(place, words, *, at=0, number="SIGKILL"):
    """Run a command in a copy of this process; return its exit code and how many steps it took."""
    out = os.open(place / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pid = os.fork()
    if not pid:
        code = 70
        try:
            os.setsid()
            os.chdir(place)
            os.environ.update(ABLATE_ROOT=str(place), TMPDIR=str(place / "temporary"), **{MARK: str(place)})
            tempfile.tempdir = None
            null = os.open(os.devnull, os.O_RDONLY)
            for stream, there in enumerate((null, out, out)):
                os.dup2(there, stream)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            from ablate.cli import main

            steps = Steps(place, at, getattr(signal, number))
            steps.watch()
            sys.argv = ["ablate", *words]
            code = main(words)
            sys.stdout.flush()
            sys.stderr.flush()
            (place / "temporary" / "steps").write_text(str(steps.count))
            (place / "temporary" / "modules").write_text("\n".join(sys.modules))
        finally:
            os._exit(code)
    os.close(out)
    return ended(pid, LONGEST)


def snapshot(place):
    """Return what a store holds as commands read it, asked in a copy of this process: study -> arm and seed -> results.

    Beside its runs (`runs`) a study has what was registered, what happened to it and how it ended (`rest`).
    """
    result = place / "temporary" / "seen.json"
    result.unlink(missing_ok=True)
    pid = os.fork()
    if not pid:
        code = 70
        try:
            os.chdir(place)
            from ablate.track.target import store_for

            store, found = store_for(place), {}
            for line in store.studies():
                head, runs = store.read(line.name, key=line.key).study, {}
                for one in store.logged(line.name, key=line.key):
                    values = [pair for pair in one.record.result.metrics.items() if "seconds" not in pair[0]]
                    runs[f"{one.run.arm_id} {one.run.seed}"] = [one.run.outcome, one.run.identity, sorted(values)]
                events = [event["event"] for event in head["history"]]
                rest = [store.plan(line.name, key=line.key).key, line.status, head["registered_sha256"], events]
                found[line.name] = {"runs": runs, "rest": rest}
            result.write_text(json.dumps(found, sort_keys=True))
            code = 0
        finally:
            os._exit(code)
    assert ended(pid, LONGEST) == 0, "the store cannot be read"
    return json.loads(result.read_text())


# ---------------------------------------------------------------------------------------------------------- trials


def prepared(folder, name):
    """Return the folder of the store that a command begins in."""
    place = folder / f"before-{name}"
    shutil.rmtree(place, ignore_errors=True)
    (place / "temporary").mkdir(parents=True)
    (place / "own.yaml").write_text(OWN)
    (place / "study.yaml").write_text(STUDY)
    rows = [f"{lr},{seed},{0.8 + lr + seed / 100}" for lr in (0.1, 0.01) for seed in range(6)]
    (place / "results.csv").write_text("\n".join(["lr,seed,accuracy", *rows]))
    for words in PREPARED[name]:
        code = command(place, words)
        assert code == 0, (words, code, (place / "said.txt").read_text())
    if not PREPARED[name]:
        command(place, ["status"])
    return place


def ready(place):
    """Import here what a command imported, so that copies of this process need not; leave out what is its own."""
    listed = place / "temporary" / "modules"
    for name in listed.read_text().split():
        if not name.startswith("__"):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    for path in (listed, place / "temporary" / "steps"):
        path.unlink()


def copied(before, place):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(before, place, symlinks=True)
    (place / "said.txt").write_text("")
    return place


def problems(name, seen, old, new):
    """Return what is half there: whatever a study has is what it had or will have, and one of both is whole."""
    wrong = []
    for study, held in seen.items():
        states = [state[study] for state in (old, new) if study in state]
        wrong += [f"{study}: {key} is neither what it was nor what it will be" for key, run in held["runs"].items()
                  if all(state["runs"].get(key) != run for state in states)]  # fmt: skip
        if study in old and held != old[study]:
            wrong.append(f"{study} is there in part")
    if name in ("rm", "restore") and seen not in (old, new):
        wrong.append("neither as before nor as after")
    if name == "rename" and not any(seen.get(study) == held for state in (old, new) for study, held in state.items()):
        wrong.append("whole under neither name")
    return wrong


def trial(place, name, states, *, at, number):
    """End a command before a step, and look; return what is wrong."""
    old, new, words = *states, COMMANDS[name]
    code = command(place, words, at=at, number=number)
    wrong = [] if code in (-getattr(signal, number), 130, 0) else [f"ended with {code}"]
    seen = snapshot(place)
    wrong += problems(name, seen, old, new)
    again = command(place, words)
    said = (place / "said.txt").read_text(errors="replace")
    if again != 0 and not (again == 2 and seen == new):
        wrong.append(f"the same command ended with {again}: {said[-300:]}")
    after = snapshot(place)
    wrong += [f"not as an undisturbed command leaves it: {_apart(after, new)}"] * (after != new)
    if name in ("rm", "rename"):
        back = command(place, ["rm", "--restore", "own"])
        wrong += [f"the trash gives nothing back: {back}"] * (back != 0 or snapshot(place) != {**new, **old})
    said = (place / "said.txt").read_text(errors="replace")
    wrong += ["a traceback"] * ("Traceback (most recent call last)" in said)
    with contextlib.closing(sqlite3.connect(place / "mlruns" / "mlflow.db")) as base:
        (running,) = base.execute("SELECT count(*) FROM runs WHERE status IN ('RUNNING', 'SCHEDULED')").fetchone()
    wrong += [f"{running} runs seem to run"] * (running > 0)
    for ours in ("steps", "seen.json", "modules"):
        (place / "temporary" / ours).unlink(missing_ok=True)
    wrong += [f"left: {one}" for one in [*left(place, [], set()), *processes(place).values()]]
    return {"command": name, "signal": number, "step": at, "code": code, "as": _which(seen, old, new), "wrong": wrong}


def _apart(after, new):
    """Say what of the studies differs."""
    if after.keys() != new.keys():
        return sorted(after.keys() ^ new.keys())
    return {study: [held[what], new[study][what]] if what == "rest" else what for study, held in after.items()
            for what in held if held[what] != new[study][what]}  # fmt: skip


def _which(seen, old, new):
    return "new" if seen == new else "old" if seen == old else "between"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--command", choices=COMMANDS, required=True)
    options.add_argument("--signal", choices=["SIGKILL", "SIGTERM"], default="SIGKILL")
    options.add_argument("--points", type=int, help="so many steps, from the first to the last, and not all")
    options = options.parse_args()
    folder, name = options.folder.resolve(), options.command
    folder.mkdir(parents=True, exist_ok=True)
    before = prepared(folder, name)
    ready(before)
    old = snapshot(before)
    whole = copied(before, folder / "whole")
    code = command(whole, COMMANDS[name])
    assert code == 0, (whole / "said.txt").read_text()
    steps, new = int((whole / "temporary" / "steps").read_text()), snapshot(whole)
    points = range(1, steps + 1)
    if options.points is not None and options.points < steps:
        points = sorted({1 + round(one * (steps - 1) / (options.points - 1)) for one in range(options.points)})
    bad = 0
    for at in points:
        place = copied(before, folder / f"trial-{at}")
        told = trial(place, name, (old, new), at=at, number=options.signal)
        bad += bool(told["wrong"])
        print(json.dumps({**told, "of": steps}), flush=True)
        if not told["wrong"]:
            shutil.rmtree(place)
    sys.exit(min(bad, 1))


if __name__ == "__main__":
    main()
