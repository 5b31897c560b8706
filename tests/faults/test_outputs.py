"""What becomes of what a command prints decides neither what it does nor that it says how it ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
ABLATE = f"{sys.executable} -m ablate"
pytestmark = pytest.mark.slow
RUN = f"{ABLATE} run f.py:train lr=0.1,0.2 seeds=2 --metric m:higher --jobs 1"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    (folder / "f.py").write_text("def train(lr=0.1, seed=0):\n    return {'m': lr + seed / 100}\n")
    assert shell(f"{RUN} --name first", folder).returncode == 0
    return folder


def shell(command, folder):
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=250,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )  # fmt: skip


@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_has_gone_cuts_nothing_short(project, reader):
    name = reader.replace(" ", "")
    done = shell(f"{RUN} --name {name} 2>&1 | {reader}; exit ${{PIPESTATUS[0]}}", project)
    assert done.returncode == 0
    assert (project / "reports" / name / "report.html").exists()


def test_the_exit_code_is_what_came_of_the_command_whoever_reads(project):
    done = shell(f"{ABLATE} verdict first --strict | true; exit ${{PIPESTATUS[0]}}", project)
    assert done.returncode == 3  # it makes no claim


@pytest.mark.parametrize("words", ["status", "verdict first --json", "report first", "--help", "run --help"])
def test_output_that_finds_no_room_is_one_line_and_no_success(project, words):
    done = shell(f"{ABLATE} {words} > /dev/full", project)
    assert done.returncode == 1
    assert done.stderr == "ablate: no space left on device: standard output; what was finished is kept\n"


def test_errors_that_find_no_room_change_no_exit_code(project):
    assert shell(f"{ABLATE} report nosuch 2> /dev/full", project).returncode == 2
    assert shell(f"{ABLATE} nosuch 2> /dev/full", project).returncode == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_are_closed_are_not_missed_nor_taken_by_files(project, closed):
    name = f"closed-{len(closed)}-{closed[0].strip('<>') or 'x'}"
    done = shell(f"{RUN} --name {name} {closed}", project)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert (project / "reports" / name / "report.html").exists()
    assert shell(f"{ABLATE} status {name}", project).stdout.startswith(f"{name}: finished; 4 runs: 4 finished")


@pytest.mark.parametrize("files", [18, 26])
def test_too_few_files_for_a_process_are_one_line(project, files):
    done = shell(f"ulimit -n {files}; {ABLATE} report first > /dev/null", project)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or (done.returncode == 1 and done.stderr.startswith("ablate: "))


NOT_WAITING = """
import os, sys, threading, time
from ablate.terminal import guard_streams
gone, kept = os.pipe()
os.set_blocking(kept, False)
os.dup2(kept, 1)
guard_streams()
received = []
def read():
    time.sleep(0.3)
    while part := os.read(gone, 65536):
        received.append(len(part))
reader = threading.Thread(target=read)
reader.start()
sys.stdout.write("x" * 1_000_000)
sys.stdout.flush()
os.close(1); os.close(kept)
reader.join()
sys.exit(0 if sum(received) == 1_000_000 else 9)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_is_slow_and_does_not_let_us_wait_gets_everything(unbuffered):
    done = subprocess.run(
        [sys.executable, "-c", NOT_WAITING], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
