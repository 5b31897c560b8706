"""Worker processes: one that is lost costs no study."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import parse_study
from ablate.sweep.workers import Loky
from ablate.train.outcome import Outcome
from ablate.train.program import Program, RunResult


@dataclass(frozen=True)
class Mortal(Program):
    """Of the core, as far as launchers can tell; kills its process in one arm always, in another the first time."""

    folder: str = ""

    def facts(self, config):
        return {"fingerprint": "f00d", "dataset": "fake"}

    def run(self, config, seeds, observe=None):
        mark = Path(self.folder, "once")
        if config.norm == "always" or (config.norm == "once" and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return [RunResult(seed, Outcome.FINISHED, {"m": float(seed)}) for seed in seeds]


@dataclass(frozen=True)
class Config:
    norm: str = "none"
    program: Mortal = field(default_factory=Mortal)


Mortal.config_class = Config


@pytest.mark.slow
def test_the_arms_of_a_worker_that_is_lost_are_trained_again_apart(tmp_path):
    norms = ["none", "once", "batch", "always", "layer"]
    study = parse_study({"title": "t", "factors": {"norm": norms}}, where="x")
    program = Mortal(str(tmp_path))
    plan = make_plan(study, name="s", seeds=2, compose=lambda at: Config(**at, program=program), command="c")
    found = {job.config.norm: results for job, results in Loky(2).train(plan.jobs)}
    assert set(found) == set(norms)
    assert all(r.error.strip().endswith("was killed by SIGKILL (most often: out of memory)") for r in found["always"])
    for norm in ("none", "once", "batch", "layer"):
        assert [r.metrics for r in found[norm]] == [{"m": 0.0}, {"m": 1.0}]


RELEASED = """
from ablate.report.cores import _may_fork
from ablate.sweep.workers import Loky
pool = Loky(2)
pool.prepare()()
served = _may_fork()
pool.release()
print(served, _may_fork())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only there a report forks")
def test_after_its_workers_are_released_a_report_may_fork():
    done = subprocess.run([sys.executable, "-c", RELEASED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


ENDED = """
import atexit, sys, threading
{first}
from ablate.sweep import workers
ended, pool = threading.Event(), workers.pool
def late(workers):
    ended.wait()
    return pool(workers)
workers.pool = late
workers.Loky(2).prepare()
thread = threading.enumerate()[-1]
@atexit.register
def end():
    ended.set()
    thread.join()
sys.exit(130)
"""


@pytest.mark.parametrize("first", ["", "import joblib.externals.loky.process_executor"], ids=["imports", "starts"])
def test_workers_that_get_ready_while_the_process_ends_print_nothing(first):
    code = ENDED.format(first=first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_what_keeps_workers_from_getting_ready_is_raised_where_they_are_waited_for(monkeypatch):
    def fail(workers):
        raise OSError(24, "too many open files")

    monkeypatch.setattr("ablate.sweep.workers.pool", fail)
    ready = Loky(2).prepare()
    with pytest.raises(OSError, match="too many open files"):
        ready()
