"""The commands of `docs/ray.md`: a cluster of two machines is started as the page says, both on this one, and used."""

import contextlib
import importlib.util
import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pages import ROOT, already_installed, blocks, lines, reduced, this_python
from servers import free_port

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install 'ablate-studies[ray]'"
    ),
    pytest.mark.timeout(900),
]
RAY = shutil.which("ray")
(INSTALL, ALONE, WITHIN, OUTSIDE, SWEEP), (HEAD, MACHINE, STATUS) = (
    lines(block) for block in blocks(ROOT / "docs" / "ray.md", "bash")
)
SMALL = {"dataset": "digits", "dataset.train_size": 60, "model.hidden": [8], "batch_size": 20, "epochs": 1}
STUDY = """
title: Does norm help?
fixed: {dataset: digits, dataset.train_size: 60, model.hidden: [8], batch_size: 20, epochs: 1}
factors: {norm: [none, batch]}
seeds: 6
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "my_study.yaml").write_text(STUDY, encoding="utf-8")
    reduced("quickstart", tmp_path, {"fixed": SMALL, "factors": {"init.std": [0.1, 0.01]}}, claims=1)
    return tmp_path


@pytest.fixture
def surroundings(tmp_path_factory, monkeypatch):
    """A home of its own, in which Ray may leave its token, and no cluster that is there already."""
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))


def called(line, *more, folder=None):
    words = [RAY, *shlex.split(line)[1:]] if line.startswith("ray ") else this_python(line)
    return subprocess.run(
        [*words, *more], cwd=folder, capture_output=True, text=True, timeout=400, check=False
    )  # fmt: skip


@pytest.fixture
def typed(surroundings, project):
    """Run a line in the project; returns what it printed."""

    def run(line, *more):
        done = called(line, *more, folder=project)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    return run


@contextlib.contextmanager
def cluster():
    """Start the page's machines, the second beside the first; gives the address of Ray, and that for its clients."""
    port, client = free_port(), free_port()
    small = ["--num-cpus=2", "--object-store-memory=80000000", "--disable-usage-stats", "--block"]
    head = HEAD.replace("6379", str(port)) + f" --node-ip-address=127.0.0.1 --ray-client-server-port={client}"
    machine = MACHINE.replace("HEAD:6379", f"127.0.0.1:{port}") + " --node-ip-address=127.0.0.1"
    started = []
    try:
        for line in (f"{head} --include-dashboard=false", machine):
            words = [RAY, *shlex.split(line)[1:], *small]
            started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True))
            wait_for(started[-1], f"127.0.0.1:{port}", len(started))
        yield f"127.0.0.1:{port}", f"127.0.0.1:{client}"
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(process, address, machines):
    end = time.monotonic() + 100
    while time.monotonic() < end and process.poll() is None:
        done = called(STATUS, "--address", address)
        if done.stdout.partition("Active:")[2].partition("Pending:")[0].count("1 node_") == machines:
            return
        time.sleep(1)
    raise AssertionError(f"the cluster has not {machines} machines: {done.stdout} {done.stderr}")


def test_what_is_needed_is_offered_under_the_name_that_is_installed():
    already_installed(INSTALL)


def test_a_cluster_is_used_alone_from_a_machine_of_it_from_outside_and_by_a_sweep(typed, project, monkeypatch):
    assert "32 runs in" in typed(ALONE, "--no-report", "-j", "2")
    asks = (Path.home() / ".ray" / "auth_token").exists()  # as the page says of newer releases of Ray
    monkeypatch.setenv("RAY_AUTH_MODE", "token" if asks else "disabled")
    with cluster() as (address, client):
        monkeypatch.setenv("RAY_ADDRESS", address)  # which of them `auto` means, where there are several
        assert "12 runs in" in typed(WITHIN, "--no-report")
        outside = OUTSIDE.replace("head.example.org:10001", client)
        assert outside != OUTSIDE
        assert "12 runs in" in typed(outside, "--no-report", "--fresh")
        small = ["dataset=digits", "dataset.train_size=60", "batch_size=20", "model.hidden=[8]", "epochs=1"]
        assert "4 runs in" in typed(SWEEP, *small, "seeds=2", "hydra.sweeper.report=false")
        assert "Resources" in typed(STATUS)
        if asks:
            monkeypatch.delenv("RAY_AUTH_MODE")
            done = called(WITHIN, "--no-report", "--fresh", folder=project)
            assert (done.returncode, done.stderr.count("Traceback")) == (1, 0)
            assert "if the cluster asks for a token: export RAY_AUTH_MODE=token" in done.stderr
