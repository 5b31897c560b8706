"""The commands of `docs/slurm.md`: on processes of this machine, and on a real Slurm where it can be started."""

import importlib.util
import re
import shlex
import time
from pathlib import Path

import pytest
from pages import ROOT, already_installed, blocks, lines

from ablate.cli import main

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("submitit") is None,
        reason="submitit is not installed: pip install 'ablate-studies[slurm]'",
    ),
    pytest.mark.timeout(900),
]
((INSTALL, WAIT, LEAVE, STATUS, COLLECT, SWEEP),) = (
    lines(block) for block in blocks(ROOT / "docs" / "slurm.md", "bash")
)
STUDY = """
title: Does norm help?
fixed: {dataset: digits, dataset.train_size: 60, model.hidden: [8], batch_size: 20, epochs: 1}
factors: {norm: [none, batch]}
seeds: 6
claims:
  - {id: better, says: Norm helps, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""
SMALL = ["dataset=digits", "dataset.train_size=60", "batch_size=20", "model.hidden=[8]", "epochs=1", "seeds=2"]


@pytest.fixture(params=["local", "slurm"])
def cluster(request, monkeypatch):
    if request.param == "slurm":
        for name, value in request.getfixturevalue("slurm").environment.items():
            monkeypatch.setenv(name, value)
    return request.param


def on(cluster, line):
    """Return a line for a cluster: without Slurm, with the page's `cluster: local`; looked at more often."""
    words = shlex.split(line)[1:]
    more = {"poll": "0.5", **({"cluster": "local"} if cluster == "local" else {})}
    if "--launcher" in words:
        place = words.index("--launcher") + 1
        settings = words[place] if words[place].startswith("{") else f"{{kind: {words[place]}}}"
        words[place] = settings[:-1] + "".join(f", {key}: {value}" for key, value in more.items()) + "}"
    elif "hydra/launcher=submitit" in words:
        words += [f"hydra.launcher.{key}={value}" for key, value in more.items()]
    return words


def test_what_is_needed_is_offered_under_the_name_that_is_installed():
    already_installed(INSTALL)


def test_a_study_is_waited_for_left_looked_at_and_taken_in(cluster, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("my_study.yaml").write_text(STUDY, encoding="utf-8")

    def typed(line, *more):
        assert main([*on(cluster, line), *more]) == 0, capsys.readouterr().err
        out, err = capsys.readouterr()
        return out + err

    assert re.search(r"my_study: 12 runs in .*\n(.*\n)*. (Supported|Refuted|Inconclusive)", typed(WAIT))
    assert Path("reports/my_study/report.html").is_file()
    assert re.search(rf"jobs? for 4 runs under way \({cluster}: ", typed(LEAVE, "seeds=8"))
    end = time.monotonic() + 400
    while sum(map(int, re.findall(r"(\d) of \d runs wait", said := typed(STATUS)))) < 4:
        assert time.monotonic() < end, said
        time.sleep(0.5)
    logs = re.findall(r"log: (\S+)", said)
    assert logs
    assert all(Path(log).is_file() for log in logs)
    assert "my_study: 4 runs in" in typed(COLLECT)
    assert "4 runs in" in typed(SWEEP, *SMALL, "hydra.sweeper.report=false")
