"""The page on Hydra applications: its files are written, and its commands in `bash` are run in their order."""

import re
import shlex
from pathlib import Path

from ablate.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "hydra.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_a_newcomer_can_follow_the_page(tmp_path, monkeypatch, capsys):
    for block in [*blocks("python"), *blocks("yaml")]:
        path = tmp_path / re.match(r"# (\S+)\n", block)[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    said, jobs = {}, {}
    for line in [line for block in blocks("bash") for line in block.splitlines()]:
        words = shlex.split(line)
        assert words[0] == "ablate"
        quick = ["-j", "1", "--no-report"] if words[1] in ("run", "extend") else []
        assert main([*words[1:], *quick]) == 0, capsys.readouterr().err
        said[words[1]] = capsys.readouterr().out
        jobs[line] = len(list(tmp_path.glob("multirun/*/*/*/.hydra/overrides.yaml")))
    assert said["verdict"].startswith("✗ Refuted (smaller than δ): optimizer=momentum does not lower distance by more")
    assert list(jobs.values())[:5] == [0, 16, 32, 32, 40]  # plan, run, run, verdict, extend
