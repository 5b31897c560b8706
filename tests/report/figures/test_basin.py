"""Where each side learns well: medians, the allowance, the stretch in its hue, what the width is a sum of."""

import math

import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.figures.basin import basin_figures
from ablate.report.figures.render import svg
from ablate.stats.basin import level_spans

from ...judge.conftest import BN, NORM, make_study, make_tables

STDS = [0.0001, 0.001, 0.01, 0.1, 1.0]
FACTORS = {**NORM, "init.std": STDS}
CLAIM = {"kind": "basin_width", **BN, "metric": "ttt/steps", "over": "init.std", "by_at_least": 0.5}


def bowl(v, s):
    away = abs(math.log10(v["init.std"] / 0.01)) / (1.2 if v["norm"] == "batch" else 0.4)
    steps = (20.0 if v["norm"] == "batch" else 30.0) * 2.0**away + s
    return steps if steps <= 100 else ("censored", math.nan)


def draw(value=bowl, factors=FACTORS, **claim):
    study = make_study(factors, CLAIM | claim)
    tables = make_tables(factors, value, seeds=7, metric="ttt/steps", steps=100)
    verdicts = judge(study, tables)
    return verdicts, basin_figures(study, tables, verdicts)


def marked(ax, gid):
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def test_medians_the_allowance_and_the_good_stretch_are_those_of_the_runs():
    _, (drawn,) = draw()
    upper, _ = drawn.figure.axes
    none, batch = marked(upper, "median")
    assert batch.get_ydata()[2] == 23.0
    assert np.isnan(none.get_ydata()[:1]).all()
    lines = [line.get_ydata()[0] for line in marked(upper, "allowed")]
    assert lines == [2 * 33.0, 2 * 23.0]
    spans = [(round(math.log10(r.get_x()), 9), round(math.log10(r.get_x() + r.get_width()), 9), r.get_height())
             for r in marked(upper, "good")]  # fmt: skip
    assert [span[:2] for span in spans] == [(-2.5, -1.5), (-3.5, -2.5), (-2.5, -1.5), (-1.5, -0.5)]
    (blue, _), (orange, _) = ((m.get_xdata(), m.get_ydata()) for m in marked(upper, "not-reached"))
    assert list(blue) == [0.0001, 0.001, 0.1, 1.0]
    assert list(orange) == []


def test_the_area_of_the_shares_is_the_mean_width():
    (verdict,), (drawn,) = draw(lambda v, s: bowl(v, s) if s % 2 else (40.0 if v["init.std"] < 1 else 90.0))
    lower = drawn.figure.axes[1]
    areas = [0.0, 0.0]
    for bar in marked(lower, "share"):
        ends = math.log10(bar.get_x()), math.log10(bar.get_x() + bar.get_width())
        areas[int(bar.get_y())] += (ends[1] - ends[0]) * bar.get_height() / 0.86
    spans = level_spans(verdict.details["levels"])
    assert areas == pytest.approx([spans @ verdict.details[side]["good_share"] for side in ("against", "arm")])
    assert f"≥ {areas[1]:.2f}" in [text.get_text() for text in lower.texts]


def test_every_verdict_and_every_cell_has_its_panel():
    factors = {**FACTORS, "optimizer": ["sgd", "adam"], "fairness": ["fixed", "tuned"]}
    verdicts, (drawn,) = draw(bowl, factors, each="fairness")
    assert len(verdicts) == 2
    titles = [text.get_text() for ax in drawn.figure.axes for text in ax.texts]
    assert "optimizer = adam, fairness = tuned" in titles
    assert len([ax for ax in drawn.figure.axes if marked(ax, "median")]) == 4
    assert "optimizer = sgd, fairness = fixed: norm=batch is good at 3 of 5 levels, from 0.001 to 0.1" in drawn.alt


def test_a_side_that_never_learns_is_shown_as_not_reached():
    _, (drawn,) = draw(lambda v, s: bowl(v, s) if v["norm"] == "batch" else "diverged")
    upper = drawn.figure.axes[0]
    assert len(marked(upper, "allowed")) == 1
    assert len(marked(upper, "not-reached")[0].get_xdata()) == 5
    svg(drawn)


def test_a_basin_cut_off_by_the_levels_run_is_marked_as_at_least_so_wide():
    _, (drawn,) = draw(lambda v, s: 30.0 if v["norm"] == "batch" else bowl(v, s))
    texts = [text.get_text() for text in drawn.figure.axes[1].texts]
    assert "≥ 4.00" in texts
    assert "1.00" in texts
    assert "may go on beyond" in drawn.caption
    assert "may go on beyond" not in draw()[1][0].caption


def test_two_sides_that_never_learn_are_still_drawn():
    _, (drawn,) = draw(lambda v, s: "censored")
    assert "good at no level" in drawn.alt
    svg(drawn)


def test_a_study_without_such_a_claim_has_no_such_figure():
    study = make_study(FACTORS, {**BN, "metric": "ttt/steps"})
    tables = make_tables(FACTORS, bowl, metric="ttt/steps")
    assert basin_figures(study, tables, judge(study, tables)) == []


def test_it_speaks_chinese():
    with speaking("zh"):
        _, (drawn,) = draw()
    assert "自身最佳值的 2 倍" in svg(drawn)
    assert "own best" not in svg(drawn) + drawn.caption + drawn.alt
