"""What curves tell of runs: areas, steps to a target, what is drawn; for every source alike."""

import numpy as np
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.contract import RunTable
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in
from ablate.sweep.found.derived import MOST_POINTS
from ablate.train.program import Curve

STEPS = np.arange(0, 50, 10)


def values(norm, seed):
    speed = 12.0 if norm == "none" else 6.0
    return np.round((0.9 + 0.001 * seed) * (1 - 0.8 * np.exp(-STEPS / speed)), 6)


def table(change=lambda norm, seed, curve: curve, n=8):
    rows, curves = [], []
    for norm in ("none", "batch"):
        for seed in range(n):
            curve = change(norm, seed, Curve(STEPS, values(norm, seed)))
            rows.append({"config.norm": norm, "config.seed": seed, "metrics.val/acc": float(curve.values[-1])})
            curves.append({"metrics.val/acc": curve})
    return RunTable.of("runs", rows, curves=curves)


def found(held, **asked):
    return found_in(held, Asked(**asked), name="runs")


def told(held, what):
    return next((one for one in held.done if one.what.startswith(what)), None)


def cut(norm, seed, curve):
    return Curve(curve.steps[:3], curve.values[:3]) if (norm, seed) == ("batch", 2) else curve


def test_the_area_is_that_of_trapezoids_over_the_steps_that_all_runs_have():
    held = found(table())
    areas = list(map(float, held.table.column("aulc/val_acc")))
    expected = [np.trapezoid(values(norm, seed), STEPS) / 40 for norm in ("none", "batch") for seed in range(8)]
    assert areas == pytest.approx(expected, abs=1e-12)
    assert [claim["metric"] for claim in held.study["claims"]] == ["val/acc"]  # shown, but not claimed unasked
    asked = found(table(), metrics={"aulc/val_acc": None})
    assert [claim["metric"] for claim in asked.study["claims"]] == ["aulc/val_acc"]


def test_the_area_over_other_steps_is_read_off_between_the_points():
    held = found(table(lambda norm, seed, c: Curve(c.steps + (5 if norm == "batch" else 0), c.values)))
    assert told(held, "areas under curves").which == "aulc/val_acc: steps 5 to 40"
    first = [5, 10, 20, 30, 40]
    expected = np.trapezoid(np.interp(first, STEPS, values("none", 0)), first) / 35
    assert float(held.table.column("aulc/val_acc")[0]) == pytest.approx(expected, abs=1e-12)


def test_steps_to_a_target_count_and_a_run_that_missed_it_counts_as_the_budget():
    held = found(table(), target=0.72, by_at_least=0.001)
    assert [claim["metric"] for claim in held.study["claims"]] == ["val/acc", "reach/val_acc"]
    assert "by_at_least" not in held.study["claims"][1]  # δ is in the unit of the metric
    expected = {}
    for norm in ("none", "batch"):
        hit = [values(norm, seed) >= 0.72 for seed in range(8)]
        expected[norm] = [next((int(s) for s, a, b in zip(STEPS, h[:-1], h[1:], strict=False) if a and b), None)
                          for h in hit]  # fmt: skip
    cells = [None if not cell else int(float(cell)) for cell in held.table.column("reach/val_acc")]
    assert cells == expected["none"] + expected["batch"]
    missed = found(table(), target=0.9)
    assert set(missed.table.column("budget")) == {"40"}
    assert missed.table.column("outcome").count("censored") == told(missed, "runs did not reach the target").count


def test_a_row_per_step_has_curves_too_and_gives_the_same_verdicts(tmp_path):
    rows = [f"{norm},{seed},{step},{value}" for norm in ("none", "batch") for seed in range(8)
            for step, value in zip(STEPS, values(norm, seed), strict=True)]  # fmt: skip
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(["norm,seed,step,val_acc", *rows]) + "\n")
    judged = ablate.judge_runs(path, target=0.72)
    by = {v.metric: v for v in judged.verdicts}
    gaps = [values("batch", seed)[-1] - values("none", seed)[-1] for seed in range(8)]
    assert by["val_acc"].effect == pytest.approx(np.mean(gaps), abs=1e-12)
    steps = {norm: [STEPS[np.argmax(values(norm, seed) >= 0.72)] for seed in range(8)] for norm in ("none", "batch")}
    assert by["reach/val_acc"].effect == pytest.approx(np.mean(steps["none"]) - np.mean(steps["batch"]))


def test_a_run_that_ends_before_the_others_of_its_arm_is_not_finished():
    held = found(table(cut))
    assert held.table.column("outcome").count("unfinished") == 1
    assert told(held, "ended before the other runs").which == "line 11"
    assert "unfinished" not in found(table(cut), early_stopping=True).table.column("outcome")


def test_runs_of_an_arm_that_all_end_elsewhere_stopped_by_their_own_rule():
    held = found(table(lambda norm, seed, c: Curve(c.steps[: 2 + seed % 4], c.values[: 2 + seed % 4])))
    assert "unfinished" not in held.table.column("outcome")


def test_long_curves_are_thinned_and_unlike_steps_are_read_off_at_the_same_ones():
    long = np.arange(1000)

    def other(norm, seed, curve):
        return Curve(long + seed, np.linspace(0.1, 0.9 + seed / 1000, 1000))

    held = found(table(other))
    drawn = [curves["val/acc"] for curves in held.table.curves.values()]
    assert len(drawn) == 16
    assert max(len(curve.steps) for curve in drawn) <= MOST_POINTS
    shared = set.intersection(*(set(curve.steps.tolist()) for curve in drawn))
    assert len(shared) > 0.9 * MOST_POINTS
    own = drawn[3]
    assert own.values == pytest.approx(np.interp(own.steps, long + 3, np.linspace(0.1, 0.903, 1000)))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": 1.5}, r"`--target` must lie in \[0, 1\], as val/acc does, got 1.5"),
        ({"metrics": {"aulc/val_loss": "lower"}}, "no column 'val_loss' for --metric"),
    ],
)
def test_what_no_curve_can_tell_is_refused(asked, message):
    with pytest.raises(UserError, match=message):
        found(table(), **asked)


def test_without_histories_there_is_no_target_and_no_area():
    bare = RunTable.of("runs", [dict(zip(table().head, line.cells, strict=True)) for line in table().lines])
    with pytest.raises(UserError, match=r"--target 0.5: runs holds no histories"):
        found(bare, target=0.5)
    with pytest.raises(UserError, match=r"--metric aulc/val_acc: runs holds no histories"):
        found(bare, metrics={"aulc/val_acc": None})
