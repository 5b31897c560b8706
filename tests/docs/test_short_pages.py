"""Pages with a few commands: each of their blocks in `bash` and `python` is run, and errors they quote are printed."""

import re
import shlex
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.cli import main
from ablate.sweep.sentences import read_sentences
from ablate.sweep.study_file import load_study, parse_study, quick_study
from ablate.sweep.yaml_reader import read_yaml

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands(page):
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    return tmp_path


def test_commands_on_tables_work_on_a_table(folder, capsys):
    for name, gain in (("baseline.csv", 0.0), ("runs.csv", 0.01)):
        rows = [f"{norm},{seed},{0.9 + gain + 0.001 * (seed % 5)}" for norm in ("none", "batch") for seed in range(8)]
        (folder / name).write_text("norm,seed,test_acc\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = commands("judge.md")
    assert [words[1] for words in found] == ["judge", "compare"]
    for words in found:
        assert main([*words[1:], "--no-report"]) == 0, capsys.readouterr().err


def test_commands_on_own_pictures_and_arrays_work(folder, capsys):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8)).astype(np.uint8)
    np.savez(folder / "data.npz", images=images, labels=np.arange(40) % 2)
    for place, image in enumerate(images):
        path = folder / "pictures" / "ab"[place % 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    found = commands("data.md")[2:]  # the first two: tests/data/test_keel.py
    assert [words[1] for words in found] == ["dataset=folder", "dataset=npz"]
    for words in found:
        assert main([*words[1:], "model.hidden=[4]", "epochs=1", "batch_size=10"]) == 0, capsys.readouterr().err


def test_the_example_of_the_reference_gives_what_it_says():
    (block,) = blocks("reference/stats.md", "python")
    *code, last = block.strip().splitlines()
    names = {}
    exec("\n".join(code), names)
    expression, _, said = last.partition("  # ")
    assert eval(expression, names) == eval(said)


def test_the_parts_of_a_study_that_findings_show_are_read(tmp_path):
    quick, quotes, sentences = blocks("findings.md", "yaml")
    claims = [{"id": name, "says": name, "metric": "final/test_accuracy", "arm": {"norm": "batch"},
               "against": {"norm": "none"}, "by_at_least": 0.005} for name in ("slow-one", "no-benefit")]  # fmt: skip
    claims.append({**claims[0], "id": "in-most-cells", "kind": "proportion", "of": "cells", "at_least": 3})
    base = {"title": "A", "factors": {"norm": ["none", "batch"], "init.std": [0.01, 0.1, 1.0]}, "claims": claims}
    study = parse_study({**base, **read_yaml(quick), **read_yaml(quotes)}, where="findings.md")
    small = quick_study(study, where="findings.md")
    assert ([claim.id for claim in small.claims], small.seeds) == (["no-benefit", "in-most-cells"], 8)
    assert small.claims[1].at_least == 2
    assert study.quotes[0].claims == ["no-benefit"]
    path = tmp_path / "sentences.yaml"
    path.write_text(sentences, encoding="utf-8")
    (sentence,) = read_sentences(path)
    assert sentence.studies == ["batchnorm-rescue"]
    shipped = DOCS.parent / "studies"
    for study, claim in re.findall(r"claim: \"?([\w-]+)/([\w-]+)", sentences):
        assert claim in [one.id for one in load_study(str(shipped / f"{study}.yaml")).claims]


def test_a_file_in_the_way_is_told_as_the_page_shows(folder, capsys):
    (folder / "runs.csv").write_text("norm,seed,accuracy\n" + "".join(
        f"{norm},{seed},{0.9 + 0.001 * seed}\n" for norm in ("none", "batch") for seed in range(6)))  # fmt: skip
    (folder / "out").mkdir()
    (folder / "out" / "report.md").write_text("mine", encoding="utf-8")
    assert main(["judge", "runs.csv", "--out", "out"]) == 2
    (shown,) = blocks("files.md", "text")
    assert capsys.readouterr().err.strip().splitlines()[-1] == " ".join(shown.split())


def test_a_server_that_is_away_is_told_as_the_page_shows(folder, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (setting,) = blocks("server.md", "yaml")
    (folder / "conf").mkdir()
    (folder / "conf" / "tracking.yaml").write_text(
        setting.replace("mlflow.example.org:5000", f"127.0.0.1:{port}"), encoding="utf-8"
    )
    assert main(["studies"]) == 1
    (shown,) = blocks("server.md", "text")
    first, _, _ = " ".join(shown.split()).partition(";")
    assert capsys.readouterr().err.strip() == first.replace("mlflow.example.org:5000", f"127.0.0.1:{port}")
