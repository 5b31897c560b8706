"""`--quick` from the command line: its own name, its own runs, its own mark."""

import json

STUDY = """
title: A small study
fixed: {dataset: digits, dataset.train_size: 100, epochs: 4, model.hidden: [16], batch_size: 20, optimizer.lr: 0.1}
factors: {init.std: [0.3, 0.01, 0.0001]}
seeds: 8
quick: {seeds: 6, fixed: {epochs: 3}, factors: {init.std: [0.3, 0.0001]}}
claims:
  - {id: scale-matters, says: A good scale learns more, metric: final/test_accuracy,
     arm: {init.std: 0.3}, against: {init.std: 0.0001}, by_at_least: 0.01}
"""


def test_a_quick_run_is_tracked_apart_and_says_that_it_is_quick(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    code, out, _ = ablate("plan", "small", "--quick")
    assert code == 0
    assert "small-quick" in out
    assert "2 arms x 6 seeds = 12 runs" in out

    assert ablate("run", "small", "--quick", "--no-report")[0] == 0
    assert ablate("report", "small", "--quick")[0] == 0
    folder = tmp_path / "reports" / "small-quick"
    document = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert document["study"]["name"] == "small-quick"
    assert document["study"]["definition"]["budget"] == "quick"
    assert document["study"]["command"] == "ablate run small --quick"
    for page in ("report.html", "report.md"):
        text = (folder / page).read_text(encoding="utf-8")
        assert "quick budget" in text
        assert "not the verdict of record" in text

    code, out, _ = ablate("plan", "small")
    assert "3 arms x 8 seeds = 24 runs" in out
    assert "nothing to do" not in out


def test_a_study_without_a_quick_budget_is_one_clear_error(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    plain = STUDY.replace("quick:", "# quick:")
    (tmp_path / "studies" / "small.yaml").write_text(plain, encoding="utf-8")
    code, _, err = ablate("run", "small", "--quick")
    assert code == 2
    assert "no `quick` budget" in err
