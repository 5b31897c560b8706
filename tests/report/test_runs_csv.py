"""`runs.csv`, as it was written and as other programs save it again: the verdicts are the same."""

from __future__ import annotations

import dataclasses
import io
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.judge.rule import judge
from ablate.report.csv_cells import level_cell, level_of
from ablate.report.runs_csv import runs_csv, tables_from_csv
from ablate.sweep.study import Study
from ablate.track.columns import factor_column, metric_column
from ablate.track.record import StudyTables

from .alone import recompute

ODD = ["arm", "baseline", "seconds", "outcome", "budget", "n", "index", "=1+1", "a,b", 'a"b', "final/test_accuracy"]


def make(factors=("norm",), metric="acc", levels=("none", "batch"), others=()):
    """A study on one metric with a factor whose levels differ, and its tables; other factors have one level."""
    first = factors[0]
    study = Study.model_validate(
        {
            "title": "t",
            "factors": {first: list(levels), **{factor: [1] for factor in factors[1:]}},
            "claims": [
                {"id": "c", "says": "s", "metric": metric, "predicts": "higher", "arm": {first: levels[1]},
                 "against": {first: levels[0]}, "by_at_least": 0.01}
            ],
        }
    )  # fmt: skip
    planned, runs, facts = [], [], {}
    for i, level in enumerate(levels):
        own = {factor_column(first): level, **{factor_column(factor): 1 for factor in factors[1:]}}
        arm = {"arm_id": f"a{i}", "arm": f"{first}={level}" if i else "baseline"}
        planned.append({**arm, "baseline": i == 0, **own})
        facts[f"a{i}"] = {"steps": 100}
        for seed in range(8):
            value = 0.8 + 0.1 * i + seed * (1 + i) / 997
            run = {"seed": seed, "outcome": "censored", "first_nonfinite_step": float("nan"), "seconds": 1.5,
                   "run_id": f"r{i}{seed}", "identity": f"i{i}{seed}", "majority_rate": 0.1}  # fmt: skip
            logged = {metric_column(name, factors): value / (1 + j) for j, name in enumerate([metric, *others])}
            runs.append({**arm, **run, **own, **logged})
    curves = pd.DataFrame(columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    arms, seeds = pd.DataFrame(planned), pd.DataFrame(runs)
    for table, rows in ((arms, planned), (seeds, runs)):
        for column in own:
            table[column] = pd.Series([row[column] for row in rows], dtype=object)
    return study, StudyTables({"name": "x"}, arms, seeds, curves, facts)


def numbers(verdicts):
    kept = ("outcome", "label", "effect", "interval_low", "interval_high", "p", "pairs", "differences")
    return [{name: getattr(verdict, name) for name in kept} for verdict in verdicts]


@pytest.fixture
def again(tmp_path):
    """Write bytes as runs.csv and judge by it."""

    def call(data, study):
        path = tmp_path / "runs.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return numbers(recompute(path, study))

    return call


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(ODD) | st.text(min_size=1, max_size=5).map(str.strip).filter(str.isprintable), min_size=1,
             max_size=3, unique=True).filter(all),
    st.lists(st.sampled_from(ODD) | st.text(min_size=1, max_size=5).map(str.strip).filter(str.isprintable), min_size=1,
             max_size=3, unique=True).filter(all),
    st.lists(st.sampled_from([None, True, False, 0, 0.5, 2, "true", "1", "", "=1", "-a", "none"]) | st.text(max_size=4),
             min_size=2, max_size=2, unique_by=lambda level: json.dumps([type(level).__name__, str(level)])),
)  # fmt: skip
def test_whatever_factors_metrics_and_levels_are_called_the_file_brings_them_back(
    again, tmp_path, factors, metrics, levels
):
    if levels[0] == levels[1] or metrics[0] == "outcome":
        return
    study, tables = make(factors, metrics[0], levels, metrics[1:])
    text = runs_csv(tables)
    assert again(text, study) == numbers(judge(study, tables))
    back = tables_from_csv(tmp_path / "runs.csv", study)
    assert back.factors == factors
    assert sorted(back.metrics) == sorted(metrics)
    assert back.levels() == tables.levels()
    for name in metrics:
        assert back.logged(name).tolist() == tables.logged(name).tolist()


def saved_again(text, change):
    return change(pd.read_csv(io.StringIO(text)))


STUDY, TABLES = make(("x", "init"), "acc", (False, True))
CSV = runs_csv(TABLES)


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.replace("\n", "\r\n").encode(),
        saved_again(CSV, lambda t: t.to_csv(index=False)),
        saved_again(CSV, lambda t: t.to_csv()),
        saved_again(CSV, lambda t: t.reset_index().to_csv(index=False)),
        saved_again(CSV, lambda t: t.astype({"seed": float, "budget": float, "init": float}).to_csv()),
        saved_again(CSV, lambda t: t.to_csv(sep=";", decimal=",", index=False)),
        saved_again(CSV, lambda t: t.to_csv(sep="\t", index=False)),
        saved_again(CSV, lambda t: t.sample(frac=1.0, random_state=3).to_csv(index=False)),
        saved_again(CSV, lambda t: t[sorted(t.columns, reverse=True)].to_csv(index=False)),
        saved_again(CSV, lambda t: t.drop(columns=["arm", "run_id", "identity", "seconds"]).to_csv(index=False)),
        saved_again(CSV, lambda t: t.assign(baseline=t["baseline"].map({True: "TRUE", False: "FALSE"})).to_csv()),
    ],
    ids=["bom", "utf-16", "crlf", "pandas", "index", "index named", "floats", "semicolons", "tabs", "rows", "columns",
         "fewer", "upper"],
)  # fmt: skip
def test_a_file_that_was_saved_again_gives_the_same_verdicts(again, data):
    assert again(data, STUDY) == numbers(judge(STUDY, TABLES))


def test_numbers_that_lost_digits_give_nearly_the_same_verdicts(again):
    data = saved_again(CSV, lambda t: t.to_csv(index=False, float_format="%.15g"))
    assert again(data, STUDY)[0]["effect"] == pytest.approx(judge(STUDY, TABLES)[0].effect, rel=1e-12)
    study, tables = make(("init.std",), "acc", (0.541169527, 2.0))
    lost = saved_again(runs_csv(tables), lambda t: t.to_csv(index=False, float_format="%.6g"))
    assert again(lost, study)[0]["outcome"] == "supported"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="baseline"), "is not a runs.csv: it has no column baseline"),
        (lambda t: t.assign(seed=t["seed"] + 0.5), "line 2, seed: expected a whole number, got '0.5'"),
        (
            lambda t: t.assign(seed=[None, *t["seed"][1:]]),
            "line 2: expected a whole number as `seed`, got an empty cell",
        ),
        (
            lambda t: t.assign(acc=["high", *t["acc"][1:]]),
            "line 2, acc: expected a number or an empty cell, got 'high'",
        ),
        (lambda t: t.assign(outcome="won"), "line 2: unknown outcome 'won'"),
        (lambda t: t.assign(baseline=1), "line 2, baseline: expected true or false, got '1'"),
        (lambda t: t.assign(x=1), "line 2: x has the levels false, true, got '1'"),
        (lambda t: t.rename(columns={"x": "y"}), "and the study differ in their factors: x, y"),
        (lambda t: t.assign(x=[True, *t["x"][1:]]), "line 3: a0 has other levels than in line 2"),
        (
            lambda t: pd.concat([t, t.iloc[[3]]]),
            r"runs\.csv, line 18: a0 has a run of seed 3 in line 5 already; expected one run for an arm and seed",
        ),
    ],
)
def test_what_a_file_that_was_edited_lacks_is_one_line(again, change, message):
    with pytest.raises(UserError, match=message) as error:
        again(saved_again(CSV, lambda t: change(t).to_csv(index=False)), STUDY)
    assert "\n" not in str(error.value)


def test_the_id_of_an_arm_that_reads_as_a_number_is_found_again(tmp_path):
    ids = {"a0": "000123456789", "a1": "1234567890e2"}
    tables = dataclasses.replace(
        TABLES,
        planned=TABLES.planned.replace({"arm_id": ids}),
        seeds=TABLES.seeds.replace({"arm_id": ids}),
        facts={ids[arm]: facts for arm, facts in TABLES.facts.items()},
    )
    path = tmp_path / "runs.csv"
    path.write_text(saved_again(runs_csv(tables), lambda t: t.to_csv(index=False)), encoding="utf-8")
    assert list(tables_from_csv(path, STUDY, arms=tables.facts).facts) == list(ids.values())
    with pytest.raises(UserError, match="unknown arm"):
        tables_from_csv(path, STUDY, arms=["abc"])


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
def test_a_level_is_written_so_that_it_comes_back_and_is_no_formula(level):
    cell = level_cell(level)
    found = level_of(cell)
    assert (found, type(found)) == (level, type(level))
    assert not isinstance(level, str) or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("metric", "value", "said"),
    [
        ("ttt/steps", 5000.0, r"line \d+: 'ttt/steps' is 5000, above the budget of 100 steps"),
        ("ttt/steps", 2.5, r"line \d+: 'ttt/steps' must be a whole number >= 1"),
        ("final/test_accuracy", 5.0, r"line \d+: final/test_accuracy must lie in \[0, 1\]"),
    ],
)
def test_a_value_that_no_run_can_have_is_refused_as_an_import_refuses_it(again, metric, value, said):
    study, tables = make(metric=metric)
    tables.seeds[metric] = 40.0 if metric == "ttt/steps" else 0.5
    again(runs_csv(tables), study)
    tables.seeds.loc[3, metric] = value
    with pytest.raises(UserError, match=said):
        again(runs_csv(tables), study)
