"""Pools of workers: what a killed process leaves is removed by the next one, and no worker outlives it."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ablate.sweep.pool import in_pool, pool, remove_left

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

HOLDING = """
import sys, time
from ablate.sweep.pool import _mark
_mark()
print("marked", flush=True)
sys.stdin.read()
"""
# The pool is opened, and its workers are given nothing: they wait, as those of a driver that is killed just then.
WAITING = """
import sys
from ablate.sweep.pool import pool
executor = pool(2)
executor._ensure_executor_running()
print(*executor._processes, flush=True)
sys.stdin.read()
"""
# A run trains: what would end its process ends the run alone, and must not keep alive what nobody waits for any more.
TRAINING = """
import sys, time
from pathlib import Path
from ablate.sweep.pool import pool

def train(mark):
    from ablate.train.contained import contained
    with contained():
        Path(mark).touch()
        time.sleep(1000)

if __name__ == "__main__":
    marks = sys.argv[1:]
    executor = pool(2)
    for mark in marks:
        executor.submit(train, mark)
    while not all(Path(mark).exists() for mark in marks):
        time.sleep(0.01)
    print(*executor._processes, flush=True)
    sys.stdin.read()
"""


def started(script, folder, *args, **streams):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)}, **streams,
    )  # fmt: skip


def marks(folder):
    return [path.name for path in folder.glob("ablate-pool-*")]


def test_what_a_killed_process_left_is_removed_and_nothing_of_a_live_one(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shared = tmp_path / "shared"
    shared.mkdir()
    with started(HOLDING, tmp_path) as dead, started(HOLDING, tmp_path) as live:
        assert dead.stdout.readline() == live.stdout.readline() == "marked\n"
        dead.kill()
        dead.wait()
        gone, here = dead.pid, live.pid
        keep = [
            f"sem.loky-{here}-a1",
            f"sem.loky-{gone}1-b2",
            f"sem.other-{gone}-c3",
            f"joblib_memmapping_folder_{here}_d",
        ]
        for name in [f"sem.loky-{gone}-abc", f"sem.loky-{gone}-def", *keep]:
            (shared / name).touch()
        (shared / f"joblib_memmapping_folder_{gone}_12_34" / "inner").mkdir(parents=True)
        (shared / "precious").mkdir()
        (shared / f"joblib_memmapping_folder_{gone}_link").symlink_to(shared / "precious")
        of_another = tmp_path / f"ablate-pool-{os.getuid()}-x-y"
        of_another.touch()
        remove_left([shared])
        assert sorted(path.name for path in shared.iterdir()) == sorted(
            [*keep, "precious", f"joblib_memmapping_folder_{gone}_link"]
        )
        assert len(marks(tmp_path)) == 2
        assert of_another.exists()
        live.stdin.close()
        live.wait()
        assert marks(tmp_path) == [of_another.name]  # a process that ends by itself takes its mark along


@pytest.mark.slow
@pytest.mark.parametrize("script", [WAITING, TRAINING], ids=["given nothing yet", "while runs train"])
def test_workers_end_with_their_process(tmp_path, script):
    marks = [tmp_path / "one", tmp_path / "two"]
    with started(script, tmp_path, *marks) as driver:
        workers = [int(pid) for pid in driver.stdout.readline().split()]
        assert len(workers) == 2
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        until = time.monotonic() + 60
        while any(Path("/proc", str(pid)).exists() for pid in workers):
            assert time.monotonic() < until
            time.sleep(0.1)


def waited(number, file):
    while file is not None and not file.exists():
        time.sleep(0.01)
    return number


@pytest.mark.slow
def test_results_come_as_tasks_end_and_no_task_is_drawn_before_a_worker_is_free(tmp_path):
    files, drawn = [tmp_path / "first", None, tmp_path / "third", None], []

    def tasks():
        for number, file in enumerate(files):
            drawn.append(number)
            yield partial(waited, number, file)

    results = in_pool(2, tasks())
    assert next(results) == 1
    assert 3 not in drawn  # two are at work
    files[2].touch()
    assert [next(results), next(results)] == [2, 3]
    files[0].touch()
    assert list(results) == [0]


@pytest.mark.slow
def test_a_pool_that_is_left_early_leaves_no_worker(tmp_path):
    results = in_pool(2, [partial(waited, 0, tmp_path / "never"), partial(waited, 1, None)])
    assert next(results) == 1
    workers = list(pool(2)._processes)
    results.close()
    assert workers
    assert not [pid for pid in workers if Path("/proc", str(pid)).exists()]


def broken(number):
    raise ValueError(number)


def breaking():
    yield partial(waited, 0, None)
    yield partial(waited, 1, None)
    raise KeyError("a task cannot be made")


@pytest.mark.slow
def test_an_error_of_a_task_or_of_what_makes_tasks_is_raised_where_results_are_taken():
    with pytest.raises(ValueError, match="7"):
        list(in_pool(2, [partial(broken, 7)]))
    with pytest.raises(KeyError, match="cannot be made"):
        list(in_pool(2, breaking()))


KILLED_TRACKER = """
import os, signal
from joblib.externals.loky.backend.resource_tracker import _resource_tracker
from ablate.sweep.pool import pool
pool(2).submit(os.getpid).result()
os.kill(_resource_tracker._pid, signal.SIGKILL)
pool(2).submit(os.getpid).result()
"""


@pytest.mark.slow
def test_that_what_tidies_up_was_killed_prints_no_traceback(tmp_path):
    with started(KILLED_TRACKER, tmp_path, stderr=subprocess.PIPE) as driver:
        _, err = driver.communicate()
    assert driver.returncode == 0
    assert "Traceback" not in err


# Whoever waits for `started` knows that a worker process is there, and imports.
STARTING = """
import os, sys
from ablate.sweep.pool import pool, submitted
executor = pool(2)
future = submitted(executor, os.getpid)
print("started", flush=True)
sys.stdin.readline()
print(future.result() != os.getpid(), flush=True)
"""


@pytest.mark.slow
def test_an_interrupt_of_a_terminal_does_not_reach_workers_that_still_import(tmp_path):
    with started(STARTING, tmp_path, stderr=subprocess.PIPE) as driver:
        assert driver.stdout.readline() == "started\n"
        children = Path(f"/proc/{driver.pid}/task/{driver.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if "LokyProcess" in Path(f"/proc/{pid}/cmdline").read_text()]
        for pid in workers:
            os.kill(pid, signal.SIGINT)
        out, err = driver.communicate("go\n")
    assert workers
    assert out == "True\n", err
    assert "Traceback" not in err


# Its workers still get ready, for a minute: Python would wait for them before it ends.
SLOW_START = """
import os, sys, time
from ablate.sweep.pool import end_workers, pool, submitted

executor = pool(2)
futures = [submitted(executor, lambda: __import__("time").sleep(60)) for _ in range(2)]
print(*executor._processes, flush=True)
end_workers()
"""


def test_a_process_that_is_to_end_at_once_does_not_wait_for_its_workers(tmp_path):
    with started(SLOW_START, tmp_path, stderr=subprocess.PIPE) as driver:
        workers = driver.stdout.readline().split()
        assert driver.wait(timeout=30) == 0
        assert driver.stderr.read() == ""
    assert len(workers) == 2
    assert not [one for one in workers if Path(f"/proc/{one}").exists()]
