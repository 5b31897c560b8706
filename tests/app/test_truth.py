"""A page says of runs what those who made them vouch for; what is not known is not judged."""

import json
import re
from pathlib import Path

import pytest

# What a report of the NumPy core says, and nobody else's may.
CLAIMS_OF_THE_CORE = [
    "initial weights", "order of the minibatches", "everything that is random", "held at two evaluations",
    "ten times its first loss", "No hyperparameter was tuned", "nothing tuned", "blas", "cpu", "threads",
    "at the last step", "budget ended first", "data fingerprint", "other data, networks",
]  # fmt: skip
NEVER = ["mnist5k", "mlp", "0.000 s", "censored"]

FUNCTION = """
import numpy as np


def train(config, seed):
    rng = np.random.default_rng(seed)
    end = 0.8 + 0.01 * rng.standard_normal() + 0.05 * (config["params"]["k"] == "b")
    return {"metrics": {"final/test_accuracy": end}, "curves": {"train/loss": [2.0, 1.0], "test/accuracy": [0.1, end]}}


train.metrics = ["final/test_accuracy"]
"""
STUDY = """
title: Mine
{fixed}
factors: {{{factor}: [{levels}]}}
seeds: 8
claims:
  - {{id: better, says: Better, metric: final/test_accuracy, arm: {{{factor}: {arm}}}, against: {{{factor}: {other}}}}}
  - {{id: reached, says: Reached, kind: proportion, of: runs, arm: {{{factor}: {arm}}}, at_least: 0.8}}
"""
CORE = "fixed: {dataset: digits, dataset.train_size: 100, epochs: 2, model.hidden: [8], batch_size: 50}"
MINE = "fixed: {program: function, program.target: 'mine.py:train'}"


def page_of(tmp_path, name):
    folder = tmp_path / "reports" / name
    html = (folder / "report.html").read_text(encoding="utf-8")
    return (folder / "report.md").read_text(encoding="utf-8"), re.sub(r"(?s)<style>.*?</style>", "", html)


def said(page, phrases):
    return [phrase for phrase in phrases if re.search(rf"(?<![\w/]){re.escape(phrase)}(?!\w)", page)]


def outcomes(tmp_path, name):
    document = json.loads((tmp_path / "reports" / name / "verdicts.json").read_text(encoding="utf-8"))
    return {verdict["claim_id"]: verdict for verdict in document["verdicts"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report of each source, made once."""
    from ablate.cli import main

    place = tmp_path_factory.mktemp("truth")
    core = STUDY.format(fixed=CORE, factor="norm", levels="none, batch", arm="batch", other="none")
    mine = STUDY.format(fixed=MINE, factor="program.params.k", levels="a, b", arm="b", other="a")
    (place / "core.yaml").write_text(core, encoding="utf-8")
    (place / "own.yaml").write_text(mine, encoding="utf-8")
    (place / "file.yaml").write_text(core.replace(CORE, ""), encoding="utf-8")
    (place / "mine.py").write_text(FUNCTION, encoding="utf-8")
    rows = [f"{norm},{seed},0.{8 + (norm == 'batch')}{seed}" for norm in ("none", "batch") for seed in range(8)]
    (place / "results.csv").write_text("\n".join(["norm,seed,final/test_accuracy", *rows]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.delenv("ABLATE_ROOT", raising=False)
        assert main(["run", "core.yaml", "--jobs", "1"]) == 0
        assert main(["run", "own.yaml", "--jobs", "1"]) == 0
        assert main(["import", "file.yaml", "results.csv"]) == 0
    return place


@pytest.mark.parametrize("name", ["own", "file-imported"])
def test_nothing_is_said_of_streams_machine_and_weights_that_nobody_vouches_for(folder, name):
    for page in page_of(folder, name):
        assert said(page, [*CLAIMS_OF_THE_CORE, *NEVER]) == []


def test_all_of_it_is_said_of_the_core(folder):
    for page in page_of(folder, "core"):
        assert said(page, CLAIMS_OF_THE_CORE) == CLAIMS_OF_THE_CORE


def test_an_import_tells_where_it_is_from_and_a_function_how_long_it_took(folder):
    imported, _ = page_of(folder, "file-imported")
    assert "imported from results.csv" in imported
    assert "Only those who made the runs know" in imported
    assert "s / seed" not in imported
    own, _ = page_of(folder, "own")
    assert "training time, all runs" in own
    assert "s / seed" in own


def test_who_had_no_target_and_whose_end_is_not_told_is_not_judged(folder):
    own = outcomes(folder, "own")["reached"]
    assert own["outcome"] == "not_tested"
    assert own["why"] == "8 of 8 runs had no target that they could have reached."
    told = outcomes(folder, "file-imported")["reached"]
    assert (told["outcome"], told["effect"], told["pairs"]) == ("not_tested", None, 0)
    assert told["why"] == "How 8 of 8 runs ended is not known."
    for name in ("own", "file-imported"):
        assert outcomes(folder, name)["better"]["outcome"] == "supported"


def test_a_ledger_shows_the_outcomes_there_are(folder):
    assert "16 planned = 0 diverged + 0 crashed + 16 finished + 0 missing." in page_of(folder, "own")[0]
    assert "16 planned = 16 unknown + 0 missing." in page_of(folder, "file-imported")[0]
    assert "censored" in page_of(folder, "core")[0]


def test_a_target_that_a_study_sets_is_one(ablate, tmp_path):
    text = STUDY.format(fixed=MINE, factor="program.params.k", levels="a, b", arm="b", other="a")
    text = text.replace("mine.py:train'", "mine.py:train', target_accuracy: 0.82")
    text = text.replace("at_least: 0.8}", "at_least: 0.5}").replace("better, says", "better, by_at_least: 0.01, says")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    body = FUNCTION.replace("final/test_accuracy", "final/validation_accuracy")
    (tmp_path / "mine.py").write_text(body, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(
        text.replace("final/test_accuracy", "final/validation_accuracy"), encoding="utf-8"
    )
    code, out, _ = ablate("run", "own.yaml", "--jobs", "1")
    assert code == 0
    assert "7 censored, 9 reached" in out
    assert "✓ Supported: that at least 50 % of the runs of k=b end reached" in out


BIGGER = """
title: T
fixed: {dataset: digits, dataset.train_size: 200, epochs: 1, target_accuracy: 0.9999, model.hidden: [8]}
factors: {batch_size: [20, 100]}
seeds: 6
claims:
  - {id: faster, kind: time_to_target, says: faster, arm: {batch_size: 100}, against: {batch_size: 20}, ratio: 1.25}
"""


def test_bigger_batches_are_not_faster_where_nobody_reached_the_target(ablate, tmp_path):
    (tmp_path / "bs.yaml").write_text(BIGGER, encoding="utf-8")
    code, out, _ = ablate("run", "bs.yaml", "--jobs", "1")
    assert code == 0
    assert "– Not tested" in out
    assert "In 6 of 6 pairs neither side reached the target" in out
    assert "the budget that all sides had (2 steps)" in out


TIMED = """
title: T
factors: {norm: [none, batch]}
claims:
  - {id: c, says: s, kind: time_to_target, ratio: 1.25, arm: {norm: batch}, against: {norm: none}}
"""


def timed_file(tmp_path, none, batch):
    (tmp_path / "b.yaml").write_text(TIMED, encoding="utf-8")
    rows = [f"{norm},{seed},{steps if seed == 0 else ''},{budget}"
            for norm, budget, steps in (("none", none, 90), ("batch", batch, 85)) for seed in range(8)]  # fmt: skip
    Path(tmp_path / "b.csv").write_text("\n".join(["norm,seed,ttt/steps,budget", *rows]), encoding="utf-8")


def test_imported_runs_with_other_budgets_are_held_to_the_common_one(ablate, tmp_path):
    timed_file(tmp_path, 1000, 100)
    code, out, _ = ablate("import", "b.yaml", "b.csv")
    assert code == 0
    assert "– Not tested" in out
    assert "In 7 of 8 pairs neither side reached the target" in out
    assert "(100 steps)" in out
    report, _ = page_of(tmp_path, "b-imported")
    assert "compares arms with different steps: 100, 1000" in report


def test_without_a_budget_nobody_knows_what_a_missed_target_counts_as(ablate, tmp_path):
    timed_file(tmp_path, "", "")
    code, out, _ = ablate("import", "b.yaml", "b.csv")
    assert code == 0
    assert "– Not tested" in out
    assert "14 runs have no number of steps: they did not reach the target within a budget that is not known" in out


def test_more_steps_than_the_budget_are_refused_before_anything_is_tracked(ablate, tmp_path):
    timed_file(tmp_path, 1000, 80)
    code, _, err = ablate("import", "b.yaml", "b.csv")
    assert code == 2
    assert "line 10: 'ttt/steps' is 85, above the budget of 80 steps" in err
    assert not (tmp_path / "mlruns").exists()
