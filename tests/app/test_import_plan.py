"""The seeds and the budgets that a file does not tell: missing runs are missing, unknown is not equal."""

import pytest

from ablate.app.printing import Console
from ablate.errors import UserError
from ablate.judge.planning import check_study
from ablate.sources.choose import source_for
from ablate.sweep.imported import import_runs
from ablate.sweep.study_file import parse_study
from ablate.track.local import LocalStore
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.words.reasons import said
from ablate.work import events
from ablate.work.judging import judge_tracked

CLAIM = {"id": "c", "says": "s", "metric": "acc", "arm": {"norm": "batch"}, "against": {"norm": "none"},
         "by_at_least": 0.01}  # fmt: skip


def study(claim=CLAIM, **more):
    return parse_study({"title": "T", "factors": {"norm": ["none", "batch"]}, "claims": [claim], **more}, where="x")


def read(folder, wanted, *, seeds=range(8), budgets=None, metric="acc"):
    rows = [f"norm,seed,{metric}" + (",budget" if budgets else "")]
    for i, arm in enumerate(("none", "batch")):
        for seed in seeds:
            value = 0.8 + 0.03 * i + (seed * (3 if i else 2) % 8) / 997
            rows.append(f"{arm},{seed},{value:.5f}" + (f",{budgets[i]}" if budgets else ""))
    (folder / "r.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return import_runs(wanted, source_for(folder / "r.csv"), name="x", command="c")


def verdict(folder, found):
    session = MlflowTracker(folder).open(found.record)
    for arm in found.record.arms:
        session.log_arm(arm, found.runs[arm.id])
    session.close("FINISHED")
    return judge_tracked("x", None, LocalStore(folder)).verdicts[0]


def test_planned_runs_that_a_file_does_not_hold_are_missing(tmp_path):
    found = read(tmp_path, study(seeds=20))
    assert found.record.seeds == tuple(range(20))
    one = verdict(tmp_path, found)
    assert (one.pairs, one.planned_pairs) == (8, 20)
    assert "12 of 20 planned pairs are missing" in said(one.advice)


def test_they_are_told(capsys):
    Console()(events.ResultsImported("x", 16, 16, 24))
    assert "24 of 40 planned runs are missing" in capsys.readouterr().out


@pytest.mark.parametrize("seeds", [list(range(100, 108)), {"first": 100, "count": 8}])
def test_a_seed_that_the_study_does_not_name_is_refused_with_its_line(tmp_path, seeds):
    with pytest.raises(
        UserError, match=r"line \d+: seed \d is not one of the study's \(`seeds`: \d seeds, \d+ to \d+\)"
    ):
        read(tmp_path, study(seeds=seeds))


@pytest.mark.parametrize(("count", "there", "expected"), [(8, range(1, 9), 8), (6, range(8), 8), (10, [3, 40], 10)])
def test_a_count_of_seeds_takes_those_of_the_file_and_misses_the_rest(tmp_path, count, there, expected):
    planned = read(tmp_path, study(seeds=count), seeds=there).record.seeds
    assert len(planned) == expected
    assert set(there) <= set(planned)


def test_without_seeds_in_the_study_those_of_the_file_count(tmp_path):
    assert read(tmp_path, study(), seeds=range(100, 112)).record.seeds == tuple(range(100, 112))


@pytest.mark.parametrize("metric", ["acc", "aulc/train_accuracy"])
@pytest.mark.parametrize("budgets", [(100, ""), ("", 900)])
def test_a_budget_that_one_arm_only_tells_is_no_equal_budget(tmp_path, metric, budgets):
    wanted = study({**CLAIM, "metric": metric})
    found = read(tmp_path, wanted, budgets=budgets, metric=metric)
    with pytest.raises(UserError, match=r"different steps: \d+, not told\. Give the `budget` of all arms"):
        checked(wanted, found)
    for same in ((100, 100), ("", "")):
        checked(wanted, read(tmp_path, wanted, budgets=same, metric=metric))


def checked(wanted, found):
    arms = found.record.arms
    check_study(wanted, arms=[arm.levels for arm in arms], facts=[arm.facts for arm in arms], logged=found.metrics,
                n_seeds=8, ran=True)  # fmt: skip


def test_a_claim_on_endings_alone_needs_no_metric(tmp_path):
    share = {"id": "c", "kind": "proportion", "of": "runs", "says": "s", "arm": {"norm": "batch"}, "at_least": 0.3}
    lines = [f"{arm},{seed},reached" for arm in ("none", "batch") for seed in range(8)]
    (tmp_path / "r.csv").write_text("\n".join(["norm,seed,outcome", *lines]) + "\n", encoding="utf-8")
    found = import_runs(study(share), source_for(tmp_path / "r.csv"), name="x", command="c")
    assert verdict(tmp_path, found).outcome == "supported"


def test_a_seed_that_an_arm_was_never_to_have_is_not_missing(tmp_path):
    rows = [f"{norm},{seed},{0.8 + 0.03 * i + seed / 997:.5f}," for i, norm in enumerate(("none", "batch"))
            for seed in range(8)]  # fmt: skip
    text = "\n".join(["norm,seed,acc,outcome", *rows, "none,8,0.81,", "batch,8,,unplanned"])
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    found = import_runs(study(), source_for(tmp_path / "r.csv"), name="x", command="c")
    one = verdict(tmp_path, found)
    assert (one.pairs, one.planned_pairs, one.advice) == (8, 8, None)
    with pytest.raises(UserError, match="line 19: the run is `unplanned`, but the study plans the seeds of every arm"):
        import_runs(study(seeds=9), source_for(tmp_path / "r.csv"), name="x", command="c")
