"""A driver that is killed leaves no process behind; one that is interrupted ends at once. No seed costs another."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")

SLOW = """
import os, subprocess, sys, time
from pathlib import Path

def train(name):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(__file__).with_name(name).write_text(f"{os.getpid()} {os.getppid()} {child.pid}")
    time.sleep(3600)

def one(seed=0): return train("one.pids")
def two(seed=0): return train("two.pids")
"""


def started(file, workers, *names):
    command = [sys.executable, str(HERE / "driver.py"), str(file), str(workers), *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)


def wait_for(what, within):
    end = time.monotonic() + within
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    return what()


def pids(folder, count):
    said = [file.read_text().split() for file in folder.glob("*.pids")]
    return [int(pid) for one in said for pid in one] if len(said) == count and all(len(s) == 3 for s in said) else None


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("workers", "send"), [(1, os.kill), (2, os.kill), (2, os.killpg)])
def test_nothing_is_left_of_a_driver(tmp_path, number, workers, send):
    (tmp_path / "slow.py").write_text(SLOW)
    driver = started(tmp_path / "slow.py", workers, *["one", "two"][:workers])
    try:
        found = wait_for(lambda: pids(tmp_path, workers) or driver.poll() is not None, 240)
        assert found is not True, driver.communicate(timeout=1)
        assert found
        send(driver.pid, number)  # to its group as well: so does a terminal
        code = driver.wait(60)
        _, err = driver.communicate(timeout=60)
    finally:
        driver.kill()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130), err
    assert number == signal.SIGKILL or err == ""
    below = [pid for pid in found if pid not in (os.getpid(), driver.pid)]
    assert wait_for(lambda: not any(map(alive, below)), 60), [pid for pid in below if alive(pid)]


DRAWS = """
import os, signal, sys, time
from pathlib import Path
from ablate.interrupts import interruptible
from ablate.report import cores

def part():
    if os.getpid() == own:  # what a lost process left is done by the driver
        time.sleep(3600)
    Path(sys.argv[1], f"{os.getpid()}.pids").write_text(f"{os.getpid()} {own} {own}")
    time.sleep(3600)

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
own, cores._cores = os.getpid(), lambda: 2
try:
    with interruptible():
        list(cores.on_all_cores([part] * 8))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")
@pytest.mark.parametrize("send", [os.kill, os.killpg])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_report_that_draws(tmp_path, number, send):
    command = [sys.executable, "-c", DRAWS, str(tmp_path)]
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        found = wait_for(lambda: pids(tmp_path, 2) or driver.poll() is not None, 240)
        assert found is not True, driver.communicate(timeout=1)
        send(driver.pid, number)
        code = driver.wait(60)
        below = [pid for pid in found if pid != driver.pid]
        assert wait_for(lambda: not any(map(alive, below)), 60), below
        _, err = driver.communicate(timeout=60)
    finally:
        driver.kill()
        for pid in filter(alive, found or ()):
            os.kill(pid, signal.SIGKILL)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130), err
    assert err == ""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_on_any_number_of_workers_a_fault_is_one_crashed_run(workers):
    done = started(HERE / "misbehaving.py", workers, "reads_address_zero", "leaves_a_child", "is_killed")
    out, err = done.communicate(timeout=200)
    assert done.returncode == 0, err
    found = {name: (metrics, errors) for name, metrics, errors in map(json.loads, out.splitlines())}
    assert found["leaves_a_child"] == ([{"m": 0.0}, {"m": 1.0}], [None, None])
    for name, signal_ in (("reads_address_zero", "SIGSEGV"), ("is_killed", "SIGKILL")):
        metrics, errors = found[name]
        assert metrics == [{"m": 0.0}, {}]
        assert f"its process was killed by {signal_}" in errors[1].splitlines()[-1]
