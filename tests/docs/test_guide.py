"""The guide: every command of its blocks is run, in one project folder; the studies it names are small there."""

import json
import re
import shlex
import shutil

import pytest
from pages import ROOT, blocks, lines, readers_training, reduced

from ablate.cli import main

COMMANDS, SWEEPS, TUNED, OWN, HOLDS = (lines(block) for block in blocks(ROOT / "docs" / "guide.md", "bash"))
TINY = {"dataset": "digits", "dataset.train_size": 60, "model.hidden": [8], "batch_size": 20}
ALONE = ["hydra.sweeper.report=false", "hydra.sweeper.n_jobs=1"]
SMALL = ["dataset.train_size=40", "batch_size=20", "model.hidden=[6]", *ALONE]
QUICK = ["-j", "1", "--no-report"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder in which the quickstart was run, as the page begins after the README's two commands."""
    folder = tmp_path_factory.mktemp("project")
    reduced("quickstart", folder, {"fixed": {**TINY, "epochs": 3}, "factors": {"init.std": [0.1, 0.01]}}, claims=1)
    book = {"baseline": {"init.std": 1.0}, "factors": {"init.std": [1.0, 0.1]}, "seeds": 10}
    book |= {"fixed": {**TINY, "steps": 4, "evaluate_every": 1}, "quick": {"factors": {"init.std": [1.0]}}}
    reduced("book-batchnorm-init", folder, book)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("ABLATE_ROOT", raising=False)
        assert main(["run", "quickstart", *QUICK]) == 0
    return folder


@pytest.fixture
def ablate(project, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.chdir(project)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))

    def call(line, *more, expected=0):
        program, *words = shlex.split(line)
        assert program == "ablate"
        cut = words.index("--") if "--" in words else len(words)
        try:
            code = main([*words[:cut], *more, *words[cut:]])
        except SystemExit as ended:  # argparse, after `--help`
            code = ended.code
        out, err = capsys.readouterr()
        assert code == expected, (line, err)
        return out + err

    return call


def test_the_blocks_are_those_that_the_tests_below_run():
    assert [len(block) for block in (COMMANDS, SWEEPS, TUNED, OWN, HOLDS)] == [11, 5, 1, 7, 6]


def test_the_commands_on_shipped_studies_do_what_is_said_of_them(ablate, project):
    *here, browse, shared = COMMANDS
    said = {line: ablate(line, *(QUICK if line.startswith("ablate run") else [])) for line in here}
    assert re.search(r"^quickstart +32 ", said["ablate studies"], flags=re.MULTILINE)
    assert re.search(r"^total +0 +40$", said["ablate plan book-batchnorm-init"], flags=re.MULTILINE)
    assert "book-batchnorm-init-quick: 20 runs" in said["ablate run book-batchnorm-init --quick"]
    assert "book-batchnorm-init: 40 runs" in said["ablate run book-batchnorm-init"]
    assert re.search(r"quickstart: 16 runs in .*32 finished before", said["ablate run quickstart seeds=12"])
    page = (project / "reports" / "quickstart.zh" / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh' in page
    assert {"paper.tex", "methods.tex", "checklist.tex", "verdicts.tex"} <= {
        path.name for path in (project / "reports" / "quickstart-paper").iterdir()
    }
    assert (project / "graphs" / "norm=batch.svg").is_file()
    assert "quickstart: finished; 48 runs" in said["ablate status quickstart"]
    assert browse == "ablate ui"  # tests/track/test_ui.py starts it, and asks for its page
    assert shared.startswith("ablate run quickstart tracking.uri=")  # run by tests/track/server/test_server_page.py


def test_the_sweeps_are_run_reported_and_shown(ablate, project):
    wide, report, nets, config, everything = SWEEPS
    said = ablate(wide, *SMALL, "dataset=digits", "epochs=1", "hydra.sweeper.design=ofat", "seeds=2")
    assert "adhoc: 14 runs in" in said  # one factor at a time: the baseline and each of six other levels
    ablate(report)
    text = (project / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert all(key in text for key in ("activation", "optimizer", "init.std", "norm", "dropout", "augment"))
    assert "adhoc: 8 runs in" in ablate(nets, *SMALL[:2], *ALONE, "seeds=2")
    assert re.search(r"model=mlp .*optimizer=adam .*\n(.*\n)*optimizer:\n  lr:", ablate(config))
    assert "activation" in ablate(everything)


def test_every_arm_of_a_sweep_is_tuned(ablate):
    (line,) = TUNED
    said = ablate(line, *SMALL, "epochs=1", "seeds=2")
    assert re.search(r"tuned by the best mean .* of 3 trials x 2 seeds:\n +baseline: .*\n +activation=sigmoid: ", said)


def test_own_training_and_own_results_are_judged(ablate, project):
    shutil.copytree(ROOT / "examples", project / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "my_study.yaml").write_text(
        "title: Norm\nfactors: {norm: [none, batch]}\nmetrics: {acc: higher}\nseeds: 8\nclaims:\n"
        "  - {id: a, says: Norm helps, metric: acc, arm: {norm: batch}, against: {norm: none}, by_at_least: 0.001}\n"
    )
    for name, norms in (("results", "none batch"), ("runs", "none batch"), ("base", "none"), ("new", "batch")):
        rows = [f"{norm},{seed},{0.9 + 0.02 * (norm == 'batch') + 0.001 * (seed % 5)}"
                for norm in norms.split() for seed in range(8)]  # fmt: skip
        (project / f"{name}.csv").write_text("norm,seed,acc\n" + "\n".join(rows) + "\n")
    said = []
    for line in OWN:
        (project / "train.py").write_text(readers_training(line), encoding="utf-8")
        own = ["--metric", "acc:higher", "--no-report"] if re.search(r" (compare|judge) ", line) else []
        few = [f"seeds={6 if '.yaml' in line else 2}", *QUICK] if " run " in line else []
        said.append(ablate(line, *own, *few))
    function, script, application, example, table, compared, judged = said
    assert all("adhoc: 4 runs in" in text for text in (function, script, application))
    assert "own_training: 18 runs in" in example
    assert "Supported" in table
    assert "not worse" in compared.lower()
    assert "norm" in judged


def test_what_makes_a_verdict_hold_is_run(ablate, tmp_path, monkeypatch):
    from ablate.judge import calibration

    some = [part for part in calibration.parts() if part.name in ("label-swap", "block-order", "failures")]
    monkeypatch.setattr(calibration, "parts", lambda: some)  # three of the checks: all take minutes
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # where finished checks are kept
    noise, run, extend, verdict, report, calibrate = HOLDS
    assert "δ" in ablate(noise)
    ablate(run, "-j", "1")
    ablate(report)
    ablate(extend, *QUICK)
    held = json.loads(ablate(verdict.replace("--strict", "--json")))
    assert held["extended"]
    decided = all(one["outcome"] in ("supported", "refuted") for one in held["verdicts"])
    ablate(verdict, expected=0 if decided else 3)
    assert ablate(calibrate).count("✓") == len(some)
