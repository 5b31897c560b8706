"""How cost around training grows with the runs of a study: CPU seconds, calls and queries, without training any.

    python benchmarks/scale.py --make FOLDER --arms 500 --seeds 20     # a store of synthetic runs, through `Store`, and
                                                                       # what the driver holds meanwhile
    python benchmarks/scale.py FOLDER                                  # plan, nothing to do, report: CPU s, memory
    python benchmarks/scale.py FOLDER --only report --profile          # where one of them spends its time
    python benchmarks/scale.py FOLDER --against CHECKOUT               # and those of an earlier checkout, with ratios
    python benchmarks/scale.py --quick                                 # a small store, and what planning it takes
    python benchmarks/scale.py FOLDER --ways                           # logging a run, directly and by MLflow's client

The study is planned by Hydra as any other, and its runs are logged under the identities of that plan: the commands that
are measured find everything done. Every command is measured in a process of its own, start of Python included, by the
processor time of it and of its workers: on a shared machine wall-clock time says nothing.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.sweep.plan import Job
    from ablate.track.record import SeedRecord

NAME = "scale"
POINTS = 20  # evaluations of each of three curves
TASKS = ("plan", "run", "report", "verdict")


def definition(arms: int, seeds: int) -> dict[str, Any]:
    """Return a study of `arms` arms (even): two levels of `norm`, and panels over rate and initial scale."""
    cells = arms // 2
    scales = max(k for k in range(1, int(cells**0.5) + 1) if cells % k == 0)
    rates = cells // scales
    claim = {"metric": "final/test_accuracy", "arm": {"norm": "batch"}, "against": {"norm": "none"}}
    return {
        "title": "Synthetic runs",
        "fixed": {"dataset": "digits", "model.hidden": [16], "epochs": 2},
        "factors": {
            "norm": ["none", "batch"],
            "optimizer.lr": [round(0.001 * (k + 1), 6) for k in range(rates)],
            **({"init.std": [round(0.01 * (k + 1), 6) for k in range(scales)]} if scales > 1 else {}),
        },
        "seeds": seeds,
        # Five seeds can decide nothing: a study of so few is refused where it claims something.
        "claims": []
        if seeds < 6
        else [{"id": "better", "says": "BatchNorm helps", "by_at_least": 0.01, "why_delta": "it is shown", **claim}],
    }


def results(job: Job, rng: Any) -> list[SeedRecord]:
    """Return a result for every seed of a job: three curves, nine scalars, one run in fifty diverged."""
    import numpy as np

    from ablate.track.record import SeedRecord
    from ablate.train.outcome import Outcome
    from ablate.train.program import Curve, RunResult

    steps = np.arange(1, POINTS + 1, dtype=np.int64) * 5
    names = ("train/loss", "train/accuracy", "test/accuracy")
    gain = 0.03 * (job.arm.levels["norm"] == "batch")
    made = []
    for seed, identity in job.identities.items():
        diverged = rng.random() < 0.02
        until = POINTS // 2 if diverged else POINTS
        rise = 1 - np.exp(-np.arange(1, until + 1) / 5)
        end = 0.85 + gain + 0.01 * rng.standard_normal()
        values = {name: (2.3 * (1 - rise) + 0.1 if name == "train/loss" else end * rise) for name in names}
        values = {name: held + 0.005 * rng.standard_normal(until) for name, held in values.items()}
        scalars = {f"aulc/{name.replace('/', '_')}": float(held.mean()) for name, held in values.items()}
        if not diverged:
            scalars |= {f"final/{name.replace('/', '_')}": float(held[-1]) for name, held in values.items()}
        result = RunResult(
            seed=seed,
            outcome=Outcome.DIVERGED if diverged else Outcome.FINISHED,
            metrics=scalars,
            curves={name: Curve(steps[:until], held) for name, held in values.items()},
            first_nonfinite_step=int(steps[until]) if diverged else None,
            test_correct=rng.random(360) < end,
            seconds=0.05,
        )
        made.append(SeedRecord(identity, result))
    return made


def make(folder: Path, arms: int, seeds: int) -> None:
    """Write the study file, and a store that holds every run of it."""
    import numpy as np
    import yaml

    from ablate.app.compose import Composer, config_loader
    from ablate.app.request import read_request
    from ablate.track.local import LocalStore
    from ablate.work.planning import plan_study

    (folder / "studies").mkdir(parents=True, exist_ok=True)
    (folder / "studies" / f"{NAME}.yaml").write_text(yaml.safe_dump(definition(arms, seeds), sort_keys=False))
    os.chdir(folder)
    store, rng = LocalStore(folder), np.random.default_rng(0)
    with config_loader() as loader:
        request = read_request(NAME, [], loader)
        begun = time.process_time()
        plan = plan_study(request, Composer(loader, request.study.fixed), store)
        print(f"planned: {1e3 * (time.process_time() - begun) / arms:.2f} ms an arm")
    session = store.open(plan.record)
    begun, logged, told = time.process_time(), 0, 0
    for job in plan.trained:
        session.log_arm(job.arm, results(job, rng))
        logged += len(job.identities)
        if logged - told >= plan.runs // 10 or not told:
            told = logged
            print(f"{logged} runs: {_held(folder)}", flush=True)
    spent = time.process_time() - begun
    session.close("FINISHED")
    print(f"logged: {1e3 * spent / plan.runs:.2f} ms a run; {plan.runs} runs of {arms} arms in {folder}")


def _held(folder: Path) -> str:
    """Return what the driver holds at this moment, and how large the journal beside the database is."""
    place = Path("/proc/self")
    if not place.exists():
        return "memory and descriptors are read on Linux alone"
    memory = int((place / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    database = folder / "mlruns" / "mlflow.db"
    sizes = [Path(f"{database}{end}").stat().st_size / 2**20 for end in ("", "-wal")]
    return (
        f"{memory:.0f} MB of memory, {len(list((place / 'fd').iterdir()))} descriptors, "
        f"database {sizes[0]:.0f} MB, journal {sizes[1]:.1f} MB"
    )


def ways(folder: Path, arms: int = 8, seeds: int = 10) -> None:
    """Log the same runs in both ways, arm by arm in turn, and print what a run costs in each, and their ratio."""
    import numpy as np

    from ablate.app.compose import Composer, config_loader
    from ablate.sweep.study_file import parse_study
    from ablate.track import direct as known_schemas
    from ablate.track.local import LocalStore
    from ablate.track.memory import MemoryStore
    from ablate.work.planning import plan_study
    from ablate.work.request import Request

    study = parse_study(definition(arms, seeds), where=NAME)
    with config_loader() as loader:
        plan = plan_study(Request(NAME, study, seeds, {}, "x"), Composer(loader, study.fixed), MemoryStore())
    compared, sessions = known_schemas.COMPARED, {}
    for way, known in (("client", frozenset[str]()), ("direct", compared)):
        known_schemas.COMPARED = known
        sessions[way] = LocalStore(folder / way).open(plan.record)
    known_schemas.COMPARED = compared
    spent = dict.fromkeys(sessions, 0.0)
    for number, job in enumerate(plan.trained):
        runs = results(job, np.random.default_rng(number))
        for way, session in sessions.items():
            begun = time.process_time()
            session.log_arm(job.arm, runs)
            spent[way] += time.process_time() - begun if number else 0.0  # the first arm warms up
    for session in sessions.values():
        session.close("FINISHED")
    client, direct = (1e3 * spent[way] / (seeds * (arms - 1)) for way in ("client", "direct"))
    print(f"CPU ms a run, with its share of the arm: client {client:.1f}, direct {direct:.1f}: {client / direct:.2f}x")


def _call(task: str) -> Callable[[], None]:
    from ablate.cli import run

    words = {task: [task, NAME] for task in TASKS} | {"run": ["run", NAME, "hydra.sweeper.report=false"]}
    return lambda: run(words[task])


def one(task: str, *, profile: bool, counted: bool) -> None:
    """Run one command in this process, and print what it took as the last line."""
    queries = _counting() if counted else []
    watch = cProfile.Profile(time.process_time) if profile else None
    call = _call(task)
    if watch:
        watch.enable()
    call()
    if watch:
        watch.disable()
        table = pstats.Stats(watch, stream=sys.stderr)
        table.sort_stats("cumulative").print_stats(70)
        table.sort_stats("tottime").print_stats(40)
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime
    print(f"{task}: {spent:.2f} CPU s, {own.ru_maxrss / 1024:.0f} MB, {len(queries)} queries", file=sys.__stdout__)


def _counting() -> list[str]:
    """Record every statement that is sent to a database through `ablate.track.reading`."""
    import sqlite3

    from ablate.track import reading

    seen: list[str] = []
    connect = sqlite3.connect

    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(seen.append)
        return connection

    reading.sqlite3.connect = watched  # type: ignore[attr-defined]
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="make a small store in a new folder and measure on it")
    parser.add_argument("--make", action="store_true", help="make the store")
    parser.add_argument("--arms", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", choices=TASKS)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--here", action="store_true", help="in this process: what the others are started with")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="an earlier checkout, measured in turn")
    parser.add_argument("--ways", action="store_true", help="log runs in both ways into new stores below the folder")
    given = parser.parse_args()
    if given.quick:
        with tempfile.TemporaryDirectory() as new:
            given.folder, given.only = Path(new), given.only or "plan"
            make(given.folder.resolve(), arms=4, seeds=3)
            measure(given)
        return
    if given.folder is None:
        parser.error("a folder is missing, or --quick")
    if given.make:
        make(given.folder.resolve(), given.arms, given.seeds)
        return
    measure(given)


def measure(given: argparse.Namespace) -> None:
    """Measure what the options ask for on the store of a folder."""
    folder = given.folder.resolve()
    if given.ways:
        ways(folder)
        return
    own = Path(__file__).resolve().parents[1]
    earlier = [given.against.resolve()] if given.against else []
    os.chdir(folder)
    if given.here or given.profile:
        one(given.only or "plan", profile=given.profile, counted=not given.profile)
        return
    for task in [given.only] if given.only else TASKS:
        took = [_measured(task, folder, root) for root in (own, *earlier)]
        line = f"{task}: {took[0][1]}"
        if earlier:
            line += f"; before: {took[1][1]}; {took[1][0] / took[0][0]:.2f}x"
        print(line)
    os.chdir(own)


def _measured(task: str, folder: Path, root: Path) -> tuple[float, str]:
    """Return the CPU seconds of a command with the code of a checkout, and what else it took in words."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, __file__, str(folder), "--only", task, "--here"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**environment, "PYTHONPATH": str(root)}
    )
    last = done.stdout.strip().splitlines()[-1:] if done.returncode == 0 else []
    if not last:
        raise SystemExit(f"{task} with {root}: {done.stderr[-2000:]}")
    told = last[0].partition(": ")[2]
    return float(told.split()[0]), told


if __name__ == "__main__":
    main()
