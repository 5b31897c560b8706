"""`ablate.judge_runs(frame)`: verdicts on a table, without a study."""

import numpy as np
import pandas as pd
import pytest

import ablate


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
