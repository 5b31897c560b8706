"""`ablate.judge_runs(frame)`: verdicts on a table, without a study."""

import numpy as np
import pandas as pd
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.frames import frame_table
from ablate.words.reasons import said


def frame(n=8):
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        [
            {"bn": bn, "lr": lr, "seed": seed, "score": 10 + bn + rng.normal() / 5}
            for bn in (False, True)
            for lr in (0.1, 0.01)
            for seed in range(n)
        ]
    )


def test_a_table_is_judged_by_what_is_found_in_it(tmp_path):
    found = ablate.judge_runs(frame(), metric={"score": "higher"}, by_at_least=0.1, baseline={"bn": False})
    assert [v.claim_id for v in found.verdicts] == ["bn-true", "lr-0-01"]
    assert found.verdicts["bn-true"].outcome == "supported"
    assert list(found.frame["claim_id"]) == ["bn-true", "lr-0-01"]
    assert found.done.loc[found.done["what"] == "runs used", "rows"].item() == 32
    assert set(found.columns["taken as"]) == {"factor", "seed", "metric"}
    assert (found.report(tmp_path / "out") / "report.html").exists()
    found.save(tmp_path / "mine.yaml")
    again = ablate.judge_results(
        ablate.Study.from_file(tmp_path / "mine.yaml"), tmp_path / "mine.runs.csv", store=ablate.MemoryStore()
    )
    assert [v.effect for v in again.verdicts] == [v.effect for v in found.verdicts]


def test_what_is_not_a_table_is_refused_in_one_line():
    with pytest.raises(ablate.UserError, match="must be a table of pandas or polars"):
        ablate.judge_runs(3)
    with pytest.raises(ablate.UserError, match="--metric score:higher"):
        ablate.judge_runs(frame())


def test_a_direction_is_said_as_the_error_says_it():
    rows = [
        {"bn": bn, "seed": s, "zeal": 0.1 * bn + s / 100 + s % 3 * bn / 500} for bn in (False, True) for s in range(8)
    ]
    table, arm, against = pd.DataFrame(rows), {"bn": True}, {"bn": False}
    with pytest.raises(ablate.UserError, match="--metric zeal:higher"):
        ablate.judge_runs(table, metric="zeal")
    judged = [
        ablate.judge_runs(table, metric=said, by_at_least=0.05).verdicts[0]
        for said in ("zeal:higher", ["zeal:higher"], {"zeal": "higher"})
    ]
    assert [v.outcome for v in judged] == ["supported"] * 3
    outcomes = [
        ablate.compare(table, metric=f"zeal:{better}", arm=arm, against=against, delta=0.05).verdicts[0].outcome
        for better in ("higher", "lower")
    ]
    assert outcomes == ["supported", "refuted"]


def test_arms_that_share_no_seeds_miss_no_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"lr": 0.1, "seed": seed, "acc": 0.7 + seed % 7 / 1000} for seed in range(8)]
    rows += [{"lr": 0.2, "seed": seed, "acc": 0.8 + seed % 5 / 1000} for seed in range(100, 112)]
    found = ablate.judge_runs(pd.DataFrame(rows), factors=["lr"], unpaired=True)
    found.save(tmp_path / "s.yaml")
    assert "missing" not in (tmp_path / "s.runs.csv").read_text()
    found.report(tmp_path / "report")
    page = (tmp_path / "report" / "report.md").read_text()
    assert "20 planned = 20 unknown + 0 missing" in page


@pytest.mark.parametrize("names", [["lr", "acc", "acc"], ["lr", "acc", " acc"], ["1", "acc", 1]])
def test_a_column_that_is_there_twice_is_an_error_and_not_one_of_the_two(names):
    cells = [[0.1, {"a": 1}, 0.9], [0.2, {"a": 2}, 0.8]]
    with pytest.raises(UserError, match=r"the table: the column '(acc|1)' is there twice; rename one, or leave it out"):
        frame_table(pd.DataFrame(cells, columns=names))


def test_names_that_are_no_texts_are_read_and_two_levels_of_names_are_an_error():
    table = frame_table(pd.DataFrame([[0.1, {"a": 1}]], columns=["lr", 1]))
    assert table.head == ("lr", "1")
    columns = pd.MultiIndex.from_tuples([("acc", "mean"), ("acc", "std")])
    with pytest.raises(UserError, match="its columns have 2 levels of names, expected one"):
        frame_table(pd.DataFrame([[0.9, 0.1]], columns=columns))


def test_sparse_columns_are_read():
    frame = pd.DataFrame({"norm": ["none", "batch"], "acc": pd.arrays.SparseArray([0.5, 0.75])})
    assert [line.cells for line in frame_table(frame).lines] == [("none", "0.5"), ("batch", "0.75")]


def with_an_unfinished_run(*more):
    """Three rates by two norms over eight seeds; one run did not finish; the effect is ten times the noise."""
    rows = [
        {"norm": norm, "lr": lr, "seed": seed, "state": "finished", "test_acc": 0.8 + i / 50 + j / 100 + seed % 5 / 999}
        for i, norm in enumerate(("none", "batch")) for j, lr in enumerate((0.1, 0.2, 0.3)) for seed in range(8)
    ]  # fmt: skip
    rows[3] |= {"state": "killed", "test_acc": None}
    return pd.DataFrame([*rows, *more])


def test_a_seed_that_one_arm_has_plans_nothing_for_the_others(tmp_path):
    extra = {"norm": "batch", "lr": 0.1, "seed": 8, "state": "finished", "test_acc": 0.82}
    asked = {"baseline": {"norm": "none", "lr": "0.1"}}
    alone, found = (ablate.judge_runs(with_an_unfinished_run(*more), **asked) for more in ((), (extra,)))

    def numbers(judged):
        return [(v.outcome, v.effect, v.interval_low, v.interval_high, v.pairs, v.planned_pairs, v.details.get("lost"))
                for v in judged.verdicts]  # fmt: skip

    assert numbers(found) == numbers(alone)
    assert [(v.pairs, v.planned_pairs) for v in found.verdicts] == [(7, 8), (7, 8), (7, 8)]
    assert said(found.verdicts[0].advice) == "1 of 8 planned pairs are missing: run the rest."
    found.report(tmp_path / "report")
    assert "48 of 49 planned runs" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    found.save(tmp_path / "s.yaml")
    study = ablate.Study.from_file(tmp_path / "s.yaml")
    again = ablate.judge_results(study, tmp_path / "s.runs.csv", store=ablate.MemoryStore())
    assert numbers(again) == numbers(found)
    judged = ablate.judge_runs(pd.read_csv(tmp_path / "s.runs.csv"), **asked)
    assert numbers(judged) == numbers(found)


def test_a_run_that_did_not_finish_with_a_seed_of_no_pair_says_nothing():
    extra = {"norm": "batch", "lr": 0.1, "seed": 8, "state": "killed", "test_acc": None}
    rows = with_an_unfinished_run(extra).drop(index=3)
    found = ablate.judge_runs(rows, baseline={"norm": "none", "lr": "0.1"})
    assert all("lost" not in v.details for v in found.verdicts)


@pytest.mark.parametrize(("metric", "named"), [("test_acc", "majority_rate"), ("test_loss", "failed_counts_as")])
def test_of_a_run_that_failed_it_is_said_what_helps(metric, named):
    rows = with_an_unfinished_run().rename(columns={"test_acc": metric})
    rows.loc[3, "state"] = "failed"
    found = ablate.judge_runs(rows, baseline={"norm": "none", "lr": "0.1"})
    assert "failed: they are not left out" in list(found.done["what"])
    assert found.verdicts[0].outcome == "not_tested"
    assert named in found.verdicts[0].next_step
    assert "--lost WORD" in found.verdicts[0].next_step
    given = ablate.judge_runs(rows.assign(majority_rate=0.1), baseline={"norm": "none", "lr": "0.1"})
    assert (given.verdicts[0].outcome == "not_tested") == (metric == "test_loss")
