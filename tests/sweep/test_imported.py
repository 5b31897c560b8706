import pytest

from ablate.errors import UserError
from ablate.sweep.imported import import_csv
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
    return import_csv(study, path, name="mine", command="c")


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
        ([HEAD], "a line per run, got 1 lines"),
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
        ([HEAD, *ROWS[:-1], "batch,0.1,1,"], "got ''; a run that failed is told by its `outcome`"),
        ([HEAD, *ROWS[:-1], "batch,0.1,one,0.4"], "`seed` must be a whole number >= 0, got 'one'"),
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
        import_csv(STUDY, tmp_path / "no.csv", name="mine", command="c")
