"""A study that a file is imported for passes the checks of one that is run; each of these used to be "Supported"."""

import copy
import json

import pytest

STUDY = {
    "title": "T",
    "factors": {"norm": ["none", "batch"]},
    "claims": [{"id": "c", "says": "s", "metric": "acc", "arm": {"norm": "batch"}, "against": {"norm": "none"},
                "by_at_least": 0.01}],
}  # fmt: skip
BACK = {**STUDY["claims"][0], "id": "d", "arm": {"norm": "none"}, "against": {"norm": "batch"}}


def lines_of(*more, head="norm,seed,acc", arms=("none", "batch"), seeds=range(8)):
    """A file of two arms; `more` are functions of arm and seed that add a column."""
    rows = [head]
    for arm in arms:
        for seed in seeds:
            value = 0.8 + 0.03 * (arm == "batch") + (seed * (3 if arm == "batch" else 2) % 8) / 997
            rows.append(",".join([arm, str(seed), f"{value:.5f}", *(str(one(arm, seed)) for one in more)]))
    return "\n".join(rows) + "\n"


@pytest.fixture
def refused(ablate, tmp_path):
    """Import, expect one clear error and nothing tracked; returns the error."""

    def call(study, data, *options):
        (tmp_path / "x.yaml").write_text(json.dumps(study), encoding="utf-8")
        (tmp_path / "x.csv").write_text(data, encoding="utf-8")
        code, _, err = ablate("import", "x.yaml", "x.csv", *options)
        assert code == 2, err
        assert len(err.strip().splitlines()) == 1
        assert not (tmp_path / "mlruns").exists()
        return err

    return call


def changed(claim=None, **study):
    found = {**copy.deepcopy(STUDY), **study}
    found["claims"][0].update(claim or {})
    return found


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (changed({"gates": [{"kind": "positive_control", "claim": "no-such-claim"}]}), "unknown claim 'no-such-claim'"),
        (changed({"gates": [{"kind": "positive_control", "claim": "c"}]}), "cannot be its own positive control"),
        (
            changed({"gates": [{"kind": "manipulation_check", "metric": "acc", "at_least": 0, "where":
                                {"norm": ["bach"]}}]}),
            "norm has no level 'bach'",
        ),
        (changed(claims=[STUDY["claims"][0], BACK]), "claims c and d contradict each other"),
        (changed(forecasts={"me": {"no-such-claim": 0.5}}), "forecasts of me: unknown claim 'no-such-claim'"),
        (
            changed(figures=[{"kind": "heat_map", "x": "norm", "y": "norm", "metric": "acb"}]),
            "figures.0.metric: unknown metric 'acb': expected one of acc, outcome; nearest match: acc",
        ),
        (changed(looks=[4, 100]), "`looks`: the last look must be at the last seed, got looks at 4, 100 and 8 seeds"),
        (
            changed(fairness="tuned", tune={"metric": "acc", "trials": 2, "space": {"lr": [0.1, 0.2]}}),
            "`fairness: tuned`: nothing is tuned on an import",
        ),
    ],
)  # fmt: skip
def test_what_a_run_would_refuse_is_refused(refused, study, said):
    assert said in refused(study, lines_of())


def timed(**more):
    claim = {**STUDY["claims"][0], "kind": "time_to_target", "metric": "ep", "ratio": 1.25}
    del claim["by_at_least"]
    return {**STUDY, "claims": [claim], "metrics": {"ep": "lower"}, **more}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (-500, "line 2: 'ep' must be > 0, got -500"),
        (0, "line 2: 'ep' must be > 0, got 0"),
        ("", "claim c: the column 'ep' is there, but empty in every run"),
    ],
)
def test_times_that_have_no_ratio_are_refused(refused, cell, said):
    assert said in refused(timed(), lines_of(lambda arm, seed: cell, head="norm,seed,acc,ep"))


def test_a_metric_that_is_meant_by_default_is_named_as_such(refused):
    claim = {**STUDY["claims"][0], "kind": "win_probability", "more_than": 0.5}
    del claim["by_at_least"]
    claim["metric"] = "acc"
    assert "claim c: `ties_by` is aulc/train_accuracy where the claim names none" in refused(
        {**STUDY, "claims": [claim]}, lines_of()
    )
