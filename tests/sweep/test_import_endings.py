"""Which runs of an imported file failed: no column that says it is passed over."""

import re

import pytest

from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sources.contract import RunTable
from ablate.sweep.import_endings import ended, ending_columns
from ablate.sweep.imported import import_runs
from ablate.sweep.study_file import parse_study

CLAIM = {"id": "c", "says": "s", "arm": {"norm": "batch"}, "against": {"norm": "none"}}
ACC = {**CLAIM, "metric": "acc", "by_at_least": 0.01}


def study(claim=ACC, **more):
    return parse_study({"title": "t", "factors": {"norm": ["none", "batch"]}, "claims": [claim], **more}, where="x")


def read(folder, head, *cells, metric="acc", value=0.8, claim=ACC, leave_out=(), **more):
    """Read eight runs of two arms; `cells` are what the first four of `batch` say, and what all others say."""
    odd, even = cells
    lines = [f"norm,seed,{metric},{head}"]
    for arm in ("none", "batch"):
        for seed in range(8):
            number = value if isinstance(value, str) else value + seed / 1000
            lines.append(f"{arm},{seed},{number},{odd if arm == 'batch' and seed < 4 else even}")
    path = folder / "r.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return import_runs(study(claim, **more), source_for(path), name="mine", command="c", leave_out=leave_out)


def outcomes(found, arm=1):
    return [str(run.result.outcome) for run in found.runs[found.record.arms[arm].id]]


@pytest.mark.parametrize(
    ("head", "odd", "even", "failed"),
    [
        ("outcome,State", ",crashed", ",finished", "crashed"),
        ("outcome,State", "diverged,finished", "finished,finished", "diverged"),
        ("outcome,State", "diverged,killed", "finished,finished", "diverged"),
        ("outcome,State", "unknown,failed", ",finished", "crashed"),
        ("State", "crashed", "success", "crashed"),
        ("State", "error", "ok", "crashed"),
        ("state", "TrialState.FAIL", "TrialState.COMPLETE", "crashed"),
        ("STATUS", "FAILED", "FINISHED", "crashed"),
        ("Run State", "failed", "done", "crashed"),
        ("run_state", "diverged", "completed", "diverged"),
        ("Outcome", "Crashed", "Finished", "crashed"),
        ("summary.outcome", "crashed", "finished", "crashed"),
        ("attributes.status", "FAILED", "FINISHED", "crashed"),
        ("tags.status", "failed", "finished", "crashed"),
        ("summary.has_diverged", "1", "0", "diverged"),
        ("is_failed", "True", "False", "crashed"),
        ("exit_code", "1", "0", "crashed"),
        ("summary.exitcode", "-9", "0", "crashed"),
        ("crashed", "1", "0", "crashed"),
        ("diverged", "True", "False", "diverged"),
        ("diverged,crashed", "yes,yes", "no,no", "diverged"),
        ("failed,exit_code", "1,1", "0,0", "crashed"),
    ],
)
def test_a_run_that_any_column_tells_to_have_failed_is_a_failed_run(tmp_path, head, odd, even, failed):
    found = read(tmp_path, head, odd, even)
    assert outcomes(found)[:4] == [failed] * 4
    assert not {"crashed", "diverged"} & {*outcomes(found)[4:], *outcomes(found, 0)}


@pytest.mark.parametrize(
    ("head", "odd", "even", "names"),
    [
        ("outcome,State", "finished,crashed", "finished,finished", ("'outcome' is 'finished'", "'State' is 'crashed'")),
        ("State,status", "finished,FAILED", "finished,FINISHED", ("'State' is 'finished'", "'status' is 'FAILED'")),
        ("State,exit_code", "finished,1", "finished,0", ("'State' is 'finished'", "'exit_code' is '1'")),
        ("outcome,diverged", "reached,1", "reached,0", ("'outcome' is 'reached'", "'diverged' is '1'")),
        ("outcome,diverged", "diverged,0", "finished,0", ("'diverged' is '0'", "'outcome' is 'diverged'")),
        ("outcome,summary.outcome", "reached,stalled", ",", ("'outcome' is 'reached'", "'summary.outcome' is 'stal")),
    ],
)
def test_columns_that_say_different_things_of_a_run_are_one_error_with_its_line(tmp_path, head, odd, even, names):
    with pytest.raises(UserError, match="line 10: ") as error:
        read(tmp_path, head, odd, even)
    assert all(name in str(error.value) for name in names)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("word", ["pruned", "Cancelled", "TIMEOUT", "killed", "TrialState.PRUNED"])
def test_a_run_that_did_not_come_to_its_end_is_refused(tmp_path, word):
    with pytest.raises(UserError, match=f"line 10: the run is {word.lower()}, so its numbers are not"):
        read(tmp_path, "state", word, "COMPLETE")
    with pytest.raises(UserError, match=f"line 10: the run is {word.lower()}"):
        read(tmp_path, "outcome,state", f"finished,{word}", "finished,COMPLETE")


@pytest.mark.parametrize(
    ("head", "odd", "even", "said"),
    [
        ("State", "crashed", "splendid", "'State' tells how runs ended, .* 'splendid' (line 2); expected one of"),
        ("exit_code", "one", "0", "'one' (line 10); expected a whole number"),
        ("diverged", "maybe", "False", "'maybe' (line 10); expected true or false"),
    ],
)
def test_a_word_that_is_not_known_is_one_error_and_the_column_may_be_left_out(tmp_path, head, odd, even, said):
    with pytest.raises(UserError, match=re.escape(said).replace(r"\.\*", ".*")):
        read(tmp_path, head, odd, even)
    found = read(tmp_path, head, odd, even, leave_out=[head])
    assert set(outcomes(found)) == {"unknown"}


def test_a_state_that_the_study_names_is_no_ending(tmp_path):
    found = read(tmp_path, "status", "0.5", "0.25", metrics={"status": "higher"})
    assert "status" in found.metrics
    assert set(outcomes(found)) == {"unknown"}


STEPS = {**CLAIM, "kind": "time_to_target", "metric": "ttt/steps", "ratio": 1.25}
EPOCHS = {**STEPS, "metric": "epochs"}


@pytest.mark.parametrize(("claim", "metric"), [(STEPS, "ttt/steps"), (EPOCHS, "epochs")])
def test_an_outcome_that_the_steps_to_the_target_deny_is_refused_with_its_line(tmp_path, claim, metric):
    with pytest.raises(UserError, match=f"line 10: the run is censored, .* but '{metric}' is 500"):
        read(tmp_path, "outcome", "censored", "reached", metric=metric, value="500", claim=claim,
             metrics={metric: "lower"} if metric == "epochs" else {})  # fmt: skip
    with pytest.raises(UserError, match=f"line 2: the run reached its target, but '{metric}' is empty"):
        read(tmp_path, "outcome", "crashed", "reached", metric=metric, value="", claim=claim,
             metrics={metric: "lower"} if metric == "epochs" else {})  # fmt: skip


def test_a_flag_of_an_unfinished_run_is_named():
    rows = [{"norm": "none", "seed": "0", "finished": "true"}, {"norm": "none", "seed": "1", "finished": "false"}]
    (flag,) = ending_columns(RunTable.of("runs", rows), set(), ours=False)
    assert flag.says == ("ended", "unfinished")
    with pytest.raises(UserError, match="the run is `finished` = false, so its numbers are not those of a finished"):
        ended("line 3", [(flag.name, flag.says[1], "false")])
