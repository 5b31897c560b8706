"""Trains functions of a file, each an arm, on so many workers, and prints what became of each."""

import json
import signal
import sys
from dataclasses import dataclass

from ablate.interrupts import interruptible
from ablate.programs.function import Function
from ablate.sweep.jobs import make_job
from ablate.sweep.launch import launcher_for


@dataclass(frozen=True)
class Composed:
    program: Function
    target_accuracy: float | None = None
    target_split: str = "validation"


def main(file, workers, *names):
    jobs = []
    for name in names:
        composed = Composed(Function(f"{file}:{name}"))
        jobs.append(make_job({}, {}, lambda _, one=composed: one, [0, 1], label=name, metrics={"m": {}}))
    for job, results in launcher_for(None, int(workers)).train(jobs):
        print(json.dumps([job.arm.label, [r.metrics for r in results], [r.error for r in results]]))


if __name__ == "__main__":
    # As from a terminal, though what runs the tests may ignore them (`nohup`, a job of a shell in the background).
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with interruptible():
            main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
