import pytest
from matplotlib.figure import Figure

from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.figures.margins import legend_columns
from ablate.report.figures.panels import legend
from ablate.report.figures.slopes import slopes
from ablate.report.figures.style import drawing
from ablate.report.figures.titles import beside, fitted, head, narrow, side_title, title, told_apart
from ablate.report.pairs import paired_values

from ...judge.conftest import BN, make_study, make_tables
from ..alone import learning_curves

LONG = "dataset = digits, model.hidden = [64,64,64,64,64,64,64], norm = batch, fairness = tuned"


@pytest.mark.parametrize("text", [LONG, "σ = 1", "一个" * 30, "x" * 90, "a: b, " * 12])
@pytest.mark.parametrize("inches", [0.8, 2.0, 6.0])
def test_a_title_keeps_to_its_room_and_its_number_of_lines(text, inches):
    with drawing():
        figure = Figure(figsize=(10, 4), dpi=100)
        ax = figure.subplots()
        title(ax, text, inches=inches)
        figure.draw_without_rendering()
        assert ax.get_title(loc="left").count("\n") < 3
        assert ax._left_title.get_window_extent().width <= 1.12 * inches * 100


def test_what_fits_is_left_as_it_is():
    assert fitted("norm = batch, depth = 2", 4.0, size=9.0) == ("norm = batch, depth = 2", 9.0)


def test_nothing_is_lost_where_lines_suffice():
    text, _ = fitted(LONG, 3.2, size=9.0)
    assert " ".join(text.split("\n")) == LONG


def test_a_name_is_broken_where_a_reader_would():
    assert narrow("zero_centred_sigmoid", 13) == "zero_centred_\nsigmoid"
    assert narrow("relu", 11) == "relu"


def test_a_very_long_name_leaves_room_for_what_is_drawn_beside_it():
    long = "data=/data/experiments/" + "run_with_everything_" * 8
    first, second, same = told_apart([f"{long}, beta=0.9", f"{long}, beta=0.99", "norm=batch"])
    assert same == "norm=batch"
    assert (first[:20], first[-10:], second[-10:]) == (long[:20], ", beta=0.9", " beta=0.99")
    assert max(map(len, (first, second))) <= 88
    alike = [f"{'a' * 90}{middle}{'a' * 90}" for middle in "xy"]
    assert told_apart(alike) == alike, "cut, they would be one"
    assert told_apart([long, long]) == [f"{long[:43]}…{long[-43:]}"] * 2


def test_many_counts_do_not_squeeze_their_panels():
    with drawing():
        figure = Figure(figsize=(9, 5), dpi=100, layout="constrained")
        axes = list(figure.subplots(2, 3).flat)
        for ax in axes:
            head(ax, "n = 50", [(i, "10/10 ×3") for i in range(8)], inches=2.6)
        figure.draw_without_rendering()
        panels = [ax.get_window_extent() for ax in axes]
        counts = [text.get_window_extent() for ax in axes for text in ax.texts]
        titles = [ax._left_title.get_window_extent() for ax in axes]
    assert all(panel.width > 200 for panel in panels)
    assert len(counts) == 48
    boxes = [*counts, *titles]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_titles_of_neighbours_do_not_touch(make, tongue):
    _, tables = make(stds=(0.001, 0.01, 0.1, 0.5, 1.0), seeds=3)
    renamed = tables.planned.rename(columns={"init.std": "model.hidden"})
    names = {std: f"[{','.join(['100', '200'] * (4 + i))}]" for i, std in enumerate(renamed["model.hidden"].unique())}
    planned = renamed.assign(**{"model.hidden": renamed["model.hidden"].map(names)})
    runs = tables.seeds.rename(columns={"init.std": "model.hidden"})
    long = type(tables)(tables.study, planned, runs, tables.curves, tables.facts)
    with speaking(tongue):
        drawn = learning_curves(long, "train/accuracy", contrast="norm")
    with drawing():
        drawn.figure.draw_without_rendering()
        boxes = [ax._left_title.get_window_extent() for ax in drawn.figure.axes if ax.get_title(loc="left")]
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_label_beside_an_axis_is_no_longer_than_the_axis():
    with drawing():
        figure = Figure(figsize=(7.6, 2.2), dpi=100, layout="constrained")
        figure.subplots()
        legend(figure, [(0, "one"), (1, "two")], "factor", failures=False)
        side_title(figure, "reached the target (% of seeds), or something that is longer")
        figure.draw_without_rendering()
        label, (named,) = figure._supylabel.get_window_extent(), figure.legends
        assert label.y1 <= named.get_window_extent().y0
        assert label.y0 >= 0
    assert beside("one two", 0.1) == "one\ntwo"
    assert beside("test accuracy", 3.0) == "test accuracy"


def test_a_legend_is_not_wider_than_its_figure():
    names = [f"optimizer={name}, optimizer.lr=0.1" for name in ("momentum", "adagrad", "adam", "nesterov")]
    with drawing():
        figure = Figure(figsize=(7.6, 4), dpi=100, layout="constrained")
        figure.subplots()
        legend(figure, list(enumerate(names)), "", failures=False)
        figure.draw_without_rendering()
        (named,) = figure.legends
        assert named.get_window_extent().width <= 760
        assert legend_columns(["a", "b"], figure) == 2


def test_labels_of_pairs_keep_to_their_panels():
    factors = {"norm": ["none", "batch"], "init.std": [0.1, 0.2, 0.3, 0.4]}
    claim = {**BN, "each": "init.std", "by_at_least": 0.005, "id": "smooth-beats-straight-through"}
    study = make_study(factors, claim)
    tables = make_tables(factors, lambda v, s: 0.5 + 0.01 * s + 0.2 * (v["norm"] == "batch"), seeds=8)
    drawn = slopes(paired_values(study, tables, judge(study, tables)))
    drawn.figure.draw_without_rendering()
    for left, right in zip(drawn.figure.axes[::2], drawn.figure.axes[1::2], strict=True):
        assert left.yaxis.label.get_window_extent().height <= 1.15 * left.bbox.height
        below = left._left_title.get_window_extent().y0
        shown = [tick.label2 for tick in right.yaxis.get_major_ticks() if tick.label2.get_text()]
        assert max(label.get_window_extent().y1 for label in shown) <= below
