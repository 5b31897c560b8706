"""Figures of what runs observed: drawn from arrays as they are stored and read back."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from ablate.errors import Failure, UserError
from ablate.report.draw import draw_all
from ablate.report.figures.activation_histograms import activation_histograms
from ablate.report.figures.gradient_norms import gradient_norms
from ablate.report.figures.render import svg
from ablate.report.figures.step_sizes import step_sizes
from ablate.sweep.figures import ActivationHistograms, GradientNorms, StepSizes
from ablate.sweep.study import Study

LOOKS, LAYERS, BINS = np.array([0, 10, 20]), 3, 8


def words(drawn) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg(drawn)))


def arrays(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    counts = np.zeros((len(LOOKS), LAYERS, BINS), np.int64)
    counts[0, :, 3:5] = 100  # at the start everything is in the middle,
    counts[1:, :, 0] = 900  # then nine in ten are at the low end
    counts[1:, :, 1:] = 100 // (BINS - 1)
    steps = np.array([1, 2, 4, 8, 10, 16, 32])
    return {
        "activations/look": LOOKS,
        "activations/layer": np.array([f"activation{i + 1}" for i in range(LAYERS)]),
        "activations/edges": np.tile(np.linspace(0, 1, BINS + 1), (LAYERS, 1)),
        "activations/counts": counts,
        "activations/mean": np.full((len(LOOKS), LAYERS), 0.5),
        "activations/sd": np.full((len(LOOKS), LAYERS), 0.25 + 0.1 * seed),
        "activations/saturated": np.full((len(LOOKS), LAYERS), 0.42),
        "gradients/look": LOOKS,
        "gradients/layer": np.array([f"dense{i + 1}" for i in range(LAYERS)]),
        "gradients/norm": rng.lognormal(size=(len(LOOKS), LAYERS)) * [[0.0, 0.1, 1.0]],
        "steps/step": steps,
        "steps/layer": np.array(["dense1", "all"]),
        "steps/effective": np.tile((0.1 / np.sqrt(steps))[:, None], (1, 2)) * rng.lognormal(0, 0.05, (len(steps), 2)),
        "steps/change": np.full((len(steps), 2), 1e-3),
        "steps/unchanged": np.tile(np.linspace(0, 0.6, len(steps))[:, None], (1, 2)),
    }


@pytest.fixture
def observed(make):
    def build(stds=(0.01, 1.0), norms=("none", "batch"), *, seeds=3, **study):
        model, tables = make(stds, norms, seeds=seeds, missing=0, claims=False, **{"figures": [], **study})
        held = {arm: {seed: arrays(seed) for seed in range(seeds)} for arm in tables.planned["arm_id"]}
        return model, dataclasses.replace(tables, arrays=held)

    return build


def test_histograms_have_a_row_per_arm_and_a_column_per_layer(observed):
    _, tables = observed()
    drawn = activation_histograms(tables, ActivationHistograms())
    assert len(drawn.figure.axes) == 4 * LAYERS
    text = words(drawn)
    assert all(title in text for title in ("layer 1", "layer 3", "norm = batch", "std = 1"))
    assert "sd 0.35" in text  # mean over seeds of 0.25, 0.35, 0.45
    assert "42 % flat" in text


def test_seeds_are_pooled_and_the_tall_bin_is_cut_and_named(observed):
    _, tables = observed()
    start, end = (activation_histograms(tables, ActivationHistograms(at=at)) for at in ("start", "end"))
    assert "99 %" not in words(start)
    (stairs,) = start.figure.axes[0].patches
    np.testing.assert_allclose(stairs.get_data().values, [0, 0, 0, 1, 1, 0, 0, 0])
    (stairs,) = end.figure.axes[0].patches
    share = 900 / (900 + 7 * (100 // 7))
    assert f"{100 * share:.0f} %" in words(end)
    assert stairs.get_data().values.max() == pytest.approx(1.05)
    np.testing.assert_allclose(stairs.get_data().values[1:], 1 / 3)


def test_any_look_can_be_asked_for_and_one_that_was_not_taken_is_named(observed):
    _, tables = observed()
    assert "after 10 steps" in activation_histograms(tables, ActivationHistograms(at=10)).caption
    with pytest.raises(UserError, match=re.escape("no look at step 7; there is one at 0, 10, 20")):
        activation_histograms(tables, ActivationHistograms(at=7))


def test_a_layer_that_is_not_finite_says_so(observed):
    _, tables = observed()
    for seeds in tables.arrays.values():
        for held in seeds.values():
            held["activations/sd"] = np.full((len(LOOKS), LAYERS), np.nan)
            held["activations/counts"] = np.zeros((len(LOOKS), LAYERS, BINS), np.int64)
    assert "not finite" in words(activation_histograms(tables, ActivationHistograms()))


def test_more_arms_than_there_is_room_for_are_counted(observed):
    _, tables = observed(stds=tuple(10.0 ** -np.arange(10)))
    assert "4 further arms not drawn" in activation_histograms(tables, ActivationHistograms()).caption
    assert "8 further arms not drawn" in gradient_norms(tables, GradientNorms()).caption


def test_gradients_of_exactly_zero_are_not_drawn_on_a_log_axis(observed):
    _, tables = observed()
    drawn = gradient_norms(tables, GradientNorms(title="Where gradients go"))
    assert drawn.title == "Where gradients go"
    lines = [line for line in drawn.figure.axes[0].lines if line.get_marker() in ("", "None", None)]
    drawn_values = [np.asarray(line.get_ydata(), dtype=float) for line in lines]
    assert np.isnan(drawn_values[0]).all()
    medians = np.median([arrays(seed)["gradients/norm"][:, 2] for seed in range(3)], axis=0)
    np.testing.assert_allclose(drawn_values[2], medians)


def test_step_sizes_come_with_a_guide_of_slope_minus_one_half_above_them(observed):
    _, tables = observed()
    drawn = step_sizes(tables, StepSizes(), contrast="norm")
    assert "slope −½" in words(drawn)
    top = drawn.figure.axes[0]
    (guide,) = (line for line in top.lines if line.get_gid() == "guide")
    x, y = (np.asarray(v, float) for v in (guide.get_xdata(), guide.get_ydata()))
    np.testing.assert_allclose(np.diff(np.log(y)) / np.diff(np.log(x)), -0.5)
    assert (x[0], x[-1]) == (pytest.approx(10), pytest.approx(32))
    highest = max(arrays(s)["steps/effective"][4:, 1].max() for s in range(3))
    assert y[0] > highest
    assert "60 % unchanged" in drawn.alt


def test_only_a_zero_gradient_is_no_gradient_figure(observed):
    _, tables = observed()
    for seeds in tables.arrays.values():
        for held in seeds.values():
            held["gradients/norm"] = np.zeros((len(LOOKS), LAYERS))
    assert gradient_norms(tables, GradientNorms()) is None


def test_a_report_draws_what_was_observed_once_and_as_the_study_asks(observed, study):
    names = [drawn.name for drawn in draw_all(*observed(stds=(0.1,)), []).own]
    assert names == ["activation-histograms", "gradient-norms", "step-sizes"]
    asked = [{"kind": "activation_histograms", "at": "end"}, {"kind": "activation_histograms", "at": 10}]
    names = [drawn.name for drawn in draw_all(*observed(stds=(0.1,), figures=asked), []).own]
    assert names == ["activation-histograms-1", "activation-histograms-2", "gradient-norms", "step-sizes"]
    model, tables = study  # nothing observed
    assert not [d for d in draw_all(model, tables, []).own if "curve" not in d.name]


def test_arrays_of_different_shapes_are_not_joined_in_silence(observed):
    _, tables = observed()
    next(iter(tables.arrays.values()))[1]["steps/effective"] = np.ones((2, 2))
    with pytest.raises(Failure, match="different shapes"):
        step_sizes(tables, StepSizes())


def test_an_arm_that_stored_nothing_leaves_the_others_drawn(observed):
    _, tables = observed()
    tables.arrays.pop(tables.planned["arm_id"][0])
    assert len(activation_histograms(tables, ActivationHistograms()).figure.axes) == 3 * LAYERS
    assert step_sizes(tables, StepSizes()) is not None
    assert gradient_norms(tables, GradientNorms()) is not None


def test_figures_of_things_observed_are_part_of_the_study_schema():
    study = Study.model_validate({"title": "t", "figures": [{"kind": "step_sizes"}, {"kind": "gradient_norms"}]})
    assert [figure.observer for figure in study.figures] == ["steps", "gradients"]
