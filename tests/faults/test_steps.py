"""A command that is ended between any two steps leaves a store that the next command finds whole, and goes on with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("steps.py")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def tried(folder, command, number, *points):
    words = [sys.executable, str(HARNESS), str(folder), "--command", command, "--signal", number, *points]
    environment = {**os.environ, "PYTHONPATH": str(HARNESS.parents[2])}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(1_500)
@pytest.mark.parametrize(("command", "number"), [
    ("rm", "SIGKILL"), ("restore", "SIGTERM"), ("rename", "SIGKILL"), ("archive", "SIGTERM"), ("results", "SIGKILL"),
])  # fmt: skip
def test_a_command_that_was_ended_at_a_few_steps_goes_on(tmp_path, command, number):
    told = tried(tmp_path, command, number, "--points", "3")
    first, middle, last = [one["step"] for one in told]
    assert first == 1 < middle < last == told[0]["of"]
    assert all(one["code"] in (-9, -15, 130) for one in told)


@pytest.mark.long
@pytest.mark.timeout(100_000)
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("command", ["rm", "restore", "rename", "archive", "results"])
def test_a_command_that_was_ended_at_any_step_goes_on(tmp_path, command, number):
    told = tried(tmp_path, command, number)
    assert [one["step"] for one in told] == list(range(1, told[0]["of"] + 1))
