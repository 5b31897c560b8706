from __future__ import annotations

import dataclasses
import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ablate.judge.jointly import Joint
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.draw import draw_all
from ablate.report.figures.forest import forest
from ablate.report.figures.forest_rows import by_axis, rows_of
from ablate.report.figures.interaction import claimed_interactions
from ablate.report.figures.learning_curves import curve_sheets
from ablate.report.figures.margins import SIZE, text_width
from ablate.report.figures.regions import regions
from ablate.report.figures.render import inline, png, svg
from ablate.report.figures.series import series
from ablate.report.figures.style import Drawn
from ablate.report.pairs import paired_values
from ablate.report.robustness import robustness
from ablate.sweep.study import CurveGrid

from ..alone import curve_grid, draw_endings, learning_curves


def words(figure) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg(figure)))


def failure_marks(figure) -> int:
    marks = [line for ax in figure.figure.axes for line in ax.lines if line.get_gid() == "failure"]
    return sum(len(line.get_xdata()) for line in marks)


def test_band_is_the_pointwise_t_interval_over_seeds(study):
    _, tables = study
    arm = tables.planned["arm_id"][1]  # norm=none, init.std=0.01: nothing fails
    one = series(tables, "train/accuracy")[arm]
    column = one.runs[:, 7]
    half = 2.3646 * column.std(ddof=1) / math.sqrt(8)
    assert one.mean[7] == pytest.approx(column.mean())
    assert one.high[7] - one.mean[7] == pytest.approx(half, rel=1e-4)


def test_a_diverged_run_counts_at_chance_on_accuracy_and_ends_the_mean_of_a_loss(study):
    _, tables = study
    arm = tables.planned["arm_id"][3]  # norm=none, init.std=1: six of eight diverge
    accuracy, loss = series(tables, "train/accuracy")[arm], series(tables, "train/loss")[arm]
    survivors = accuracy.runs[np.isfinite(accuracy.runs[:, -1]), -1]
    assert len(survivors) == 2
    assert accuracy.mean[-1] == pytest.approx((survivors.sum() + 6 * 0.104) / 8)
    assert math.isnan(loss.mean[-1])
    assert math.isfinite(loss.mean[0])


def test_an_arm_whose_program_does_not_measure_the_metric_has_no_row_of_endings(study):
    _, tables = study
    arm, label = tables.planned[["arm_id", "arm"]].iloc[1]  # nothing fails there
    seeds = tables.seeds.copy()
    seeds.loc[seeds["arm_id"] == arm, "path/length"] = math.nan
    seeds.loc[seeds["arm_id"] != arm, "path/length"] = 1.0
    drawn = words(draw_endings(dataclasses.replace(tables, seeds=seeds), "path/length", contrast="norm"))
    assert tables.planned["arm"].iloc[2] in drawn
    assert label not in drawn


def test_every_failed_run_is_marked_and_counted(study):
    model, tables = study
    failed = int(tables.seeds["outcome"].isin(["diverged", "crashed"]).sum())
    for figure in (
        learning_curves(tables, "train/accuracy", contrast="norm"),
        learning_curves(tables, "train/loss", contrast="norm"),
        curve_grid(tables, model.figures[0]),
        draw_endings(tables, "final/test_accuracy", contrast="norm"),
    ):
        assert figure is not None
        assert failure_marks(figure) == failed
    grid = curve_grid(tables, model.figures[0])
    assert grid is not None
    assert "2/8 ×6" in words(grid)
    assert "∅1" in words(grid)


def test_an_arm_with_a_failed_run_without_a_value_has_no_mean_of_the_survivors(study):
    _, tables = study
    seeds, arm = tables.seeds.copy(), tables.planned["arm_id"][2]
    seeds["final/test_loss"] = np.arange(len(seeds), dtype=np.float64)
    one = seeds.index[seeds["arm_id"] == arm][0]
    failed = seeds["outcome"].isin(["diverged", "crashed"]) | (seeds.index == one)
    seeds.loc[failed, "final/test_loss"] = math.nan
    seeds.loc[one, "outcome"] = "diverged"
    figure = draw_endings(dataclasses.replace(tables, seeds=seeds), "final/test_loss", contrast="norm")
    assert figure is not None
    assert failure_marks(figure) == failed.sum()
    means = [line for ax in figure.figure.axes for line in ax.lines if line.get_markersize() == 6.4]
    with_failures = seeds.loc[failed, "arm_id"].nunique()
    assert len(means) == len(tables.planned) - with_failures
    assert figure.alt.count("mean none (") == with_failures
    assert "its arm has no mean" in figure.caption


def test_a_run_that_failed_before_its_first_evaluation_is_still_marked(study):
    _, tables = study
    arm = tables.planned["arm_id"][3]
    curves = tables.curves[tables.curves["arm_id"] != arm]
    figure = learning_curves(
        type(tables)(tables.study, tables.planned, tables.seeds, curves, tables.facts), "train/loss"
    )
    assert figure is not None
    assert failure_marks(figure) == 7


def test_an_axis_that_ends_below_a_curve_says_so(study):
    _, tables = study
    figure = learning_curves(tables, "train/loss", contrast="norm")
    assert figure is not None
    assert "runs go above it" in figure.caption


def test_grid_has_a_panel_per_level_with_its_chance_line(make):
    model, tables = make(stds=tuple(float(s) for s in np.logspace(0, -4, 16)), seeds=3)
    figure = curve_grid(tables, model.figures[0])
    assert figure is not None
    shown = [ax for ax in figure.figure.axes if ax.get_visible()]
    assert len(shown) == 16
    assert all(any(line.get_ydata()[0] == pytest.approx(0.104) for line in ax.lines) for ax in shown)
    assert "init.std = 0.0074" in words(figure)
    assert len(png(figure)) < 250_000


def test_grid_of_a_metric_nobody_logged_is_left_out(study):
    _, tables = study
    assert curve_grid(tables, CurveGrid(metric="no/such", panel="init.std", hue="norm")) is None


@pytest.mark.parametrize("arms", [1, 3, 9, 20])
def test_one_factor_of_any_size_is_drawn(make, arms):
    _, tables = make(
        stds=tuple(0.001 * 1.3**i for i in range(arms)), norms=("batch",), seeds=2, missing=0, claims=False
    )
    figure = learning_curves(tables, "train/accuracy")
    assert figure is not None
    assert len(figure.figure.axes) >= (1 if arms <= 4 else arms - 1)


def test_a_single_seed_has_a_mean_and_no_band(make):
    _, tables = make(seeds=1, missing=0, claims=False)
    one = series(tables, "train/accuracy")[tables.planned["arm_id"][1]]
    assert np.isfinite(one.mean).all()
    assert np.isnan(one.low).all()
    assert draw_endings(tables, "final/test_accuracy") is not None


def test_hues_differ_in_marker_and_dash_too(study):
    _, tables = study
    figure = learning_curves(tables, "train/accuracy", contrast="norm")
    assert figure is not None
    (legend,) = figure.figure.legends
    none, batch, _ = legend.get_lines()
    assert none.get_color() != batch.get_color()
    assert none.get_marker() != batch.get_marker()
    assert none.get_linestyle() != batch.get_linestyle()


def test_forest_says_outcomes_in_words_and_shape(study):
    verdict = judge(*study)[0]
    rows = [
        dataclasses.replace(verdict, claim_id=f"a[x={i}]", outcome=outcome)
        for i, outcome in enumerate(("supported", "refuted", "inconclusive"))
    ]
    bare = dataclasses.replace(verdict, claim_id="b", outcome="not_tested", effect=None, interval_low=None,
                               interval_high=None, p_adjusted=None, differences={})  # fmt: skip
    figure = forest([*rows, bare], failed={"a[x=1]": 5})
    assert figure is not None
    text = words(figure)
    assert all(word in text for word in ("supported", "refuted", "inconclusive", "not tested", "×5"))
    assert "a[x=1] refuted" in figure.alt


@pytest.mark.parametrize(
    "levels", ["b", "batch_size=1, activation=sigmoid, optimizer=sgd, schedule=inverse_sqrt", "学习率" * 14]
)
def test_names_in_a_forest_do_not_run_into_its_marks(study, levels):
    verdict = judge(*study)[0]
    rows = [dataclasses.replace(verdict, claim_id=name) for name in (f"a[{levels}]", "a[c]", levels)]
    figure = forest(rows)
    assert figure is not None
    figure.figure.draw_without_rendering()
    (ax,) = figure.figure.axes
    room = ax.get_window_extent()
    names = [text.get_window_extent() for text in ax.texts if levels in text.get_text()]
    assert len(names) == 2
    assert all(name.x0 >= 0 and name.x1 <= room.x0 for name in names)
    assert room.width >= 2.7 * figure.figure.dpi


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize("picture", [forest, regions])
def test_no_two_texts_of_a_row_touch(study, tongue, picture):
    kind = "difference" if picture is forest else "noninferiority"
    verdict = dataclasses.replace(judge(*study)[0], kind=kind, unit="", label="")
    long = dataclasses.replace(verdict, interval_low=-0.001723, interval_high=4321.00421, p_adjusted=0.0471, delta=0.0)
    low = [
        dataclasses.replace(long, claim_id="c0", effect=0.00123, outcome="supported"),
        dataclasses.replace(long, claim_id="c1", effect=-9.5, outcome="inconclusive"),
    ]
    with speaking(tongue):
        drawn = picture(low)
    drawn.figure.draw_without_rendering()
    for ax in drawn.figure.axes:
        rows = {}
        for text in ax.texts:
            if text.get_fontsize() == SIZE:
                size = text_width(text.get_text(), bold=text.get_fontweight() == "bold") * drawn.figure.dpi / 72
                box = text.get_window_extent()
                begins = box.x1 - size if text.get_ha() == "right" else box.x0
                rows.setdefault(text.xy[1], []).append((begins, begins + size, text.get_text()))
        for row in rows.values():
            row.sort()
            assert all(right[0] - left[1] >= 4 for left, right in itertools.pairwise(row)), row


def test_what_shares_no_unit_shares_no_axis(study):
    verdict = dataclasses.replace(judge(*study)[0], kind="difference", delta=0.0)
    steps = dataclasses.replace(verdict, claim_id="x-2", metric="reach/Acc_test", unit="steps")
    assert [[v.claim_id for v in own] for own in by_axis([verdict, steps])] == [[verdict.claim_id], ["x-2"]]
    other = dataclasses.replace(verdict, claim_id="y", metric="loss", unit="")
    assert len(by_axis([verdict, steps, other, dataclasses.replace(other, metric="rmse")])) == 4
    assert len(by_axis([dataclasses.replace(one, delta=0.1) for one in (verdict, steps)])) == 1  # divided by δ


def test_ratios_of_several_metrics_share_an_axis_that_says_so(study):
    verdict = dataclasses.replace(
        judge(*study)[0], kind="time_to_target", scale="log ratio", delta=0.0, metric="ttt/steps", unit="steps",
        effect=0.2, interval_low=0.1, interval_high=0.3,
    )  # fmt: skip
    other = dataclasses.replace(verdict, claim_id="again", metric="ttt/recovery_steps")
    assert len(by_axis([verdict, other])) == 1
    _, axis = rows_of([verdict, other], {})
    assert "effect on each metric (ratio, log scale)" in axis.label
    assert "steps" not in axis.label


def test_a_very_long_name_leaves_a_forest_as_wide_as_others(study):
    verdict = dataclasses.replace(judge(*study)[0], claim_id="trained-on-" + "a-path-of-many-folders-" * 12)
    drawn = forest([verdict])
    assert drawn.figure.get_figwidth() < 14
    assert verdict.claim_id in drawn.alt


@pytest.mark.parametrize(("least", "most", "ticks"), [(0.0, 0.5, "12.5 25 37.5 50"), (0.0, None, "25 50 75 100")])
@pytest.mark.parametrize("whole", [1.0, 100.0])
def test_a_share_with_bounds_of_its_own_is_drawn_in_per_cent_of_all_examples(make, whole, least, most, ticks):
    declared = {
        "better": "higher", "unit": "percent" if whole > 1.0 else "fraction", "failed_counts_as": "chance",
        "bounds": [least, None if most is None else whole * most],
    }  # fmt: skip
    _, tables = make(metrics={"top1": declared}, claims=False)
    curves = tables.curves[tables.curves["metric"] == "train/accuracy"]
    curves = curves.assign(metric="top1", value=whole * curves["value"].clip(upper=most or 1.0))
    (figure,) = curve_sheets(dataclasses.replace(tables, curves=curves), "top1", contrast="norm")
    (ax, *_) = figure.figure.axes
    figure.figure.draw_without_rendering()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", *ticks.split()]
    flat = [line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1]
    assert any(value == pytest.approx(0.104 * whole) for value in flat)


def test_a_fall_is_a_fall_in_every_number(study):
    verdict = dataclasses.replace(
        judge(*study)[0], kind="difference", delta=0.0, metric="reach/Acc_test", unit="steps", predicts="lower",
        effect=4.42, interval_low=1.2, interval_high=7.64, claim_id="lr-0-1-2", arm_text="lr=0.1",
        against_text="lr=0.01", where_text="",
    )  # fmt: skip
    drawn = forest([verdict])
    assert "lower by 4.4 [1.2, 7.6] steps" in words(drawn)
    assert "+4.4" not in words(drawn) + drawn.alt
    assert "right is better" in words(drawn)
    assert "lr=0.1 against 0.01, steps to the target" in words(drawn)
    told = robustness([verdict])
    assert told is None or "+4" not in str(told)


@pytest.mark.parametrize("number", [1, 40])
def test_forest_takes_open_intervals_in_any_number(study, number):
    verdict = judge(*study)[0]
    rows = [
        dataclasses.replace(verdict, claim_id=f"c{i}", interval_low=-math.inf, interval_high=math.inf)
        for i in range(number)
    ]
    figure = forest(rows)
    assert figure is not None
    assert "[−∞, +∞]" in words(figure)
    (ax,) = figure.figure.axes
    assert np.isfinite(ax.get_xlim()).all()
    assert sum(line.get_marker() in "<>" for line in ax.lines) == 2 * number


def test_forest_divides_by_delta_only_where_claims_differ(study):
    verdict = judge(*study)[0]
    alike = forest([verdict, dataclasses.replace(verdict, claim_id="other")])
    unlike = forest([verdict, dataclasses.replace(verdict, claim_id="other", delta=0.02)])
    none = forest([verdict, dataclasses.replace(verdict, claim_id="other", metric="ttt/steps", delta=0.0)])
    assert alike is not None
    assert unlike is not None
    assert none is not None
    assert "(pp)" in words(alike)
    assert "effect / δ" in words(unlike)
    assert "unit of its metric" in words(none)


def test_forest_shows_the_joint_interval_beside_the_own_one_and_says_which_decides(study):
    verdict = dataclasses.replace(judge(*study)[0], interval_low=0.01, interval_high=0.03, joint=None)
    joint = Joint(0.005, 0.035, 0.99, 0.95, 2, "max-T")
    alone = forest([verdict])
    both = forest([dataclasses.replace(verdict, claim_id=f"a[x={i}]", joint=joint) for i in range(2)])
    assert alone is not None
    assert both is not None
    assert "thick bar, which is written beside it, decides" in both.caption
    assert "(95 %, each at 99 %)" in both.caption
    assert "joint over its cells" in words(both)
    assert "joint over its cells" not in words(alone)
    assert "decides" not in alone.caption
    (ax,) = both.figure.axes
    factor = 100 if "(pp)" in words(both) else 1 / verdict.delta
    lines = [line.get_xdata() for line in ax.lines if line.get_gid() == "joint-interval"]
    assert np.array(lines) == pytest.approx(np.array([[0.005, 0.035]] * 2) * factor)


def test_forest_of_nothing_is_nothing():
    assert forest([]) is None


def test_text_that_the_font_lacks_does_not_stop_a_figure(make):
    _, tables = make(norms=("无", "批"), seeds=2, claims=False)
    figure = learning_curves(tables, "train/accuracy")
    assert figure is not None
    assert "批" in svg(figure)
    assert png(figure)


def test_inlined_figure_has_names_of_its_own(study):
    figure = learning_curves(study[1], "train/accuracy")
    assert figure is not None
    text = inline(svg(figure), figure)
    assert text.startswith("<svg")
    assert "<metadata>" not in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert ids
    assert all(name.startswith(f"{figure.name}-") for name in ids)


def test_drawing_leaves_the_users_settings_alone(study):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    learning_curves(study[1], "train/loss")
    assert dict(mpl.rcParams) == before


def test_an_interaction_claim_is_drawn_at_both_of_its_places(make):
    claim = {
        "id": "helps-more", "says": "BatchNorm helps more at a small scale", "kind": "interaction",
        "metric": "aulc/train_accuracy", "arm": {"norm": "batch"}, "against": {"norm": "none"},
        "at": {"init.std": 0.001}, "than_at": {"init.std": 0.1},
    }  # fmt: skip
    study, tables = make()
    study = type(study).model_validate({**study.model_dump(), "claims": [claim]})
    verdicts = judge(study, tables)
    pairs = paired_values(study, tables, verdicts, kinds=("interaction",))
    assert len(pairs) == 2
    common = sorted(set(pairs[0].seeds) & set(pairs[1].seeds))
    there, here = ({s: a - b for s, a, b in zip(p.seeds, p.arm, p.against, strict=True)} for p in pairs)
    assert [there[s] - here[s] for s in common] == pytest.approx([verdicts[0].differences[s] for s in common])
    (drawn,) = claimed_interactions(pairs)
    assert drawn.name == "interaction-helps-more"
    assert "0.001" in words(drawn)


def test_figures_of_one_claim_at_several_levels_have_names_of_their_own(make):
    claim = {
        "id": "more", "says": "More", "kind": "interaction", "metric": "aulc/train_accuracy", "each": ["init.std"],
        "arm": {"norm": "batch"}, "against": {"norm": "none"}, "at": {"depth": 2}, "than_at": {"depth": 1},
    }  # fmt: skip
    study, tables = make(stds=(0.01, 0.1), seeds=3, missing=0)
    factors = {**study.factors, "depth": [1, 2]}
    copies = []
    for depth in (1, 2):
        planned = tables.planned.assign(depth=depth, arm_id=tables.planned["arm_id"].astype(str) + f"-{depth}")
        seeds = tables.seeds.assign(depth=depth, arm_id=tables.seeds["arm_id"].astype(str) + f"-{depth}")
        copies.append((planned.assign(baseline=planned["baseline"] & (depth == 1)), seeds))
    facts = {f"{arm}-{depth}": own for arm, own in tables.facts.items() for depth in (1, 2)}
    planned, seeds = (pd.concat(parts, ignore_index=True) for parts in zip(*copies, strict=True))
    study = type(study).model_validate({**study.model_dump(), "factors": factors, "claims": [claim], "figures": []})
    twice = type(tables)(tables.study, planned, seeds, tables.curves, facts)
    pairs = paired_values(study, twice, judge(study, twice), kinds=("interaction",))
    drawn = claimed_interactions(pairs)
    assert [one.name for one in drawn] == ["interaction-more-init.std-0.01", "interaction-more-init.std-0.1"]
    assert len({one.title for one in drawn}) == 2


def test_a_claim_about_how_runs_end_needs_no_metric_to_be_drawn(make):
    claim = {
        "id": "most-learn", "says": "Most runs learn", "kind": "proportion", "of": "runs",
        "arm": {"norm": "batch"}, "at_least": 0.5,
    }  # fmt: skip
    study, tables = make()
    study = type(study).model_validate({**study.model_dump(), "claims": [claim]})
    drawn = draw_all(study, tables, judge(study, tables))
    assert drawn.verdicts
    assert drawn.endings  # of a metric the runs have


def test_a_narrow_figure_in_a_page_is_not_enlarged_beyond_its_neighbours():
    widths = {}
    for inches in (2, 6, 8):
        figure = Drawn(f"of-{inches}-inches", "", Figure(figsize=(inches, 2)), "", "")
        body = inline(svg(figure, whole=True), figure)
        widths[inches] = int(re.search(r'^<svg[^>]* style="max-width:(\d+)px"', body)[1])
    assert widths == {2: 560, 6: round(6 * 72 * 1.6), 8: round(8 * 72 * 1.6)}  # 560: it scrolls below that
