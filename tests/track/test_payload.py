import math

import numpy as np
import pytest

from ablate.track import payload
from ablate.track.record import SeedRecord
from ablate.track.summary import arm_points
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult


def test_a_seed_run_is_named_by_its_difference_from_the_baseline(arm):
    assert payload.run_name(arm("batch"), 3) == "norm=batch · seed 3"


def test_only_finite_values_become_points():
    steps = np.array([1, 2, 3], dtype=np.int64)
    curves = {"train/loss": Curve(steps, np.array([1.0, np.nan, -np.inf]))}
    run = SeedRecord("i", RunResult(0, Outcome.DIVERGED, {"final/x": math.nan, "best/x": 0.5}, curves, 2))
    points = payload.seed_points(run)
    assert ("train/loss", 1, 1.0) in points
    assert ("best/x", 0, 0.5) in points
    assert all(math.isfinite(value) for _, _, value in points)
    assert {name for name, _, _ in points} == {"train/loss", "best/x", "first_nonfinite_step"}


def test_seconds_that_nobody_measured_are_no_point():
    unmeasured, measured = (SeedRecord("i", RunResult(0, Outcome.REACHED, **known)) for known in ({}, {"seconds": 1.5}))
    assert payload.seed_points(unmeasured) == []
    assert payload.seed_points(measured) == [("seconds", 0, 1.5)]


def test_a_scalar_named_like_a_curve_does_not_add_a_point_to_it():
    curves = {"loss": Curve(np.array([5], dtype=np.int64), np.array([1.0]))}
    run = SeedRecord("i", RunResult(0, Outcome.REACHED, {"loss": 0.25}, curves))
    assert ("scalar/loss", 0, 0.25) in payload.seed_points(run)
    assert [p for p in payload.seed_points(run) if p[0] == "loss"] == [("loss", 5, 1.0)]


def test_a_plan_survives_being_stored(study):
    import json

    asked = study()
    assert payload.planned(json.loads(json.dumps(payload.plan(asked)))) == asked


def test_a_long_description_is_cut_on_a_line_and_says_so(study):
    from dataclasses import replace

    note = payload.study_note(replace(study(), note="\n".join(["a line"] * 3_000)))
    assert len(note) < 8_000
    assert note.endswith("… (cut; all of it is in `plan.json`)")


@pytest.mark.parametrize(("values", "expected"), [([1.0], []), ([2.0, 2.0, 2.0], [2.0, 2.0])])
def test_intervals_of_few_or_equal_values(values, expected):
    rows = [(str(seed), "final/x", 0, value) for seed, value in enumerate(values)]
    found = arm_points(["reached"] * len(values), rows, set())
    assert [value for name, _, value in found if name.startswith("ci95_")] == expected


def test_a_mean_over_survivors_says_how_many_they_are():
    rows = [("a", "final/x", 0, 1.0), ("b", "final/x", 0, 3.0), ("a", "loss", 5, 1.0), ("b", "loss", 5, 2.0)]
    found = arm_points(["reached", "reached", "diverged"], rows, {"loss"})
    points = {(name, step): value for name, step, value in found}
    assert points["final/x", 0] == 2.0
    assert points["n/final/x", 0] == points["n/loss", 5] == 2
    assert points["count/n", 0] == 3
    assert ("ci95_low/loss", 5) not in points


def test_what_a_study_is_about_leads_the_metrics_of_an_arm_and_counts_come_last():
    names = ("seconds", "loss", "aulc/train_accuracy", "final/train_accuracy", "final/test_accuracy", "score")
    rows = [(run, name, 0, value) for name in names for run, value in (("a", 1 / 3), ("b", 2 / 3))]
    found = arm_points(["reached", "reached"], rows, {"loss"})
    means = [name for name, _, _ in found if not name.startswith(("ci95", "count/"))]
    assert means == [
        "final/test_accuracy", "score", "final/train_accuracy", "aulc/train_accuracy", "loss", "seconds",
    ]  # fmt: skip
    assert found[-1][0].startswith("count/")
    assert not found[0][0].startswith("count/")  # by which MLflow would compare two arms
    assert all(len(repr(value)) <= 10 for name, _, value in found if name.startswith("ci95"))
