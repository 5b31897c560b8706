"""Labels of axes that stay apart, and values that a logarithmic axis has no place for."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ablate.report.figures.panels import _limits, _Scale
from ablate.report.figures.style import drawing
from ablate.report.figures.ticks import apart
from ablate.report.figures.tuning import sensitivity_curves

from ..alone import learning_curves

RATES = [1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.1, 0.3]


def touching(figure):
    """Return the pairs of labels below one axes that overlap."""
    figure.draw_without_rendering()
    pairs = []
    for ax in (ax for ax in figure.axes if ax.get_visible()):
        low, high = sorted(ax.get_xlim())
        labels = [tick.label1 for tick in ax.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        labels = [label for label in labels if label.get_visible() and label.get_text()]
        turned = any(label.get_rotation() for label in labels)  # then their boxes overlap, and the words do not
        boxes = (
            []
            if turned
            else sorted(((one.get_window_extent(), one.get_text()) for one in labels), key=lambda b: b[0].x0)
        )
        pairs += [(a[1], b[1]) for a, b in itertools.pairwise(boxes) if b[0].x0 < a[0].x1]
    return pairs


def trials(values, arms):
    rng = np.random.default_rng(0)
    rows = [
        {"arm_id": f"a{arm}", "arm": f"arm={arm}", "metric": "final/validation_accuracy", "trial": at, "seed": seed,
         "outcome": "reached", "score": 80.0 + rng.normal() - at, "chosen": at == 3, "optimizer.lr": value}
        for arm in range(arms) for at, value in enumerate(values) for seed in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("arms", [1, 4, 7, 16])
def test_labels_of_eight_learning_rates_do_not_touch(arms):
    runs = trials(RATES, arms)
    (drawn,) = sensitivity_curves(runs, {f"a{i}": f"arm={i}" for i in range(arms)})
    assert touching(drawn.figure) == []
    shown = [ax for ax in drawn.figure.axes if ax.get_visible()]
    columns = {round(ax.get_position().x0, 2) for ax in shown}
    labelled = [ax for ax in shown if any(t.label1.get_visible() for t in ax.xaxis.get_major_ticks())]
    assert {round(ax.get_position().x0, 2) for ax in labelled} == columns  # below every column, also a short one


@pytest.mark.parametrize("names", [True, False])
def test_names_that_touch_are_turned_and_numbers_left_out(names):
    with drawing():
        figure = Figure(figsize=(3.0, 2.0), layout="constrained")
        ax = figure.subplots()
        ax.plot(range(12), range(12))
        ticks = list(range(12))
        if names:
            ax.set_xticks(ticks, [f"a longer name {i}" for i in ticks])
        else:
            ax.set_xticks(ticks)
            ax.xaxis.set_major_formatter(lambda value, _: f"{value + 0.123456:.6f}")
        assert touching(figure)
        apart(figure, names=[ax] if names else ())
    assert touching(figure) == []
    texts = [label.get_text() for label in ax.get_xticklabels()]
    assert len(texts) == 12
    assert all(texts) == names
    assert texts[0]


def test_a_loss_of_0_lies_at_the_end_of_the_axis_and_is_told(study):
    _, tables = study
    curves = tables.curves.copy()
    loss = curves["metric"] == "train/loss"
    last = loss & (curves["step"] == curves.loc[loss, "step"].max())
    curves.loc[last, "value"] = 0.0
    figure = learning_curves(dataclasses.replace(tables, curves=curves), "train/loss", contrast="norm")
    assert "A value of 0 has no place on a logarithmic axis" in figure.caption
    for ax in (ax for ax in figure.figure.axes if ax.get_visible()):
        low = ax.get_ylim()[0]
        assert low > 0.0
        drawn = [line.get_ydata() for line in ax.lines] + [
            path.vertices[:, 1] for c in ax.collections for path in c.get_paths()
        ]
        assert all(np.nanmin(values) >= low * (1 - 1e-9) for values in drawn if np.isfinite(values).any())
    untouched = learning_curves(tables, "train/loss", contrast="norm")
    assert "A value of 0" not in untouched.caption


def test_a_loss_that_goes_below_0_has_an_axis_that_shows_it(study):
    _, tables = study
    curves = tables.curves.copy()
    loss = curves["metric"] == "train/loss"
    curves.loc[loss, "value"] -= 1.0
    figure = learning_curves(dataclasses.replace(tables, curves=curves), "train/loss", contrast="norm")
    (ax, *_) = figure.figure.axes
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim()[0] < curves.loc[loss, "value"].min()


def test_curves_of_one_point_at_step_0_have_an_axis_of_their_own():
    ax = Figure().add_subplot()
    _limits([ax], _Scale("loss", 0.0, 1.0, log=False), 0.0)  # a warning is an error here
    assert ax.get_xlim() == (-0.02, 1.03)
