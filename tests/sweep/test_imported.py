import math

import pytest

from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sweep.imported import import_runs
from ablate.sweep.study_file import parse_study

STUDY = parse_study(
    {
        "title": "t",
        "factors": {"norm": ["none", "batch"], "init.std": [0.1, 1]},
        "exclude": ["norm == 'batch' and init.std == 1"],
        "claims": [
            {
                "id": "c",
                "says": "s",
                "metric": "final/test_accuracy",
                "arm": {"norm": "batch"},
                "against": {"norm": "none"},
                "by_at_least": 0.01,
            }
        ],
    },
    where="x",
)
HEAD = "norm,init.std,seed,final/test_accuracy"
ROWS = [f"{norm},{std},{seed},0.{9 - seed}" for norm, std in (("none", "0.10"), ("none", "1.0"), ("batch", "1e-1"))
        for seed in (0, 1)]  # fmt: skip


def read(tmp_path, *lines, study=STUDY):
    path = tmp_path / "results.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return import_runs(study, source_for(path), name="mine", command="c")


def test_every_row_becomes_a_run_of_its_arm_under_the_levels_of_the_study(tmp_path):
    found = read(tmp_path, HEAD, *ROWS)
    assert [arm.levels for arm in found.record.arms] == [
        {"norm": "none", "init.std": 0.1},
        {"norm": "none", "init.std": 1},
        {"norm": "batch", "init.std": 0.1},
    ]
    assert found.record.seeds == (0, 1)
    assert found.record.arms[0].baseline
    assert found.metrics == {"final/test_accuracy"}
    runs = found.runs[found.record.arms[2].id]
    assert [(run.result.seed, run.result.metrics) for run in runs] == [
        (0, {"final/test_accuracy": 0.9}),
        (1, {"final/test_accuracy": 0.8}),
    ]


def test_it_says_that_it_was_imported_and_that_nothing_was_registered(tmp_path):
    record = read(tmp_path, HEAD, *ROWS).record
    assert "Nothing was registered" in record.definition["confounds"][0]
    assert "made elsewhere" in record.note
    assert all(arm.facts["imported"] for arm in record.arms)


def test_the_same_file_is_the_same_study_run_and_a_changed_one_another(tmp_path):
    first, again = read(tmp_path, HEAD, *ROWS), read(tmp_path, HEAD, *ROWS)
    other = read(tmp_path, HEAD, *ROWS[:-1], ROWS[-1] + "1")
    assert first == again
    assert other.record.key != first.record.key
    ids = [{run.identity for runs in found.runs.values() for run in runs} for found in (first, other)]
    assert len(ids[0]) == 6
    assert not ids[0] & ids[1]


def test_outcomes_times_and_facts_are_read_where_they_are_given(tmp_path):
    head = HEAD + ",outcome,ttt/steps,seconds,majority_rate,budget"
    tails = ["diverged,,1.5,0.2,100", "reached,40,2,0.2,100", *[",,,0.2,100"] * 4]
    scores = ["", *["0.8"] * 5]
    rows = [f"{row.rpartition(',')[0]},{score},{tail}" for row, score, tail in zip(ROWS, scores, tails, strict=True)]
    found = read(tmp_path, head, *rows)
    failed, reached = (run.result for run in found.runs[found.record.arms[0].id])
    assert (failed.outcome, failed.metrics, failed.seconds) == ("diverged", {}, 1.5)
    assert (reached.outcome, reached.metrics["ttt/steps"]) == ("reached", 40.0)
    assert found.runs[found.record.arms[1].id][0].result.outcome == "censored"
    assert found.record.arms[0].facts["majority_rate"] == 0.2
    assert found.record.arms[0].facts["steps"] == 100


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEAD], "a line per run, got 1 line$"),
        ([HEAD.replace("norm", "nrom"), *ROWS], "no column 'norm'; nearest: nrom"),
        ([HEAD.replace("seed", "sed"), *ROWS], "no column 'seed'; nearest: sed"),
        ([HEAD + ",outcom", *[row + ",reached" for row in ROWS]], "unknown column 'outcom': .* nearest match: outcome"),
        ([HEAD + ",seed", *[row + ",1" for row in ROWS]], "'seed' is there twice"),
        ([HEAD, *ROWS, "none,0.1,0,0.5"], "line 8: the run of norm=none, init.std=0.1 with seed 0 is there already"),
        ([HEAD, *ROWS[:-1]], "norm=batch, init.std=0.1 has no run with seed 1"),
        ([HEAD, *ROWS[:-2]], "norm=batch, init.std=0.1 has no runs"),
        ([HEAD, *ROWS, "batch,1,0,0.5"], "line 8: the study's design has no arm norm=batch, init.std=1"),
        ([HEAD, *ROWS, "btch,0.1,0,0.5"], "line 8: unknown level of norm 'btch': .* nearest match: batch"),
        ([HEAD, *ROWS, "none,0.2,0,0.5"], "unknown level of init.std '0.2'"),
        ([HEAD, *ROWS[:-1], "batch,0.1,1,nan"], "line 7: 'final/test_accuracy' must be a finite number, got 'nan'"),
        ([HEAD, *ROWS[:-1], "batch,0.1,1,"], "got ''; mark a failed run by its `outcome`"),
        ([HEAD, *ROWS[:-1], "batch,0.1,one,0.4"], "`seed` must be a whole number from 0 to .*, got 'one'"),
        ([HEAD, *ROWS[:-1], "batch,0.1,1"], "line 7: 3 cells under 4 columns"),
        ([HEAD + ",outcome", *[row + ",won" for row in ROWS]], "unknown outcome 'won'"),
        ([HEAD + ",budget", *[f"{row},{i}" for i, row in enumerate(ROWS, start=1)]], "'budget' differs between runs"),
        ([HEAD.rpartition(",")[0], *[row.rpartition(",")[0] for row in ROWS]], "no column holds a metric"),
    ],
)
def test_whatever_is_wrong_with_the_file_is_said_with_its_line(tmp_path, lines, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, *lines)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        import_runs(STUDY, source_for(tmp_path / "no.csv"), name="mine", command="c")


TWO = {"title": "t", "factors": {"norm": ["none", "batch"]}}


def claim(metric, **more):
    return {"id": "c", "says": "s", "metric": metric, "arm": {"norm": "batch"}, "against": {"norm": "none"},
            "by_at_least": 0.01, "predicts": "higher", **more}  # fmt: skip


def study_on(metric="acc", **more):
    return parse_study({**TWO, "claims": [claim(metric)], **more}, where="x")


def column(found, name):
    """What became of a column: its role and why, filled in."""
    (one,) = [one for one in found.columns if one.column == name]
    return one.role, one.what.format(value=one.value) if one.value else one.what


def rows_of(*more, arms=("none", "batch"), seeds=8):
    """Lines `norm,seed,acc,…`; `more` are functions of arm and seed."""
    return [
        ",".join(
            [arm, str(seed), f"{0.8 + 0.1 * (arm == 'batch') + seed / 1000:.4f}", *(str(f(arm, seed)) for f in more)]
        )
        for arm in arms
        for seed in range(seeds)
    ]


@pytest.mark.parametrize("where", ["names alone", "config and summary", "params and metrics"])
def test_columns_are_found_under_the_names_that_others_export_them_by(tmp_path, where):
    head = {"names alone": "norm,seed,acc", "config and summary": "config.norm,config.seed,summary.acc",
            "params and metrics": "params.norm,params.seed,metrics.acc"}[where]  # fmt: skip
    found = read(tmp_path, head, *rows_of(), study=study_on())
    assert found.metrics == {"acc"}
    assert len(found.record.arms) == 2


def test_two_columns_for_one_name_are_one_if_they_are_equal_and_refused_if_not(tmp_path):
    found = read(tmp_path, "norm,seed,acc,params.norm", *rows_of(lambda arm, seed: arm), study=study_on())
    assert column(found, "params.norm") == ("left out", "the same as norm")
    with pytest.raises(UserError, match=r"'norm' and 'params\.norm' both stand for 'norm', and differ"):
        read(tmp_path, "norm,seed,acc,params.norm", *rows_of(lambda arm, seed: arm[:1]), study=study_on())


def test_what_weights_and_biases_writes_about_a_run_is_left_out_and_its_state_is_its_outcome(tmp_path):
    head = "Name,State,Notes,User,Tags,Created,Runtime,Sweep,norm,seed,acc"
    lines = [
        f"run{i},{'failed' if row.startswith('none,3') else 'finished'},-,me,{row[:4]},2024-01-01,{i},,{row}"
        for i, row in enumerate(rows_of())
    ]
    found = read(tmp_path, head, *lines, study=study_on())
    assert found.metrics == {"acc"}
    assert not found.settings
    outcomes = [run.result.outcome for run in found.runs[found.record.arms[0].id]]
    assert outcomes.count("crashed") == 1
    assert outcomes[3] == "crashed"
    assert column(found, "State") == ("outcome", "how a run stands")
    assert column(found, "Tags")[0] == "left out"


@pytest.mark.parametrize("state", ["killed", "running", "Preempted"])
def test_a_run_that_is_not_over_is_refused(tmp_path, state):
    lines = [f"finished,{row}" for row in rows_of()]
    lines[2] = lines[2].replace("finished", state)
    with pytest.raises(
        UserError, match=f"line 4: the run is {state.lower()}, so its numbers are not those of a finished"
    ):
        read(tmp_path, "State,norm,seed,acc", *lines, study=study_on())


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index"])
@pytest.mark.parametrize(
    "number", [lambda i: i, lambda i: i + 1, lambda i: 15 - i, lambda i: i % 8, lambda i: f"{i}.0"]
)
def test_a_column_that_numbers_the_rows_is_left_out_and_said(tmp_path, name, number):
    lines = [f"{number(i)},{row}" for i, row in enumerate(rows_of())]
    found = read(tmp_path, f"{name},norm,seed,acc", *lines, study=study_on())
    assert found.metrics == {"acc"}
    assert column(found, name or "(column 1)") == ("left out", "numbers the rows")


def test_an_index_may_be_a_factor_or_a_metric_where_the_study_says_so(tmp_path):
    found = read(tmp_path, "norm,seed,index", *rows_of(), study=study_on("index"))
    assert found.metrics == {"index"}
    with pytest.raises(UserError, match="column 4 has no name, but holds 'x'"):
        read(tmp_path, "norm,seed,acc,", *rows_of(lambda arm, seed: "x"), study=study_on())


@pytest.mark.parametrize(
    ("cell", "became"),
    [
        (lambda arm, seed: 0.1, ("left out", "the same in all rows: 0.1")),
        (lambda arm, seed: "", ("left out", "empty")),
        (lambda arm, seed: 0.1 if arm == "none" else 0.01, ("left out", "a setting: it differs between arms")),
        (lambda arm, seed: 0.1 if arm == "none" else "", ("left out", "a setting: it differs between arms")),
        (
            lambda arm, seed: 0.1 if arm == "none" or seed == 3 else 0.01,
            ("left out", "a setting: it differs between arms"),
        ),
        (
            lambda arm, seed: "cifar10" if arm == "none" else "cifar100",
            ("left out", "a setting: it differs between arms"),
        ),
        (lambda arm, seed: f"{arm}-{seed}", ("left out", "another value in every row: a name or number of the run")),
        (lambda arm, seed: f"fold {seed}", ("left out", "the same in all arms of a seed")),
        (lambda arm, seed: seed / 7 + (arm == "none"), ("undeclared metric", "shown, not judged")),
        (lambda arm, seed: seed / 7 if seed else "", ("left out", "no number in some runs")),
    ],
)
def test_a_column_that_the_study_does_not_name_becomes_no_metric_that_is_judged(tmp_path, cell, became):
    found = read(tmp_path, "norm,seed,acc,lr", *rows_of(cell), study=study_on())
    assert column(found, "lr") == became
    assert found.metrics == ({"acc", "lr"} if became[0] == "undeclared metric" else {"acc"})
    assert bool(found.settings) == became[1].startswith("a setting")
    own = found.runs[found.record.arms[0].id][1].result.metrics
    assert ("lr" in own) == (became[0] == "undeclared metric")


def test_a_result_by_its_prefix_is_no_setting_and_a_setting_no_result(tmp_path):
    settled = lambda arm, seed: 1_000 if arm == "none" else 1_100  # noqa: E731
    lines = rows_of(settled, lambda arm, seed: seed % 3)
    found = read(tmp_path, "norm,seed,acc,summary.parameters,config.noise", *lines, study=study_on())
    assert column(found, "summary.parameters") == ("undeclared metric", "shown, not judged")
    assert column(found, "config.noise") == ("left out", "a setting that varies within arms")
    assert not found.settings


def test_a_column_may_be_left_out_and_the_report_says_so(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("\n".join(["norm,seed,acc,lr", *rows_of(lambda arm, seed: len(arm))]) + "\n", encoding="utf-8")
    found = import_runs(study_on(), source_for(path), name="mine", command="c", leave_out=["lr"])
    assert column(found, "lr") == ("left out", "as asked")
    assert "left out as asked: lr" in found.record.definition["confounds"][0]
    assert not found.settings
    for name, message in (("acc", "cannot be left out"), ("lrr", "no column 'lrr' to leave out; nearest: lr")):
        with pytest.raises(UserError, match=message):
            import_runs(study_on(), source_for(path), name="mine", command="c", leave_out=[name])


def test_a_count_of_steps_that_no_run_has_is_data(tmp_path):
    lines = [row.rpartition(",")[0] + ",,censored,100" for row in rows_of()]
    found = read(tmp_path, "norm,seed,ttt/steps,outcome,budget", *lines, study=study_on("ttt/steps"))
    assert found.metrics == {"ttt/steps"}
    assert {run.result.outcome for runs in found.runs.values() for run in runs} == {"censored"}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("200", "line 2: 'ttt/steps' is 200, above the budget of 100 steps"),
        ("0", "line 2: 'ttt/steps' must be a whole number >= 1"),
        ("2.5", "line 2: 'ttt/steps' must be a whole number >= 1"),
        ("soon", "line 2: 'ttt/steps' must be a finite number, got 'soon'"),
    ],
)
def test_a_count_of_steps_that_no_run_can_have_is_refused(tmp_path, cell, message):
    lines = [row.rpartition(",")[0] + f",{cell},100" for row in rows_of()]
    with pytest.raises(UserError, match=message):
        read(tmp_path, "norm,seed,ttt/steps,budget", *lines, study=study_on("ttt/steps"))


@pytest.mark.parametrize("cell", ["", "NaN", "nan", "None", "-", "#N/A", "inf", "OOM"])
def test_a_cell_without_a_number_is_for_runs_that_failed(tmp_path, cell):
    lines = [f"{row},reached" for row in rows_of()]
    lines[0] = f"none,0,{cell},crashed"
    found = read(tmp_path, "norm,seed,acc,outcome", *lines, study=study_on())
    assert found.runs[found.record.arms[0].id][0].result.metrics == {}
    with pytest.raises(UserError, match="line 2: 'acc' must be a finite number"):
        read(tmp_path, "norm,seed,acc,outcome", lines[0].replace("crashed", "reached"), *lines[1:], study=study_on())


@pytest.mark.parametrize(
    "name", ["arm", "baseline", "seconds", "budget", "run_id", "outcome", "index", "majority_rate"]
)
def test_a_factor_or_a_metric_may_have_the_name_of_a_column_of_ours(tmp_path, name):
    study = parse_study({"title": "t", "factors": {name: ["none", "batch"]}}, where="x")
    found = read(tmp_path, f"{name},seed,acc", *rows_of(), study=study)
    assert [arm.levels for arm in found.record.arms] == [{name: "none"}, {name: "batch"}]
    if name != "outcome":
        found = read(tmp_path, f"norm,seed,{name}", *rows_of(), study=study_on(name))
        assert found.metrics == {name}
        assert found.runs[found.record.arms[1].id][2].result.metrics == {name: 0.902}


@pytest.mark.parametrize(
    ("head", "study", "message"),
    [
        ("a,seed,acc,b", parse_study({"title": "t", "factors": {"seed": [0]}}, where="x"), "a factor cannot be called"),
        ("norm,seed,acc ,Outcom", study_on(), "unknown column 'Outcom': .* nearest match: outcome"),
    ],
)  # fmt: skip
def test_names_that_would_be_mistaken_are_refused(tmp_path, head, study, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, head, *rows_of(lambda arm, seed: "reached"), study=study)


def test_in_a_file_of_ablates_own_every_other_column_is_a_result(tmp_path):
    head = "arm_id,arm,baseline,norm,seed,outcome,run_id,identity,acc,observe/dead"
    lines = []
    for row in rows_of(lambda arm, seed: 0 if arm == "none" else 1):
        arm, seed, acc, dead = row.split(",")
        lines.append(f"a{arm},{arm},true,{arm},{seed},censored,r{seed},i{arm}{seed},{acc},{dead}")
    found = read(tmp_path, head, *lines, study=study_on())
    assert found.metrics == {"acc", "observe/dead"}
    assert not found.settings
    assert column(found, "arm") == ("left out", "written by ablate, not needed")


def test_a_label_of_the_arms_is_a_column_like_any_other_in_a_file_of_somebody_else(tmp_path):
    found = read(tmp_path, "norm,seed,acc,arm", *rows_of(lambda arm, seed: arm[:1]), study=study_on())
    assert found.settings == ("arm",)


def test_a_result_that_is_the_same_in_every_run_of_an_arm_is_one_where_the_study_says_so(tmp_path):
    declared = study_on(metrics={"depth": {"better": "lower"}})
    lines = rows_of(lambda arm, seed: len(arm))
    assert read(tmp_path, "norm,seed,acc,depth", *lines, study=study_on()).settings == ("depth",)
    found = read(tmp_path, "norm,seed,acc,depth", *lines, study=declared)
    assert (found.settings, found.metrics) == ((), {"acc", "depth"})
    assert not read(tmp_path, "norm,seed,acc,test_accuracy", *lines, study=study_on()).settings  # a name that is known


def test_a_count_that_the_study_declares_may_be_empty_like_ours(tmp_path):
    steps = study_on("epochs_to_90", metrics={"epochs_to_90": {"better": "lower", "failed_counts_as": "budget"}})
    lines = [row.rpartition(",")[0] + ("," if row.startswith("none") else ",7") for row in rows_of()]
    found = read(tmp_path, "norm,seed,epochs_to_90", *lines, study=steps)
    outcomes = [{run.result.outcome for run in found.runs[arm.id]} for arm in found.record.arms]
    assert outcomes == [{"censored"}, {"reached"}]


def with_cells(first, second):
    """The rows with more cells: those of the first two runs, then empty ones."""
    tails = [first, second, *["," * first.count(",")] * 4]
    return [f"{row},{tail}" for row, tail in zip(ROWS, tails, strict=True)]


def outcomes(found, arm):
    return [run.result.outcome for run in found.runs[arm.id]]


def test_an_outcome_that_nobody_told_is_not_known(tmp_path):
    found = read(tmp_path, HEAD, *ROWS)
    assert {run.result.outcome for runs in found.runs.values() for run in runs} == {"unknown"}
    assert all("outcome_from" not in arm.facts for arm in found.record.arms)
    assert all(math.isnan(run.result.seconds) for runs in found.runs.values() for run in runs)


@pytest.mark.parametrize("metric", ["ttt/steps", "ttt/recovery_steps"])
def test_steps_to_the_target_tell_who_reached_it_and_who_did_not(tmp_path, metric):
    found = read(tmp_path, f"{HEAD},{metric},{metric}_harder", *with_cells("40,", ","))
    first, *rest = found.record.arms
    assert outcomes(found, first) == ["reached", "censored"]
    assert {outcome for arm in rest for outcome in outcomes(found, arm)} == {"censored"}
    assert {arm.facts["outcome_from"] for arm in found.record.arms} == {metric}


def test_of_several_targets_all_have_to_be_reached(tmp_path):
    budget = {"better": "lower", "failed_counts_as": "budget"}
    study = STUDY.model_copy(update={"metrics": {"to_50": budget, "to_90": budget}})
    found = read(tmp_path, f"{HEAD},to_50,to_90", *with_cells("10,40", "10,"), study=study)
    assert outcomes(found, found.record.arms[0]) == ["reached", "censored"]


def test_a_cell_without_an_outcome_is_not_known_either(tmp_path):
    found = read(tmp_path, f"{HEAD},outcome", *with_cells("stalled", ""))
    assert outcomes(found, found.record.arms[0]) == ["stalled", "unknown"]


def test_a_file_vouches_for_nothing(tmp_path):
    facts = [arm.facts for arm in read(tmp_path, HEAD, *ROWS).record.arms]
    assert all(own["vouches"] == [] and own["imported_from"] == "results.csv" for own in facts)
    assert not any("dataset" in own for own in facts)


@pytest.mark.parametrize("metric", ["ttt/steps", "ttt/recovery_steps", "ttt/steps_harder"])
def test_steps_above_the_budget_of_the_arm_are_refused_whatever_row_tells_it(tmp_path, metric):
    with pytest.raises(UserError, match=f"line 3: '{metric}' is 101, above the budget of 100 steps"):
        read(tmp_path, f"{HEAD},{metric},budget", *with_cells("40,100", "101,"))


def test_a_count_that_no_two_arms_share_is_told_as_what_may_have_been_set(tmp_path):
    lines = rows_of(lambda arm, seed: 90 if arm == "none" else 180 + seed, lambda arm, seed: (seed * 7) % 5)
    found = read(tmp_path, "norm,seed,acc,epochs,restarts", *lines, study=study_on())
    assert column(found, "epochs")[1].startswith("shown, not judged. No arm has a value of another: if it was set")
    assert column(found, "restarts") == ("undeclared metric", "shown, not judged")


def test_a_planned_run_without_a_result_belongs_in_the_file_and_is_no_run(tmp_path):
    rows = [row.rpartition(",")[0] + f",{row.rpartition(',')[2]},finished" for row in ROWS]
    rows[1] = "none,0.10,1,,lost"
    rows[-1] = "batch,1e-1,1,,missing"
    found = read(tmp_path, HEAD + ",outcome", *rows)
    counts = [len(found.runs[arm.id]) for arm in found.record.arms]
    assert counts == [1, 2, 1]
    assert found.record.seeds == (0, 1)
    assert [arm.facts.get("lost") for arm in found.record.arms] == [{"1": "lost"}, None, None]


def test_arms_can_be_listed_one_by_one(tmp_path):
    listed = {"kind": "listed", "arms": [{"norm": "batch"}, {"init.std": 1}]}
    study = STUDY.model_copy(update={"exclude": [], "design": parse_study(
        {"title": "t", "factors": STUDY.factors, "design": [listed]}, where="x").design})  # fmt: skip
    found = read(tmp_path, HEAD, *ROWS, study=study)
    assert {tuple(arm.levels.values()) for arm in found.record.arms} == {("none", 0.1), ("batch", 0.1), ("none", 1)}
