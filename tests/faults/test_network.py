"""No command looks a name up or connects to anywhere but this machine, nor does any process that it starts."""

import os
import re
import subprocess
import sys
import urllib.request

import pytest

# Imported by every Python process at its start: workers and MLflow's server too.
WATCH = """
import os, sys

def told(event, arguments):
    if event == "socket.connect":
        where = arguments[1][0] if isinstance(arguments[1], tuple) else "a file"
    elif event == "socket.getaddrinfo":
        where = arguments[0]
    else:
        return
    if where not in (None, "", "a file", "localhost", b"localhost", "127.0.0.1", b"127.0.0.1", "::1"):
        with open(os.environ["CONNECTIONS"], "a") as out:
            out.write(f"{event} {where} by {sys.argv}\\n")

sys.addaudithook(told)
"""
STUDY = """
title: Tiny
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: 6
claims:
  - {id: better, says: Norm helps, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_command_connects_to_anywhere(tmp_path):
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.yaml").write_text(STUDY)
    (tmp_path / "runs.csv").write_text(
        "norm,seed,acc\n" + "".join(f"{n},{s},0.{s}{n == 'b':d}\n" for n in "ab" for s in range(6))
    )
    found = tmp_path / "connections"
    path = os.pathsep.join([str(tmp_path / "watch"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "CONNECTIONS": str(found)}
    commands = [
        ("run", "tiny", "--jobs", "2"), ("report", "tiny"), ("verdict", "tiny"), ("status",), ("studies",),
        ("judge", "runs.csv", "--metric", "acc:higher"), ("report", "--csv", "reports/tiny"),
    ]  # fmt: skip
    script = (
        f"from ablate.cli import main\nif __name__ == '__main__': assert not any([main(words) for words in {commands}])"
    )
    (tmp_path / "all.py").write_text(script.replace("main(words)", "main(list(words))"))
    done = subprocess.run(
        [sys.executable, "all.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with subprocess.Popen(
        [sys.executable, "-m", "ablate", "ui", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as ui:
        try:
            url = re.search(r"http://127.0.0.1:\d+/", ui.stdout.readline() + ui.stdout.readline())[0]
            here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with here.open(url, timeout=60) as page:
                assert b"<html" in page.read()
        finally:
            ui.terminate()
    assert not found.exists(), found.read_text()
    # The watch itself works: what does connect is told.
    probe = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), timeout=0.1)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", probe], env=environment, check=True)
    assert "192.0.2.1" in found.read_text()
