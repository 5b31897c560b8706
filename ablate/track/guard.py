"""A process that ends what it started when the process that started it is gone, however that ended.

`python -m ablate.track.guard COMMAND …` runs a command and waits for it. Its standard input is a pipe that nobody
writes to: it closes when the parent closes it, or dies, by SIGKILL too. Then the command and its own children end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

SECONDS = 10.0
"""What the command has to end by itself after SIGTERM; then it is killed."""


def main(command: list[str]) -> int:
    """Run a command until it ends, or until standard input does; return its exit code."""
    if os.name == "posix":
        signal.signal(signal.SIGTERM, _wait_on)  # it is sent to the whole group, and MLflow is waited for
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    return child.wait()


def _wait_on(_number: int, _frame: object) -> None:
    """Let the command end first."""


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4_096):
        pass
    if os.name != "posix":
        child.kill()
        return
    os.killpg(0, signal.SIGTERM)
    try:
        child.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
