"""`looks: anytime` from a study file to a report: batches, arms that are dropped, a kill, a resume, an extension."""

import json
import re

import pytest

from ablate.track.local import LocalStore
from ablate.track.read import read_study
from ablate.words.document import document_of
from ablate.work.judging import judge_tracked

STUDY = """
title: A small study
fixed: {dataset: digits, dataset.train_size: 100, epochs: 4, model.hidden: [16], batch_size: 20, optimizer.lr: 0.1}
factors: {init.std: [0.3, 0.0001, 0.29]}
seeds: 14
looks: anytime
claims:
  - {id: scale-matters, says: A good scale learns more, metric: final/test_accuracy,
     arm: {init.std: 0.3}, against: {init.std: 0.0001}, by_at_least: 0.01}
  - {id: near, says: A little less is worse, metric: final/test_accuracy,
     arm: {init.std: 0.3}, against: {init.std: 0.29}}
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "studies").mkdir(exist_ok=True)
        (tmp_path / "studies" / "small.yaml").write_text(text, encoding="utf-8")

    write(STUDY)
    return write


def verdicts(root):
    return [document_of(v) for v in judge_tracked("small", None, LocalStore(root)).verdicts]


def ran(root):
    seeds = read_study(root, "small").seeds
    return seeds[seeds["outcome"] != "missing"].groupby("init.std")["seed"].count().to_dict()


def test_each_claim_stops_each_arm_is_dropped_and_the_report_says_so(ablate, write, tmp_path):
    _, out, _ = ablate("plan", "small")
    assert "looks: at any time, after the first 10 seeds, then after every 2" in out
    assert "at least 30 runs (every claim decided at the first look), at most 42" in out
    code, out, _ = ablate("run", "small")
    assert code == 0
    found = re.findall(r"look (\d) of 3 .*: (\d) of 2 claims decided; (.*)", out)
    assert found == [("1", "1", "going on with 2 of 3 arms"), ("2", "1", "going on with 2 of 3 arms"),
                     ("3", "1", "stopping")]  # fmt: skip
    assert ran(tmp_path) == {0.0001: 10, 0.29: 14, 0.3: 14}
    page = (tmp_path / "reports" / "small" / "report.md").read_text(encoding="utf-8")
    assert "Decided after 10 of at most 14 seeds: no more were run for it." in page
    assert "What was needed, of at most 14: 10 seeds for 1 claim and 14 seeds for 1 claim." in page
    assert len(judge_tracked("small", None, LocalStore(tmp_path)).tables.seeds) == 38
    code, out, _ = ablate("report", "--csv", "reports/small")
    assert code == 0
    _, out, _ = ablate("plan", "small")
    assert "after 14 seeds 1 of 2 claims are decided; it ends there" in out
    assert "nothing to do: every run that a claim needs is finished" in out
    _, out, _ = ablate("run", "small", "--no-report")
    assert "nothing to do: stopped after 14 seeds, the most that are planned: 1 of 2 claims are decided" in out


def test_a_study_that_was_killed_and_extended_has_the_verdicts_of_one_that_was_not(
    ablate, write, tmp_path, monkeypatch
):
    from ablate.work import looking

    trained, real = [], looking.train_missing

    def killed(*args, **kwargs):
        if len(trained) == 1:
            raise KeyboardInterrupt
        trained.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(looking, "train_missing", killed)
    ablate("run", "small", "--no-report")
    assert ran(tmp_path) == {0.0001: 10, 0.29: 10, 0.3: 10}
    monkeypatch.setattr(looking, "train_missing", real)
    assert ablate("run", "small", "--no-report")[0] == 0
    code, _, err = ablate("extend", "small", "--seeds", "3")
    assert code == 2
    assert "`--seeds` must be a multiple of 2" in err
    assert ablate("extend", "small", "--seeds", "4", "--no-report")[0] == 0
    stopped = verdicts(tmp_path)
    assert ran(tmp_path) == {0.0001: 10, 0.29: 18, 0.3: 18}
    assert judge_tracked("small", None, LocalStore(tmp_path)).extended == []

    write(STUDY.replace("seeds: 14", "seeds: 18").replace("title: A small", "title: A larger"))
    (tmp_path / "studies" / "small.yaml").rename(tmp_path / "studies" / "whole.yaml")
    assert ablate("run", "whole", "--no-report")[0] == 0
    whole = [document_of(v) for v in judge_tracked("whole", None, LocalStore(tmp_path)).verdicts]
    assert json.dumps(stopped) == json.dumps(whole)


def test_nothing_is_added_to_a_study_whose_claims_are_decided(ablate, write):
    lines = STUDY.splitlines()
    write("\n".join(lines[:-2]).replace("0.0001, 0.29", "0.0001") + "\n")
    code, out, _ = ablate("run", "small", "--no-report")
    assert code == 0
    assert "look 1 of 3 (10 seeds): 1 of 1 claim decided; stopping" in out
    code, _, err = ablate("extend", "small", "--seeds", "2")
    assert code == 2
    assert "every claim of small is decided after 10 seeds; more would change none of them" in err


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ("looks: anytme", "`looks` must be rising counts of seeds, `anytime`, or {first: a number >= 10"),
        ("looks: {first: 12, every: 5}", "the nearest is 12 or 17"),
    ],
)
def test_wrong_looks_are_one_clear_line(ablate, write, looks, told):
    write(STUDY.replace("looks: anytime", looks))
    code, _, err = ablate("run", "small")
    assert code == 2
    assert told in err
    assert len(err.strip().splitlines()) == 1
