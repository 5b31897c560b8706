"""Small studies, killed at random and resumed, are the undisturbed ones: a few here, a thousand with `-m long`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("kills.py")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.mark.slow
@pytest.mark.parametrize("trials", [
    pytest.param(2, marks=pytest.mark.timeout(2_000)),
    pytest.param(1_000, marks=[pytest.mark.long, pytest.mark.timeout(100_000)]),
], ids=str)  # fmt: skip
def test_nothing_is_lost_doubled_or_left_behind(tmp_path, trials):
    environment = {**os.environ, "PYTHONPATH": str(HARNESS.parents[2])}
    for attempt in range(3):  # of two moments both may come too late, where the machine is less busy than it was
        command = [sys.executable, str(HARNESS), str(tmp_path / str(attempt)), "--trials", str(trials)]
        (tmp_path / str(attempt)).mkdir()
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        told = [json.loads(line) for line in (tmp_path / str(attempt) / "trials.jsonl").read_text().splitlines()]
        assert [one["trial"] for one in told] == list(range(trials))
        if any(one["hit"] for one in told):
            return
    pytest.fail("no kill came before the end of what it was to kill")
