from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from ablate.judge import calibrated_collapses
from ablate.judge.anytime_calibration import any_time
from ablate.judge.calibrated_edits import edit_part, kept
from ablate.judge.calibrated_means import ALSO, mean_parts
from ablate.judge.calibration import calibrate, named_trials, parts
from ablate.judge.trials import Trial, TrialPart, run_trials
from ablate.stats import mean
from ablate.work.edits import Ledger


def rows_of(trials, studies, *, seed=7, jobs=1):
    return {trial.name: rows for trial, rows in run_trials(trials, studies, seed=seed, jobs=jobs)}


def test_a_small_calibration_says_of_every_check_what_it_found(monkeypatch):
    """Of two to four studies a rate says nothing; what cannot be otherwise by chance is met."""
    monkeypatch.setattr("ablate.judge.trials.FEWEST", 2)
    seen = []
    result = calibrate(4, seed=7, progress=lambda done, total: seen.append((done, total)))
    assert [check.name for check in result.checks] == [
        "false-positives", "coverage", "confusion", "looks", "any-time", "any-time-seeds", "label-swap", "block-order",
        "failures", "limits", "kinds", "collapses", "tuning", "data-sets", "edits", "joint", "items", "oracles",
    ]  # fmt: skip
    checks = {check.name: check for check in result.checks}
    assert all(checks[name].passed for name in ("any-time", "label-swap", "block-order", "failures", "oracles"))
    assert {row[ALSO] for check in result.checks for row in check.rows if ALSO in row} == {"1 of 1"}
    assert {row["row"] for check in result.checks for row in check.rows} == {t.name for p in parts() for t in p.trials}
    assert seen[-1][0] == seen[-1][1]
    data = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert data["checks"][2]["rows"][3]["planted"] == "2 δ"


def test_a_calibration_can_fail(monkeypatch):
    monkeypatch.setattr("ablate.judge.calibrated_means.mean_p", lambda d, *, null=0.0: mean.mean_p(d, null=null) / 8)
    monkeypatch.setattr("ablate.claims.estimate.mean_p", lambda d, *, null=0.0: mean.mean_p(d, null=null) / 8)
    (row,) = rows_of(mean_parts()[0].trials[:1], 60)["false-positives-1"]
    assert row[ALSO] == "3 of 3"
    assert not row["met"]


def test_a_row_is_not_met_where_judge_says_otherwise(monkeypatch):
    monkeypatch.setattr("ablate.claims.estimate.mean_p", lambda d, *, null=0.0: 0.0)
    (row,) = rows_of(mean_parts()[0].trials[:1], 50)["false-positives-1"]
    assert row["rate"] <= row["limit"]
    assert not row["met"]


def test_what_a_row_finds_does_not_depend_on_processes_or_on_other_rows():
    every = {trial.name: trial for part in parts() for trial in part.trials}
    names = ("limits-1-6", "looks-1", "items-6-0")
    alone = rows_of([every[names[1]]], 30)
    together = rows_of([every[name] for name in names], 30, jobs=2)
    assert together[names[1]] == alone[names[1]]
    assert list(together) == list(names)


def test_rows_are_named_once_and_asked_for_by_their_own_name_or_their_checks():
    names = [trial.name for part in parts() for trial in part.trials]
    assert len(set(names)) == len(names)
    assert named_trials(["limits-0-6", "items"])[:2] == ["limits-0-6", "items-6-0"]


def test_rows_that_are_kept_are_not_run_again():
    ran = []

    def simulate(rng, studies):
        ran.append(studies)
        return {"x": rng.normal(size=studies)}

    both = tuple(Trial(name, simulate, lambda found: [{"n": len(found["x"])}]) for name in ("one", "other"))
    told = {}
    result = calibrate(60, kept={"one": [{"n": 1}]}, keep=told.__setitem__, only=[TrialPart("p", "P", both)])
    assert result.checks[0].rows == ({"n": 1, "row": "one"}, {"n": 60, "row": "other"})
    assert ran == [25, 25, 10]
    assert told == {"other": [{"n": 60}]}


def test_looks_at_any_time_take_fewer_seeds_where_one_look_is_sure():
    (trial,) = [t for t in any_time(delta=0.005, sd=0.005)[1].trials if t.name == "any-time-seeds-0-2.5"]
    (plain,) = rows_of([trial], 60)[trial.name]
    assert plain["met"]
    assert plain["median seeds there"] < 14 < plain["their median seeds"]


@pytest.mark.minutes
@pytest.mark.timeout(3600)
def test_the_calibration_over_two_thousand_studies_is_met():
    assert calibrate(2000).passed


def test_where_runs_collapse_verdicts_are_right_about_the_runs_that_they_speak_of(monkeypatch):
    monkeypatch.setattr(calibrated_collapses, "SETTINGS", (("all", "on", 0.2), ("trained", "on", 0.1)))
    monkeypatch.setattr(calibrated_collapses, "PAIRS", (6, 20))
    part = calibrated_collapses.collapse_part(delta=0.005, sd=0.005)
    rows = [row for found in rows_of(part.trials, 100, seed=3).values() for row in found]
    assert [row["studies"] for row in rows] == [25] * 4
    assert all(row["met"] for row in rows)
    # With 6 seeds a quarter of the studies see no collapse: read as a verdict on all runs each of them is wrong.
    assert rows[0]["rate"] < 0.05 < rows[0]["read as all runs"]
    assert "read as all runs" not in rows[2]


def test_a_mean_over_all_runs_without_its_bound_would_be_noticed(monkeypatch):
    """With the bound taken out, and differences that are alike but for rare collapses, wrong verdicts are counted."""
    monkeypatch.setattr(calibrated_collapses, "SETTINGS", (("all", "on", 0.2),))
    monkeypatch.setattr(calibrated_collapses, "PAIRS", (20,))
    monkeypatch.setattr("ablate.judge.obstacles._by_the_bound", lambda found, **how: None)
    monkeypatch.setattr("ablate.claims.estimate.mean_p", lambda d, *, null=0.0: mean.mean_p(d, null=null) / 50)
    part = calibrated_collapses.collapse_part(delta=0.005, sd=0.005)
    ((row,),) = rows_of(part.trials, 200, seed=3).values()
    assert not row["met"]


def ledger_rows(studies):
    trials = [trial for trial in edit_part(delta=0.005, sd=0.005, seeds=20).trials if trial.name == "edits-in-a-row"]
    (rows,) = rows_of(trials, studies, seed=3).values()
    return rows


def test_a_ledger_keeps_no_null_edit_where_the_better_mean_always_keeps_some():
    rows = ledger_rows(250)
    by = {(row["levels"], row["data"], row["what"]): row["rate"] for row in rows}
    assert all(row.get("met", True) for row in rows)
    assert by["the better mean", "100 null edits", "any is kept"] == 1.0
    assert by["100 edits planned", "every tenth is better", "power"] > 0.5


@pytest.mark.parametrize("planned", [4, None])
def test_the_calibration_keeps_what_a_ledger_keeps(planned):
    """Also where p is the level but for rounding, and where no level is left."""
    ledger, p = Ledger(edits=planned), []
    for factor in (1.0 + 4e-16, 1.0 + 1e-6, 0.5, 1.0 + 4e-16):
        p.append(ledger.level * factor)
        ledger = ledger.after([SimpleNamespace(outcome="supported", p_adjusted=p[-1])], runs=str(len(p)), name="")
    assert [edit.kept for edit in ledger.tried] == [True, False, True, True]
    assert kept(np.array(p), np.ones(4), planned).tolist() == [True, False, True, True]
    assert not kept(np.zeros(1), np.zeros(1), planned).any()


def test_levels_that_are_not_divided_would_be_noticed(monkeypatch):
    monkeypatch.setattr("ablate.stats.spending.next_level", lambda found, **how: 0.05)
    assert not all(row.get("met", True) for row in ledger_rows(100))
