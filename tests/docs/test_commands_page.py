"""The page of commands: every line of its blocks is run, on a small study that has the name the page uses."""

import re
import shlex
from pathlib import Path

import pytest

from ablate.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
SMALL = ["dataset=digits", "dataset.train_size=100", "model.hidden=[16]", "epochs=1", "hydra.sweeper.report=false"]
STUDY = """
title: What helps a small net
fixed: {dataset: digits, dataset.train_size: 100, model.hidden: [16], epochs: 1, batch_size: 20}
factors: {norm: [none, batch]}
seeds: 4
"""
TRAIN = "import random\n\n\ndef train(lr=0.1, seed=0):\n    return 0.9 + lr * random.Random(seed).random()\n"
RATES = "ablate --name rates -m optimizer.lr=0.01,0.1,1.0 seeds=8"
BEFORE = {  # what has to be there, where the lines above it on the page do not make it
    "ablate studies": [["run", "quickstart", "--no-report"], [*shlex.split(RATES)[1:], *SMALL]],
    "ablate rename adhoc rates": [["rm", "rates", "--yes"], ["-m", "norm=none,batch", "seeds=2", *SMALL]],
}


def lines():
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    return [shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "quickstart.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path


def test_every_command_of_the_page_works_in_its_order(folder, capsys):
    def call(words):
        code = main(words)
        said = capsys.readouterr()
        assert code == 0, (words, said.err)
        return said.out

    run_id, tried = None, lines()
    assert len(tried) > 20
    for line in tried:
        for words in BEFORE.get(line, ()):
            call(words)
        words = shlex.split(line)[1:]
        if words[:2] == ["show", "3f2a9c"]:
            words[1] = run_id[:6]
        elif words[:1] == ["rm"] and "--restore" not in words:
            words.append("--yes")  # the terminal is asked otherwise
        elif "-m" in words:
            words += SMALL
        said = call(words)
        if words[:2] == ["show", "quickstart"]:
            run_id = re.search(r"\b[0-9a-f]{32}\b", said)[0]
