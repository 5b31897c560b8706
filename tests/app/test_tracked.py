"""A study is named by its name or by the path to its file, in every command that takes one."""

import json

import pytest

TRAIN = """
def train(config, seed):
    return {"m": seed + 10.0 * (config["params"]["x"] == [1])}


train.metrics = {"m": "higher"}
"""
STUDY = """
title: t
fixed: {program: function, program.target: 'own.py:train'}
factors: {program.params.x: [[1], '[2]']}
seeds: 6
claims:
  - {id: c, says: s, metric: m, arm: {program.params.x: [1]}, against: {program.params.x: '[2]'}, by_at_least: 1.0}
quick: {seeds: 6}
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "own.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "my").mkdir()
    path = tmp_path / "my" / "it's ${x}.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_report_and_verdict_take_the_path_that_run_took(ablate, study):
    name = "my/it's ${x}.yaml"
    code, out, err = ablate("run", name, "--jobs", "1", "--no-report")
    assert code == 0, err
    code, out, err = ablate("verdict", name, "--json")
    assert (code, err) == (0, "")
    (verdict,) = json.loads(out)["verdicts"]
    assert (verdict["arm_text"], verdict["against_text"]) == ("program.params.x=[1]", 'program.params.x="[2]"')
    assert verdict["outcome"] == "supported"
    code, out, err = ablate("status", name)
    assert (code, err) == (0, "")
    assert "finished; 12 runs" in out
    assert ablate("export", name, "kept.zip")[0] == 0
    code, out, err = ablate("diff", name, "baseline", 'x="[2]"')
    assert (code, "x" in out) == (0, True), err
    code, out, err = ablate("report", name)
    assert code == 0
    assert ("report:" in out, "differs" in err) == (True, False)
    code, out, err = ablate("run", name, "--no-report")  # nothing reads as an edit of what was registered
    assert (code, "nothing to do" in out, "post hoc" in err) == (0, True, False)
    study.write_text(STUDY.replace("by_at_least: 1.0", "by_at_least: 2.0"), encoding="utf-8")
    code, out, err = ablate("verdict", name)
    assert code == 0
    assert "differs from what was run last under its name in: claims; judged as it was run" in err
    study.write_text(STUDY.replace("program.params.x", "program.params.y"), encoding="utf-8")
    code, _, err = ablate("verdict", name)
    assert code == 2
    assert "is another study: its factors are program.params.x, the file's program.params.y" in err


def test_commands_about_runs_take_the_path_too(ablate, study):
    name = "my/it's ${x}.yaml"
    assert ablate("run", name, "--jobs", "1", "--no-report")[0] == 0
    code, out, err = ablate("show", name, "baseline", "1")
    assert (code, "seed 1" in out) == (0, True), err
    code, out, err = ablate("rerun", name, "baseline", "1")
    assert (code, "matched to the bit" in out) == (0, True), err
    code, out, err = ablate("rerun", "--crashed", name)
    assert (code, "no run crashed" in out) == (0, True), err
    code, out, err = ablate("collect", name)
    assert (code, "no submitted job waits" in out) == (0, True), err
    for command in ("show", "rerun"):
        code, _, err = ablate(command, name)
        assert (code, err.count("\n")) == (2, 1)
        assert "is a study: expected a run of it, as in" in err
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("program.params.x", "program.params.y"), encoding="utf-8")
    for words in (("rm", name, "--yes"), ("rename", name, "other"), ("show", name, "baseline", "1")):
        code, _, err = ablate(*words)
        assert code == 2
        assert "is another study: its factors are program.params.x" in err
    study.write_text(text.replace("by_at_least: 1.0", "by_at_least: 2.0"), encoding="utf-8")
    code, out, err = ablate("rm", name, "--yes")
    assert (code, "12 runs put into MLflow's trash" in out) == (0, True), err
    assert "differs from what was run last under its name in: claims; what was run is meant" in err
    assert ablate("rm", "--restore", name)[0] == 0
    code, out, err = ablate("rename", name, "other")
    assert (code, "other: 12 runs brought in" in out) == (0, True), err


@pytest.mark.parametrize("command", ["report", "verdict", "status", "rm", "collect"])
def test_a_path_to_nothing_is_one_clear_line(ablate, study, command):
    code, _, err = ablate(command, "my/not.yaml")
    assert code == 2
    assert err.startswith("ablate: no study file 'my/not.yaml'")
    assert err.count("\n") == 1


def test_a_file_that_was_not_run_says_how_to_run_it(ablate, study):
    code, _, err = ablate("run", "my/it's ${x}.yaml", "--quick", "--jobs", "1", "--no-report")
    assert code == 0, err
    code, _, err = ablate("verdict", "my/it's ${x}.yaml")
    assert code == 2
    assert "nothing was run under its name" in err
    assert """run it first: ablate run 'my/it'"'"'s ${x}.yaml'""" in err
    code, _, err = ablate("verdict", "my/it's ${x}.yaml", "--quick")
    assert (code, err) == (0, "")


def test_a_study_file_that_cannot_be_read_does_not_keep_the_others_from_being_listed(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "broken.yaml").write_text("title: [", encoding="utf-8")
    code, out, err = ablate("studies")
    assert (code, err) == (0, "")
    assert "(cannot be read: " in out
    assert "quickstart" in out
