"""Kills small studies at random and resumes them: nothing is lost, doubled or left behind.

    python tests/faults/kills.py FOLDER --trials 1000

A trial is decided by its number: the study (the NumPy core or a function, one process or two, with a report or
without), the signal, who gets it (the driver, its group, a process below it), when, and whether once or twice. It is
killed, resumed with the same command, and compared with an undisturbed run. What came out stands in
`FOLDER/trials.jsonl`, a line for each trial: ended at any point, the same command goes on, and the tally of all is
printed. Several may work in one folder: `--part 1/2`, `--part 2/2`. Four trials of five begin in a copy of a process
that has imported the modules already, which leaves out seconds of imports; the fifth begins as a user's command does.
"""

import argparse
import contextlib
import fcntl
import importlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

WITHIN = 60.0  # seconds that processes may outlive their driver here; the machine may be busy
LONGEST = 3_600.0  # seconds that a command may take on a busy machine
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
MARK = "ABLATE_TRIAL"

STUDY = """
title: Small
fixed: {dataset: rings, epochs: 40, dataset.train_size: 60, model.hidden: [8]}
factors: {optimizer.lr: [0.3, 0.03], batch_size: [10, 20]}
seeds: 6
claims:
  - {id: better, says: A large rate helps, metric: final/test_accuracy, arm: {optimizer.lr: 0.3},
     against: {optimizer.lr: 0.03}, by_at_least: 0.01}
"""
FUNCTION = """
import random, time
import numpy as np

def train(lr, width, seed):
    rng, weights = np.random.default_rng(seed), np.zeros(int(width))
    for step in range(20):
        weights -= lr * (weights - rng.normal(size=weights.size))
        time.sleep(0.005)
    accuracy = float(1 / (1 + weights @ weights))
    return {"accuracy": accuracy, "drawn": random.random(), "curve": [float(one) for one in weights]}
"""
KINDS = {
    "core": ["run", "small"],
    "function": ["run", "train.py:train", "lr=0.1,0.01", "width=3,8", "seeds=4", "--metric", "accuracy:higher",
                 "--name", "own"],
}  # fmt: skip


def command(kind, jobs, report):
    return [*KINDS[kind], "--jobs", str(jobs), *([] if report else ["--no-report"])]


def chosen(number):
    """What happens in a trial."""
    draw = random.Random(number)
    return {
        "trial": number, "kind": draw.choice(list(KINDS)), "jobs": draw.choice([1, 2]), "report": draw.random() < 0.1,
        "signal": draw.choice(SIGNALS), "whom": draw.choice(["driver", "driver", "group", "group", "below"]),
        "when": draw.uniform(0, 0.9), "again": draw.random() < 0.25, "second": draw.choice(SIGNALS),
        "later": draw.uniform(0, 1.0), "cold": draw.random() < 0.2, "which": draw.random(),
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- processes


class Child(BaseException):
    """This process is a copy that runs a command: it is led out of the harness."""


def begin(words, place, *, cold):
    """Start a command in a folder, as the leader of a group of its own; return its process id."""
    out = os.open(place / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pid = os.fork()
    if pid:
        os.close(out)
        return pid
    os.setsid()
    os.chdir(place)
    os.environ.update(ABLATE_ROOT=str(place), TMPDIR=str(place / "temporary"), **{MARK: str(place)})
    tempfile.tempdir = None
    null = os.open(os.devnull, os.O_RDONLY)
    for number, there in enumerate((null, out, out)):
        os.dup2(there, number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if cold:
        os.execv(sys.executable, [sys.executable, "-m", "ablate", *words])
    raise Child(words)


def ended(pid, seconds):
    """Return the exit code of a command (of one killed by a signal its negative number), or None after a time."""
    until = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.02)


def processes(place):
    """Return the live processes of a trial: pid -> command line. A copy is known by its folder, others by `MARK`."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(entry.name) == os.getpid() or (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            here = f"{MARK}={place}\0".encode() in (entry / "environ").read_bytes()
            if here or (entry / "cwd").readlink().is_relative_to(place):
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")[:200]
    return found


def hit(pid, place, what, number, which):
    """Send a signal; return to what, or None where there was nobody."""
    number = getattr(signal, number)
    with contextlib.suppress(ProcessLookupError):
        if what == "group":
            os.killpg(pid, number)
            return "group"
        if what == "below":
            below = sorted(one for one in processes(place) if one != pid)
            if not below:
                return None
            os.kill(below[int(which * len(below))], number)
            return "below"
        os.kill(pid, number)
        return "driver"
    return None


# ---------------------------------------------------------------------------------------------------- what is left


def stored(place):
    """Return what a store holds: (arm, seed) -> results of runs that count, the statuses, what was tried again."""
    database = place / "mlruns" / "mlflow.db"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        runs = {run: (status, {}, []) for run, status in connection.execute("SELECT run_uuid, status FROM runs")}
        for run, key, value in connection.execute("SELECT run_uuid, key, value FROM tags"):
            runs[run][1][key] = value
        for run, *row in connection.execute("SELECT run_uuid, key, step, value, is_nan FROM metrics ORDER BY 1, 2, 3"):
            if "seconds" not in row[0]:
                runs[run][2].append(tuple(row))
    found, crashed = {}, 0
    for status, tags, metrics in runs.values():
        if tags.get("ablate.kind") == "seed":
            if status == "FINISHED" and tags["ablate.outcome"] != "crashed":
                key = f"{tags['ablate.arm_id']} {tags['ablate.seed']}"
                found.setdefault(key, []).append((tags["ablate.outcome"], tags["ablate.identity"], metrics))
            crashed += tags.get("ablate.outcome") == "crashed"
    return found, Counter(status for status, _, _ in runs.values()), crashed


def judged(place):
    """Return the verdicts of a report, without what differs between two stores: names and times of runs."""
    files = sorted((place / "reports").glob("*/verdicts.json"))
    return [json.dumps(json.loads(file.read_text())["verdicts"], sort_keys=True) for file in files]


def shared():
    """Return the names in shared memory."""
    return {path.name for path in Path("/dev/shm").iterdir()} if Path("/dev/shm").exists() else set()


def left(place, pids, before):
    """Return files that nobody needs, locks that somebody holds, semaphores and memory of processes that are gone.

    What was in shared memory `before` may be of an earlier process with the same number.
    """
    found = [str(path.relative_to(place)) for path in (place / "temporary").iterdir()]
    for path in place.rglob("*"):
        name = path.name
        if name.startswith(".new-") or name.endswith((".tmp", ".part", ".new", "-journal")):
            found.append(str(path.relative_to(place)))
        elif name.endswith(".lock"):
            with path.open("rb+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    found.append(f"{name} is locked")
    numbers = {str(pid) for pid in pids}
    return found + [
        f"/dev/shm/{name}" for name in sorted(shared() - before) if numbers & set(name.replace("_", "-").split("-"))
    ]


def compared(place, whole):
    """Return what is wrong with a store that was resumed to its end."""
    found, statuses, _ = stored(place)
    wanted, _, _ = stored(whole)
    wrong = [f"{status}: {count}" for status, count in statuses.items() if status in ("RUNNING", "SCHEDULED")]
    wrong += [f"lost: {key}" for key in wanted if key not in found]
    wrong += [f"unknown: {key}" for key in found if key not in wanted]
    for key, results in found.items():
        wrong += [f"doubled: {key}"] * (len(results) > 1)
        wrong += [f"differs: {key}"] * (key in wanted and results[-1] != wanted[key][0])
    if judged(place) != judged(whole):
        wrong.append("differs: verdicts")
    return wrong


# ---------------------------------------------------------------------------------------------------- trials


def prepared(place):
    shutil.rmtree(place, ignore_errors=True)
    (place / "studies").mkdir(parents=True)
    (place / "temporary").mkdir()
    (place / "studies" / "small.yaml").write_text(STUDY)
    (place / "train.py").write_text(FUNCTION)
    return place


def undisturbed(folder, kind, report):
    """Return the folder of a study that nobody disturbed, made where it is not there, and how long that took."""
    place = folder / f"whole-{kind}-{'report' if report else 'runs'}"
    with (folder / "whole.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "took").exists():
            began = time.monotonic()
            pid = begin(command(kind, 2, report), prepared(place), cold=False)
            code = ended(pid, LONGEST)
            assert code == 0, (code, (place / "said.txt").read_text())
            (place / "took").write_text(str(time.monotonic() - began))
    return place


def trial(folder, number, took):
    """Kill, resume, compare; `took` holds how long commands of each sort took last."""
    plan = chosen(number)
    whole, sort = undisturbed(folder, plan["kind"], plan["report"]), f"{plan['kind']} {plan['report']} {plan['cold']}"
    place, words = prepared(folder / f"trial-{number}"), command(plan["kind"], plan["jobs"], plan["report"])
    usual = took.get(sort, float((whole / "took").read_text()) * (2 if plan["cold"] else 1))
    wrong, pids, before, told = (
        [],
        [],
        shared(),
        dict(plan, hit=[], reached=0, gone_after=0.0, ended_after=0.0, crashed=0),
    )

    def killed(what, number, when):
        pid = begin(words, place, cold=plan["cold"])
        pids.append(pid)
        code = ended(pid, when)
        if code is not None:  # too late: it has ended
            return code
        told["hit"] += [f"{number} at {whom}"] if (whom := hit(pid, place, what, number, plan["which"])) else []
        sent = time.monotonic()
        code = ended(pid, LONGEST)
        if code is None:
            wrong.append(f"did not end after {number}")
            os.killpg(pid, signal.SIGKILL)
            return ended(pid, LONGEST)
        if what != "below":
            told["ended_after"] = max(told["ended_after"], time.monotonic() - sent)
        while alive := processes(place):
            pids.extend(set(alive) - set(pids))
            if time.monotonic() - sent > WITHIN:
                wrong.append(f"left alive: {alive}")
                for one in alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(one, signal.SIGKILL)
                break
            time.sleep(0.2)
        told["gone_after"] = max(told["gone_after"], time.monotonic() - sent) if what != "below" else 0.0
        return code

    codes = [killed(plan["whom"], plan["signal"], plan["when"] * usual)]
    if plan["again"]:
        codes.append(killed("driver", plan["second"], plan["later"] * usual))
    if (place / "mlruns" / "mlflow.db").exists():
        with contextlib.suppress(sqlite3.OperationalError):
            found, _, told["crashed"] = stored(place)
            told["reached"] = len(found)
    # Before its handlers are there, and while Python takes them away at the end, a signal does what it does anywhere.
    expected = {0, 130, *(-getattr(signal, one) for one in SIGNALS)}
    wrong += [f"exit code {code}" for code in codes if code not in expected and plan["whom"] != "below"]
    began = time.monotonic()
    pid = begin(words, place, cold=plan["cold"])
    code = ended(pid, LONGEST)
    if told["reached"] < 10 and code == 0:
        took[sort] = time.monotonic() - began
    wrong += [] if code == 0 else [f"the resume ended with {code}"]
    said = (place / "said.txt").read_text(errors="replace")
    # A child that was killed is told with its traceback's last lines; a traceback of ablate itself is a fault.
    wrong += ["traceback"] * ("Traceback (most recent call last)" in said)
    wrong += compared(place, whole)
    time.sleep(0.2)
    wrong += [f"left: {one}" for one in [*left(place, [*pids, pid], before), *processes(place).values()]]
    told.update(codes=codes, wrong=wrong)
    if not wrong:
        shutil.rmtree(place)
    return told


def tally(lines):
    """Say what came out of all trials."""
    told = [json.loads(line) for line in lines]
    bad = [one for one in told if one["wrong"]]
    between = [one for one in told if one["hit"] and one["reached"]]
    counts = Counter(hit for one in told for hit in one["hit"])
    print(f"{len(told)} trials, {counts.total()} kills, {len(between)} after the first run; {len(bad)} with a fault")
    print("; ".join(f"{what}: {count}" for what, count in sorted(counts.items())))
    slow = [max((one[key] for one in told), default=0) for key in ("ended_after", "gone_after")]
    print(f"a driver ended after {slow[0]:.1f} s at most, its processes after {slow[1]:.1f} s (a busy machine)")
    for one in bad:
        print(f"trial {one['trial']}: {'; '.join(one['wrong'])}"[:600])
    return len(bad)


def ready(folder):
    """Import here what a command imports: learned from one that runs in a copy."""
    place = prepared(folder / f"ready-{os.getpid()}")
    (place / "studies" / "all.py").write_text(
        "import sys\nfrom pathlib import Path\nfrom ablate.cli import main\n"
        f"code = main({command('core', 1, True)!r})\n"
        "Path('modules').write_text('\\n'.join(sys.modules))\nsys.exit(code)"
    )
    pid = os.spawnve(
        os.P_NOWAIT, "/bin/sh",
        ["sh", "-c", f"cd {place} && exec {sys.executable} studies/all.py >said.txt 2>&1 </dev/null"],
        {**os.environ, "ABLATE_ROOT": str(place), MARK: str(place)},
    )  # fmt: skip
    assert ended(pid, LONGEST) == 0, (place / "said.txt").read_text()
    for name in (place / "modules").read_text().split():
        if not name.startswith(("__", "studies", "all")):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    shutil.rmtree(place)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--trials", type=int, default=1000)
    options.add_argument("--part", default="1/1", help="which of so many that work in one folder")
    options = options.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    part, parts = map(int, options.part.split("/"))
    log, took = folder / "trials.jsonl", {}
    log.touch()
    done = {json.loads(line)["trial"] for line in log.read_text().splitlines()}
    ready(folder)
    for number in range(options.trials):
        if number not in done and number % parts == part - 1:
            told = trial(folder, number, took)
            with log.open("a") as out:
                out.write(json.dumps(told) + "\n")
    sys.exit(min(tally(log.read_text().splitlines()), 1))


if __name__ == "__main__":
    try:
        main()
    except Child as copy:
        words = copy.args[0]
    from ablate.cli import main as ablate

    sys.argv = ["ablate", *words]
    sys.exit(ablate(words))
