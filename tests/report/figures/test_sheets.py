"""Figures of many arms show a choice that knows no result, and all of it on demand; shared axes are set once."""

import dataclasses

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.judge.rule import judge
from ablate.report.draw import draw_all
from ablate.report.figures.endings import ending_sheets
from ablate.report.figures.learning_curves import curve_sheets
from ablate.report.figures.sheets import (
    MOST_PANELS,
    MOST_ROWS,
    MOST_VERDICTS,
    TALLEST,
    left_out,
    of_verdicts,
    sheets,
)
from ablate.report.figures.style import Drawn

from ..alone import learning_curves

STDS = tuple(round(float(s), 5) for s in np.linspace(0.001, 1.0, MOST_PANELS + 8))
MANY = {"stds": STDS, "seeds": 2, "evaluations": 4, "missing": 0}


@pytest.fixture(scope="module")
def many():
    from ..conftest import build

    return build(**MANY)


def panels(drawn):
    return [ax.get_title(loc="left") for ax in drawn.figure.axes if ax.get_visible()]


def test_a_choice_keeps_the_baseline_the_first_and_the_last_in_their_order():
    (chosen,) = sheets(range(1000), 32, keep=lambda n: n == 500, whole=False)
    assert len(chosen) == 32
    assert chosen == sorted(set(chosen))
    assert {0, 500, 999} <= set(chosen)
    assert max(np.diff(chosen)) < 3 * 1000 / 32


def test_curves_of_many_arms_say_what_is_left_out_and_how_to_get_it(many):
    _, tables = many
    drawn = learning_curves(tables, "train/accuracy", contrast="norm")
    assert drawn is not None
    assert len(panels(drawn)) == MOST_PANELS
    assert f"Shown: {MOST_PANELS} of {len(STDS)} panels" in drawn.caption
    assert "ablate report " in drawn.caption
    assert "--every-arm" in drawn.caption


def test_what_is_chosen_does_not_depend_on_results(many):
    _, tables = many
    curves = tables.curves.assign(value=tables.curves["value"].to_numpy()[::-1])
    again = dataclasses.replace(tables, curves=curves)
    first, second = (learning_curves(one, "train/accuracy", contrast="norm") for one in (tables, again))
    assert first is not None
    assert second is not None
    assert panels(first) == panels(second)


def test_every_panel_is_drawn_on_demand_once_and_on_the_same_axes(many):
    _, tables = many
    drawn = curve_sheets(tables, "train/loss", contrast="norm", whole=True)
    titles = [title for one in drawn for title in panels(one)]
    assert len(drawn) == 2
    assert len(titles) == len(set(titles)) == len(STDS)
    assert len({one.name for one in drawn}) == 2
    assert "sheet 2 of 2" in drawn[1].title
    assert not any("Shown:" in one.caption for one in drawn)
    assert len({ax.get_ylim() for one in drawn for ax in one.figure.axes}) == 1


def test_rows_of_many_arms_are_chosen_and_all_are_there_on_demand(many):
    _, tables = many
    (chosen,) = ending_sheets(tables, "final/test_accuracy", contrast="norm")
    assert len(chosen.figure.axes[0].get_yticks()) == MOST_ROWS
    assert f"Shown: {MOST_ROWS} of {2 * len(STDS)} arms" in chosen.caption
    every = ending_sheets(tables, "final/test_accuracy", contrast="norm", whole=True)
    assert sum(len(one.figure.axes[0].get_yticks()) for one in every) == 2 * len(STDS)


def test_a_full_sheet_is_not_taller_than_a_printed_page_holds(many):
    _, tables = many
    curves = learning_curves(tables, "train/accuracy", contrast="norm")
    (rows,) = ending_sheets(tables, "final/test_accuracy", contrast="norm")
    assert curves is not None
    assert [round(one.figure.get_size_inches()[1], 3) for one in (curves, rows)] == [TALLEST, TALLEST]


def test_failures_among_what_is_left_out_are_counted(many):
    _, tables = many
    arms = list(tables.planned["arm_id"])
    seeds = tables.seeds.assign(outcome=["diverged" if arm == arms[3] else "reached" for arm in tables.seeds["arm_id"]])
    there = dataclasses.replace(tables, seeds=seeds)
    assert "2 failed" in left_out(there, arms[:3], what="3 of 5 panels")
    assert "0 failed" in left_out(there, arms[:4], what="3 of 5 panels")
    assert left_out(there, arms, what="") == ""


def test_a_study_is_drawn_whole_where_that_is_asked(many):
    study, tables = many
    study = study.model_copy(update={"claims": [], "figures": []})
    few, all_ = (draw_all(study, tables, [], whole=whole).all() for whole in (False, True))
    assert {one.name for one in few} < {one.name for one in all_}


def test_limits_of_shared_axes_are_set_once_for_all_panels(many, monkeypatch):
    _, tables = many
    calls = []
    for name in ("set_xlim", "set_ylim"):
        plain = getattr(Axes, name)

        def counted(self, *args, _plain=plain, **kwargs):
            calls.append(kwargs.get("emit", True))
            return _plain(self, *args, **kwargs)

        monkeypatch.setattr(Axes, name, counted)
    learning_curves(tables, "train/accuracy", contrast="norm")
    assert len([emit for emit in calls if emit]) < 8


def test_of_many_verdicts_a_readable_choice_is_drawn_that_knows_no_result(study):
    one = dataclasses.replace(judge(*study)[0], claim_id="alone")
    many = [one, *(dataclasses.replace(one, claim_id=f"each[x={n}]") for n in range(100))]
    seen = []

    def draw(verdicts):
        seen.append([v.claim_id for v in verdicts])
        return Drawn("forest", "t", Figure(), "Caption.", "alt")

    (drawn,) = of_verdicts(many, draw, whole=False)
    (shown,) = seen
    assert len(shown) == MOST_VERDICTS
    assert shown[0] == one.claim_id
    assert (shown[1], shown[-1]) == ("each[x=0]", "each[x=99]")
    assert f"Shown: {MOST_VERDICTS} of 101 comparisons" in drawn.caption
    assert len(of_verdicts(many, draw, whole=True)) == 3
    assert of_verdicts(many[:3], draw, whole=False)[0].caption == "Caption."
    assert of_verdicts([], lambda _: None, whole=False) == []
