"""What a study costs beyond training: runs it in an empty folder and prints where the time went.

    python benchmarks/study.py            # book-batchnorm-init: 32 arms x 20 seeds
    python benchmarks/study.py --quick    # two arms, for CI
    python benchmarks/study.py --study quickstart --against CHECKOUT    # `ablate run`, whole, of both, in turn

Cost beyond training = (wall clock x processes - training) / seed runs: planning, composing, starting workers,
logging and waiting, on all processes. The report comes after it and is timed apart.
"""

from __future__ import annotations

import argparse
import atexit
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def in_turn(study: str, earlier: Path, *, times: int = 5) -> None:
    """Print the seconds of `ablate run STUDY` in a new folder, report included, of this checkout and an earlier one."""
    taken: dict[Path, list[float]] = {earlier: [], HERE: []}
    for turn in range(times + 1):
        for root, seconds in taken.items():
            with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as place:
                begun = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "ablate", "run", study],
                    cwd=place, env={**os.environ, "PYTHONPATH": str(root)}, check=True, capture_output=True,
                )  # fmt: skip
                if turn:  # the first fills caches
                    seconds.append(time.perf_counter() - begun)
    for root, seconds in taken.items():
        print(f"{root}: {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f}, {times} runs)")
    ratios = [now / before for before, now in zip(*taken.values(), strict=True)]
    print(f"ratio of pairs: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="book-batchnorm-init")
    parser.add_argument("--quick", action="store_true", help="a sweep of two small arms")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--against", type=Path, help="an earlier checkout")
    options = parser.parse_args()
    if options.against is not None:
        in_turn(options.study, options.against.resolve())
        return

    from ablate.cli import run
    from ablate.sweep.launch import worker_count
    from ablate.track.read import read_study

    jobs = [] if options.jobs is None else [f"hydra.sweeper.n_jobs={options.jobs}"]
    place = tempfile.TemporaryDirectory(prefix="ablate-benchmark-")
    atexit.register(place.cleanup)
    os.chdir(place.name)
    name = "adhoc" if options.quick else options.study
    begun = time.perf_counter()
    if options.quick:
        run(
            [
                "-m",
                "norm=none,batch",
                "epochs=2",
                "dataset.train_size=200",
                "seeds=4",
                "hydra.sweeper.report=false",
                *jobs,
            ]
        )
    else:
        run(["-m", f"hydra.sweeper.study={name}", "hydra.sweeper.report=false", *jobs])
    swept = time.perf_counter() - begun
    run(["report", name])
    reported = time.perf_counter() - begun - swept

    runs = read_study(Path.cwd(), name).seeds
    training, workers, n = float(runs["seconds"].sum()), worker_count(options.jobs), len(runs)
    beyond = (swept * workers - training) / n
    print(f"\n{name}: {n} seed runs on {workers} processes")
    print(f"  sweep            {swept:8.1f} s wall clock (start of Python and imports of Hydra and MLflow included)")
    print(f"  training         {training / workers:8.1f} s a process, {training / workers / swept:.0%} of the sweep")
    print(f"  training a run   {1e3 * training / n:8.1f} ms")
    print(f"  beyond training  {1e3 * beyond:8.1f} ms a seed run and process; {1e3 * beyond / workers:.1f} ms of wall")
    print(f"  report           {reported:8.1f} s")


if __name__ == "__main__":
    main()
