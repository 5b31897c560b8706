"""A process without a standard input, as a worker of joblib 1.4 is, starts processes for code of the user's own."""

import subprocess
import sys
from pathlib import Path

PIPE = """
from ablate.programs.processes import safe_pipe

os.close(0)
asked, ask = safe_pipe()
assert min(asked, ask) > 2
started = "import os; print(os.read(" + str(asked) + ", 9).decode())"
child = subprocess.Popen([sys.executable, "-c", started], stdin=subprocess.DEVNULL, pass_fds=(asked,))
os.write(ask, b"a request")
sys.exit(child.wait())
"""


def test_a_pipe_is_not_taken_for_the_standard_input_of_the_child(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os, subprocess, sys" + PIPE]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "a request\n")
