"""What is fixed before the runs stays visible: registration, edits, looks, extensions, strict verdicts, noise."""

import csv
import hashlib
import json
import re
import shutil

import pytest

from ablate.cli import main
from ablate.report.registration import registration
from ablate.track.local import LocalStore
from ablate.track.read import read_study
from ablate.words.sentence import sentence_of
from ablate.work.judging import judge_tracked

STUDY = """
title: A small study
fixed: {dataset: digits, dataset.train_size: 100, epochs: 4, model.hidden: [16], batch_size: 20, optimizer.lr: 0.1}
factors: {init.std: [0.3, 0.0001]}
seeds: 6
claims:
  - {id: scale-matters, says: A good scale learns more, metric: final/test_accuracy,
     arm: {init.std: 0.3}, against: {init.std: 0.0001}, by_at_least: 0.01}
forecasts: {ann: {scale-matters: 0.9}}
"""
LOOKS = STUDY.replace("seeds: 6", "seeds: 14\nlooks: [6, 10, 14]")
OPEN = "by_at_least: 0.21"  # near the true effect: open at every look


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "studies").mkdir(exist_ok=True)
        (tmp_path / "studies" / "small.yaml").write_text(text, encoding="utf-8")

    return write


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """The study, run once: tests go on with a copy."""
    root = tmp_path_factory.mktemp("tracked")
    (root / "studies").mkdir()
    (root / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("ABLATE_ROOT", raising=False)
        assert main(["run", "small", "--no-report"]) == 0
    return root


@pytest.fixture
def ran(tracked, tmp_path):
    shutil.copytree(tracked, tmp_path, dirs_exist_ok=True, symlinks=True)


def head(tmp_path):
    return read_study(tmp_path, "small").study


def section(tmp_path):
    judged = judge_tracked("small", None, LocalStore(tmp_path))
    found = registration(judged.study, judged.tables, judged.verdicts, judged.extended)
    assert found is not None
    return "\n".join([*found.notes, found.diff, str(found.forecasts)])


def test_a_study_is_registered_before_its_runs_and_never_again(ablate, ran, write, tmp_path):
    first = head(tmp_path)["registration"]
    assert first["runs_before"] == 0
    assert first["seeds"] == list(range(6))
    assert "by_at_least: 0.01" in first["text"]
    assert hashlib.sha256(first["text"].encode()).hexdigest() == first["sha256"] == head(tmp_path)["registered_sha256"]

    write(STUDY.replace("by_at_least: 0.01", "by_at_least: 0.02"))
    code, _, err = ablate("run", "small", "--no-report")
    assert code == 0
    assert "post hoc for scale-matters" in err
    assert [event["event"] for event in head(tmp_path)["history"]] == ["edit"]
    assert head(tmp_path)["registration"] == first
    for text in (err, section(tmp_path)):
        assert "-  by_at_least: 0.01\n+  by_at_least: 0.02" in text
    (verdict,) = judge_tracked("small", None, LocalStore(tmp_path)).verdicts
    assert sentence_of(verdict).startswith("[post hoc] Supported")


def test_prose_may_be_edited(ablate, ran, write, tmp_path):
    write(STUDY.replace("A small study", "Another title"))
    _, out, err = ablate("run", "small", "--no-report")
    assert "post hoc" not in out + err
    assert "registered before the first judging run and not edited since" in section(tmp_path)
    assert "0.010 over 1" in section(tmp_path)  # Brier score of .9 for what came out supported


def test_a_registration_that_was_tampered_with_shows(ablate, ran, write, tmp_path):
    (path,) = tmp_path.glob("mlruns/artifacts/small/*/artifacts/registration.json")
    path.write_text(
        path.read_text(encoding="utf-8").replace("by_at_least: 0.01", "by_at_least: 0.00"), encoding="utf-8"
    )
    assert not judge_tracked("small", None, LocalStore(tmp_path)).tables.study["preregistration"]["intact"]


@pytest.mark.parametrize("content", ["{}", "[]", "null", '""', "0", '{"x": 1}', '{"time": 1}', "", '{"time": "2026'])
def test_a_registration_that_cannot_be_read_is_no_missing_one(ablate, ran, write, tmp_path, content):
    write(STUDY)
    (path,) = tmp_path.glob("mlruns/artifacts/small/*/artifacts/registration.json")
    path.write_text(content, encoding="utf-8")
    for words in (("report", "small"), ("verdict", "small"), ("run", "small"), ("export", "small", "small.zip")):
        code, out, err = ablate(*words)
        assert code in (1, 2), words
        assert f"{path} cannot be read (" in err, words
        assert "it says what was fixed before the runs" in err
        assert "Nothing was registered" not in out
    assert path.read_text(encoding="utf-8") == content
    assert not (tmp_path / "reports").exists()


def test_a_registration_that_is_gone_is_told_and_made_anew_by_a_run(ablate, ran, write, tmp_path):
    write(STUDY)
    (path,) = tmp_path.glob("mlruns/artifacts/small/*/artifacts/registration.json")
    path.unlink()
    for words in (("report", "small"), ("verdict", "small"), ("export", "small", "small.zip")):
        code, _, err = ablate(*words)
        assert code in (1, 2), words
        assert re.search(r"registered \(SHA-256 [0-9a-f]{12}….*\bgone: ", err), err
    code, _, err = ablate("run", "small", "--no-report")
    assert code == 0, err
    told = judge_tracked("small", None, LocalStore(tmp_path)).tables.study["preregistration"]
    assert told["runs_before"] == 12


def test_looks_stop_the_study_where_every_claim_is_decided(ablate, write, tmp_path):
    write(LOOKS)
    _, out, _ = ablate("plan", "small")
    assert "looks: 6 seeds at 0.0021 (too strict to decide any claim: skipped), 10 seeds at 0.0171" in out
    code, out, _ = ablate("run", "small", "--no-report")
    assert code == 0
    assert "look 2 of 3 (10 seeds of every arm, level 0.0171): 1 of 1 claim decided; stopping" in out
    assert "look 1" not in out
    tables = read_study(tmp_path, "small")
    assert sorted(tables.seeds.loc[tables.seeds["outcome"] != "missing", "seed"].unique()) == list(range(10))
    assert "Stopped early: at look 2 of 3" in section(tmp_path)
    assert (
        len(judge_tracked("small", None, LocalStore(tmp_path)).tables.seeds) == 20
    )  # what was not needed is not missing

    code, out, _ = ablate("run", "small", "--no-report")
    assert "nothing to do: stopped at look 2 of 3" in out
    assert "every claim is decided" in out
    code, _, err = ablate("extend", "small", "--seeds", "3")
    assert code == 2
    assert "its plan still has seeds for later looks" in err


def test_an_open_claim_is_looked_at_again_and_nothing_between(ablate, write, tmp_path):
    write(LOOKS.replace("by_at_least: 0.01", OPEN))
    _, out, _ = ablate("run", "small", "--no-report")
    found = re.findall(r"look (\d) of 3 .*; (going on|stopping)", out)
    assert found == [("2", "going on"), ("3", "stopping")]
    assert [(event["number"], event["stop"]) for event in head(tmp_path)["history"]] == [(2, False), (3, False)]
    (verdict,) = judge_tracked("small", None, LocalStore(tmp_path)).verdicts
    assert verdict.look[:3] == (3, 3, 14)


def test_seeds_that_do_not_fit_the_looks_are_refused(ablate, write):
    write(LOOKS)
    code, _, err = ablate("run", "small", "seeds=12")
    assert code == 2
    assert "the last look must be at the last seed, got looks at 6, 10, 14 and 12 seeds" in err


def test_added_seeds_stand_beside_the_registered_verdict(ablate, ran, write, tmp_path):
    code, _, err = ablate("extend", "small", "--seeds", "3", "--no-report")
    assert code == 0
    assert "3 seeds beyond the 6 that were registered" in err
    judged = judge_tracked("small", None, LocalStore(tmp_path))
    assert [v.seeds for v in judged.verdicts] == [tuple(range(6))]
    assert [v.seeds for v in judged.extended] == [tuple(range(9))]
    assert "from 6 to 9 seeds" in section(tmp_path)
    assert judged.tables.study["command"] == "ablate run small && ablate extend small --seeds 3"
    (event,) = head(tmp_path)["history"]
    assert (event["event"], event["seeds_before"], event["seeds_after"]) == ("extension", 6, 9)


def test_a_report_can_be_checked_from_its_csv(ablate, ran, write, tmp_path):
    code, out, _ = ablate("extend", "small", "--seeds", "2")
    assert "with the seeds added after results were seen" in out
    folder = tmp_path / "reports" / "small"
    assert "### With the added seeds" in (folder / "report.md").read_text(encoding="utf-8")
    code, out, _ = ablate("report", "--csv", str(folder))
    assert code == 0
    assert "equal to" in out
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index("final/test_accuracy")] = "0.99"
    with (folder / "runs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    code, _, err = ablate("report", "--csv", str(folder))
    assert code == 1
    assert "scale-matters: effect" in err


def test_strict_verdicts_fail_unless_every_claim_is_decided(ablate, ran, write):
    code, out, _ = ablate("verdict", "small", "--strict", "--supported")
    assert (code, out.startswith("✓ Supported")) == (0, True)
    _, out, _ = ablate("verdict", "small", "--json")
    assert json.loads(out)["verdicts"][0]["outcome"] == "supported"
    gate = "gates: [{kind: manipulation_check, metric: final/test_accuracy, at_least: 0.99}]"
    write(STUDY.replace("by_at_least: 0.01}", "by_at_least: 0.01,\n     " + gate + "}"))
    ablate("run", "small", "--no-report")
    code, _, err = ablate("verdict", "small", "--strict")
    assert code == 3
    assert "1 of 1 claim is not decided: scale-matters" in err
    write(STUDY.replace("by_at_least: 0.01", "by_at_least: 0.95"))
    ablate("run", "small", "--no-report")
    assert ablate("verdict", "small", "--strict")[0] == 0
    code, _, err = ablate("verdict", "small", "--supported")
    assert code == 1
    assert "1 of 1 claim is refuted: scale-matters" in err


def test_the_noise_floor_comes_from_the_baseline_against_itself(ablate, write, tmp_path):
    write(STUDY)
    code, out, _ = ablate("noise", "small", "--seeds", "4")
    assert code == 0
    tables = read_study(tmp_path, "small-noise")
    assert sorted(tables.seeds["seed"]) == [*range(1_000_000, 1_000_004), *range(2_000_000, 2_000_004)]
    assert re.search(r"scale-matters\s+1 pp\s+[\d.]+ pp\s+(> )?\d+", out)
