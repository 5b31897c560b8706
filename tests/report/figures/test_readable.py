"""What stands on axes is what a reader compares: ratios, the metric itself, units once, each data set's own chance."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.figures.endings import ending_sheets
from ablate.report.figures.forest import forest
from ablate.report.figures.layout import layout
from ablate.report.figures.learning_curves import curve_sheets
from ablate.report.figures.regions import regions
from ablate.report.figures.series import majority_rates
from ablate.report.figures.ticks import ratio_ticks
from ablate.report.figures.tuning import sensitivity_curves
from ablate.report.figures.tuning_budget import budget_curve
from ablate.report.figures.variance import variance
from ablate.report.wording import with_unit
from tests.report.figures.test_ticks import RATES, trials

CHANCE = (0, (1, 2))


def on_two_data_sets(tables):
    """Half of the arms on data with ten classes, half on data with two."""
    facts, seeds = dict(tables.facts), tables.seeds.copy()
    norms = dict(zip(tables.planned["arm_id"], tables.planned["norm"], strict=True))
    for arm, norm in norms.items():
        data, rate = ("digits", 0.1) if norm == "none" else ("rings", 0.5)
        facts[arm] = facts[arm] | {"dataset": data, "majority_rate": rate}
        seeds.loc[seeds["arm_id"] == arm, "majority_rate"] = rate
    return dataclasses.replace(tables, facts=facts, seeds=seeds)


def dotted(ax):
    return sorted({round(float(line.get_ydata()[0]), 6) for line in ax.lines if line._unscaled_dash_pattern == CHANCE})


def test_each_data_set_has_its_own_chance_line_and_never_a_mean_of_two(make):
    _, tables = make()
    tables = on_two_data_sets(tables)
    assert set(majority_rates(tables).values()) == {0.1, 0.5}
    (apart,) = curve_sheets(
        tables, "train/accuracy", contrast="init.std"
    )  # a panel for each norm, so for each data set
    assert [dotted(ax) for ax in apart.figure.axes] == [[0.1], [0.5]]
    (both,) = curve_sheets(tables, "train/accuracy", contrast="norm")  # both data sets in each panel
    assert {tuple(dotted(ax)) for ax in both.figure.axes if ax.get_visible()} == {(0.1, 0.5)}


def test_seeds_stand_beside_the_chance_of_their_own_data(make):
    _, tables = make()
    (drawn,) = ending_sheets(on_two_data_sets(tables), "final/test_accuracy")
    lines = [line for line in drawn.figure.axes[0].lines if line.get_gid() == "chance"]
    assert sorted({round(float(line.get_xdata()[0]), 6) for line in lines}) == [10.0, 50.0]
    assert "Dotted" in drawn.caption


def test_a_chance_far_from_all_values_does_not_push_them_into_a_corner(make):
    _, tables = make()
    seeds = tables.seeds.copy()
    ended = seeds["outcome"].isin(["reached", "censored"])
    seeds = seeds[ended].copy()
    seeds["final/test_accuracy"] = 0.9 + 0.01 * np.linspace(-1, 1, len(seeds))
    (drawn,) = ending_sheets(dataclasses.replace(tables, seeds=seeds), "final/test_accuracy")
    ax = drawn.figure.axes[0]
    assert not [line for line in ax.lines if line.get_gid() == "chance"]
    assert ax.get_xlim()[0] > 85.0
    assert "Dotted" not in drawn.caption


def test_whole_numbers_have_whole_labels(make):
    _, tables = make()
    seeds = tables.seeds.assign(**{"final/test_loss": 4.0})
    tables = dataclasses.replace(tables, seeds=seeds)
    (drawn,) = ending_sheets(tables, "final/test_loss")
    drawn.figure.draw_without_rendering()
    labels = [label.get_text() for label in drawn.figure.axes[0].get_xticklabels()]
    assert "4" in labels
    assert not any("." in text for text in labels)


@pytest.mark.parametrize(("low", "high"), [(-0.7, 2.5), (-0.3, 0.3), (1.0, 3.0), (-0.06, 0.05)])
def test_an_axis_of_log_ratios_is_labelled_with_ratios(low, high):
    ax = Figure().subplots()
    ax.set_xlim(low, high)
    ratio_ticks(ax.xaxis, low, high)
    ticks = [at for at in ax.get_xticks() if low <= at <= high]
    assert 2 <= len(ticks) <= 8
    assert min(np.diff(ticks)) >= (high - low) / 7 - 1e-12
    assert low > 0 or 0.0 in ticks
    texts = [ax.xaxis.get_major_formatter()(at, None) for at in ticks]
    assert [float(text.removeprefix("×")) for text in texts] == pytest.approx(np.exp(ticks), rel=0.01)


def test_a_forest_of_speeds_shows_how_many_times_as_fast(study):
    verdict = dataclasses.replace(
        judge(*study)[0], kind="time_to_target", scale="log ratio", delta=math.log(1.25), metric="ttt/steps",
        unit="steps", effect=math.log(2), interval_low=math.log(1.6), interval_high=math.log(2.6),
    )  # fmt: skip
    drawn = forest([verdict], failed={})
    ax = drawn.figure.axes[0]
    texts = [ax.xaxis.get_major_formatter()(at, None) for at in ax.get_xticks()]
    assert {"×1", "×2"} <= set(texts)
    assert "log ratio" not in ax.get_xlabel()
    assert "×1 is an effect of 0" in drawn.caption


def test_tuning_by_steps_shows_steps_and_not_their_negative():
    runs = trials(RATES, 2).assign(metric="ttt/steps")
    runs["score"] = -100.0 - 10.0 * runs["trial"]  # less is better: the best trial is the first
    runs["chosen"] = runs["trial"] == 0
    names = {f"a{i}": f"arm={i}" for i in range(2)}
    (curves,) = sensitivity_curves(runs, names, score="steps to the target", lower=True)
    budget = budget_curve(runs, names, score="steps to the target", lower=True)
    for drawn in (curves, budget):
        values = [y for ax in drawn.figure.axes for line in ax.lines for y in line.get_ydata()]
        assert min(values) >= 100.0
        assert drawn.caption.endswith("Lower is better.")
        assert "−" not in drawn.figure.axes[0].get_ylabel()
    curve = budget.figure.axes[0].lines[0].get_ydata()
    assert list(curve) == sorted(curve, reverse=True)  # more trials find fewer steps


def test_the_number_of_seeds_that_chose_stands_below_the_title(make):
    runs = trials(RATES, 4)
    runs["chosen"] = runs["trial"] == runs["seed"]  # each seed chose another value, so rings have numbers
    (drawn,) = sensitivity_curves(runs, {f"a{i}": f"arm={i}" for i in range(4)}, per_seed=True)
    drawn.figure.draw_without_rendering()
    numbers = [text for ax in drawn.figure.axes for text in ax.texts if text.get_gid() == "seeds-that-chose"]
    assert numbers
    for text in numbers:
        assert text.get_window_extent().y1 <= text.axes.title.get_window_extent().y0 or not text.axes.get_title()
        assert text.get_window_extent().y1 <= text.axes.get_window_extent().y1 + 2.0


def test_an_axis_has_its_unit_once_and_never_none():
    assert with_unit("steps from the change of task to the target", "steps").count("steps") == 1
    with speaking("zh"):
        assert with_unit("达标所需步数", "步") == "达标所需步数"
        assert with_unit("测试准确率", "%") == "测试准确率（%）"


def test_a_region_of_differences_names_their_unit(study):
    verdict = dataclasses.replace(
        judge(*study)[0], kind="noninferiority", scale="difference", region_low=-0.01, region_high=math.inf
    )
    drawn = regions([verdict])
    assert [ax.get_xlabel() for ax in drawn.figure.axes] == ["how much better (pp)"]


def test_a_share_below_zero_is_whole_and_has_a_true_minus(make):
    _, tables = make()
    rng = np.random.default_rng(3)
    seeds = tables.seeds.assign(outcome="reached", **{"final/test_accuracy": rng.normal(0.5, 0.01, len(tables.seeds))})
    drawn = variance(dataclasses.replace(tables, seeds=seeds), "final/test_accuracy")
    ax = drawn.figure.axes[0]
    low = ax.get_xlim()[0]
    points = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() in ("D", "o")]
    assert min(points) < 0.0  # noise alone: some terms explain less than nothing
    assert all(point - low >= 0.019 for point in points)
    assert not any("-0." in text.get_text() for text in ax.texts)
    assert "-0." not in drawn.alt


def changing_one_thing(tables, *, crossed):
    """Eight arms: a baseline and three changes of one thing each, on two data sets; or seven changes of it, on one."""
    names = ["first", "second", "third"] if crossed else [f"factor_{i}" for i in range(1, 8)]
    planned = tables.planned.drop(columns=["norm", "init.std"])
    rows = []
    for place in range(len(planned)):
        change = place % 4 if crossed else place
        row = {"data": ("digits", "letters")[place // 4]} if crossed else {}
        row |= {name: "on" if number == change else "off" for number, name in enumerate(names, start=1)}
        differs = [f"{name}={level}" for name, level in row.items() if level in ("letters", "on")]
        rows.append({"arm": ", ".join(differs) or "baseline", **row})
    return dataclasses.replace(tables, planned=planned.assign(**pd.DataFrame(rows)))


def test_a_design_that_changes_one_thing_at_a_time_compares_the_changes_in_each_panel(make):
    _, tables = make()
    plan = layout(changing_one_thing(tables, crossed=True), "first")
    assert [panel.title for panel in plan.panels] == ["data = digits", "data = letters"]
    assert plan.hues == ("baseline", "first=on", "second=on", "third=on")
    assert [[hue for hue, _ in panel.arms] for panel in plan.panels] == [[0, 1, 2, 3]] * 2
    shown = [arm for panel in plan.panels for _, arm in panel.arms]
    assert sorted(shown) == sorted(tables.planned["arm_id"])


def test_where_nothing_crosses_all_changes_each_stands_beside_the_baseline(make):
    _, tables = make()
    tables = changing_one_thing(tables, crossed=False)
    plan = layout(tables, "factor_1")
    base = tables.planned["arm_id"].iloc[0]
    assert [panel.arms[0] for panel in plan.panels] == [(0, base)] * 7
    assert [panel.title for panel in plan.panels][:2] == ["factor_1=on", "factor_2=on"]
