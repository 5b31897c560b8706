"""What happens around a study: a driver that is stopped, files that are gone, somebody who looks while it runs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ablate.errors import Failure
from ablate.sweep.launch import Serial
from ablate.sweep.study_file import parse_study
from ablate.track.local import LocalStore
from ablate.work.bench import Bench
from ablate.work.judging import judge_tracked
from ablate.work.request import Request
from ablate.work.running import run_request

from ..track.small_study import STUDY, compose, run_small

HERE = Path(__file__).parents[1] / "track"

# Runs a small study; before it writes an arm for the second time it says so, and waits for a file.
DRIVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from ablate.errors import AblateError
from ablate.track.local import LocalStore
from ablate.track.mlflow_tracker import MlflowSession
from small_study import run_small

root, write, count = Path(sys.argv[1]), MlflowSession.log_arm, []

def log_arm(self, *args, **kwargs):
    count.append(1)
    if len(count) == 2:
        (root / "halfway").touch()
        while not (root / "go").exists():
            time.sleep(0.05)
    write(self, *args, **kwargs)

MlflowSession.log_arm = log_arm
try:
    run_small(LocalStore(root), root)
except AblateError as error:
    sys.exit(str(error))
"""


def wait_for(what, within=240):
    end = time.monotonic() + within
    while time.monotonic() < end and not what():
        time.sleep(0.05)
    return what()


@pytest.fixture
def driver(tmp_path):
    """A driver that has written one arm of two, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path), str(HERE)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip
    try:
        assert wait_for(lambda: (tmp_path / "halfway").exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def ended(driver, root):
    (root / "go").touch()
    _, err = driver.communicate(timeout=240)
    assert driver.returncode == 0, err
    tables = LocalStore(root).read("s")
    assert len(tables.seeds) == 12
    assert not {"missing", "crashed"} & set(tables.seeds["outcome"])


@pytest.mark.slow
def test_a_driver_that_is_stopped_keeps_its_study_and_leaves_others_alone(driver, tmp_path):
    driver.send_signal(signal.SIGSTOP)
    with pytest.raises(Failure, match=rf"study s is being run by pid {driver.pid} on host .* since .*: wait"):
        run_small(LocalStore(tmp_path), tmp_path)
    other = Request("other", parse_study(STUDY, where="x"), 6, {}, "c")
    bench = Bench(tmp_path, lambda _: None, given=LocalStore(tmp_path))
    run_request(other, compose, bench, launcher=Serial(), report=False)
    assert {line.name: line.status for line in LocalStore(tmp_path).studies()} == {"s": "RUNNING", "other": "FINISHED"}
    driver.send_signal(signal.SIGCONT)
    ended(driver, tmp_path)


@pytest.mark.slow
def test_what_is_there_can_be_looked_at_and_judged_while_the_study_runs(driver, tmp_path):
    store = LocalStore(tmp_path)
    (line,) = store.studies()
    assert (line.status, line.done) == ("RUNNING", 6)
    tables = store.read("s")
    assert (tables.seeds["outcome"] == "missing").sum() == 6
    (verdict,) = judge_tracked("s", None, store).verdicts
    assert verdict.label == ""  # six of twelve runs decide nothing
    ended(driver, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mlflows_pages_answer_while_the_study_runs_and_do_not_disturb_it(driver, tmp_path):
    command = [sys.executable, "-m", "ablate", "ui", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as pages:
        try:
            url = re.search(r"http://127.0.0.1:\d+/", pages.stdout.readline() + pages.stdout.readline())[0]
            here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with here.open(f"{url}health", timeout=60) as page:
                assert page.status == 200
            ended(driver, tmp_path)
        finally:
            pages.terminate()


@pytest.mark.parametrize("gone", ["artifacts", "artifacts/s", "artifacts/*/*/artifacts", "artifacts/*/*"])
def test_files_that_are_gone_are_told_and_the_same_command_makes_what_it_needs(tmp_path, gone):
    store = LocalStore(tmp_path)
    run_small(store, tmp_path)
    before = store.read("s").seeds
    for place in (tmp_path / "mlruns").glob(gone):
        shutil.rmtree(place)
    with pytest.raises(Failure, match=r"cannot read the plan of study s .*: give the command that ran it again"):
        store.read("s")
    run_small(store, tmp_path)
    after = store.read("s").seeds
    assert list(after["final/test_accuracy"]) == list(before["final/test_accuracy"])
    assert list(after["run_id"]) == list(before["run_id"])  # the numbers stand in the database: nothing was run again


LEAVES = """
import os, sys
{ending}
def train(seed=0): return float(seed)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["os._exit(0)", "sys.exit(0)", "raise KeyboardInterrupt", "raise GeneratorExit"])
def test_code_that_ends_the_process_when_it_is_imported(tmp_path, ending):
    (tmp_path / "train.py").write_text(LEAVES.format(ending=ending))
    command = [sys.executable, "-m", "ablate", "run", "train.py:train", "seeds=6", "lr=1,2", "--metric", "m:higher"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert f"importing {tmp_path / 'train.py'} fails" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "mlruns").exists() or not LocalStore(tmp_path).studies()
