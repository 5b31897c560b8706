"""What n examples are worth: arrows to the equivalent n, k per level, bounds where the curve ends."""

import math

import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.figures.exchange import exchange_figures
from ablate.report.figures.render import svg

from ...judge.conftest import make_study, make_tables

SIZES = [50, 100, 200, 500, 1000, 2000]
FACTORS = {"augment": ["none", "shift"], "dataset.train_size": SIZES}
CLAIM = {"kind": "exchange_rate", "arm": {"augment": "shift"}, "against": {"augment": "none"},
         "over": "dataset.train_size"}  # fmt: skip


def curve(worth, *, slope=0.05, fail=None):
    def value(v, s):
        shifted = v["augment"] == "shift"
        if (v["augment"], v["dataset.train_size"], s) == fail:
            return "diverged"
        n = v["dataset.train_size"] * (worth if shifted else 1.0)
        noise = 0.002 * np.random.default_rng([s, v["dataset.train_size"], shifted]).normal()
        return 0.6 + slope * math.log(n / 50) + noise

    return value


def draw(value, factors=FACTORS, **claim):
    study = make_study(factors, CLAIM | claim)
    tables = make_tables(factors, value, seeds=8)
    verdicts = judge(study, tables)
    return verdicts, exchange_figures(study, tables, verdicts)


def marked(ax, gid):
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def test_an_arrow_leads_from_the_mean_at_n_to_k_n_on_the_reference_curve():
    (verdict,), (drawn,) = draw(curve(1.5))
    left = drawn.figure.axes[0]
    arrows = marked(left, "arrow")
    k = [k for k, clipped in zip(verdict.details["k"], verdict.details["clipped"], strict=True) if not clipped]
    assert len(arrows) == len(k) == 5
    (reference,) = marked(left, "reference-curve")
    for arrow, n, rate in zip(arrows, SIZES, k, strict=False):
        start, (end, height) = arrow.xyann, arrow.xy
        assert start == pytest.approx((n, height))
        assert end == pytest.approx(rate * n)
        assert np.interp(math.log(end), np.log(reference.get_xdata()), reference.get_ydata()) == pytest.approx(
            height, abs=0.02
        )
    assert marked(left, "worth")[0].get_text() == f"worth {rate_text(k[0] * 50)}"


def rate_text(value):
    return f"{float(f'{value:.3g}'):,.0f}"


def test_k_at_each_level_stands_with_the_resampled_interval_and_the_claims_ratio():
    (verdict,), (drawn,) = draw(curve(1.5), ratio=1.3)
    right = drawn.figure.axes[1]
    assert [line.get_ydata()[0] for line in marked(right, "k")] == pytest.approx(verdict.details["k"])
    across = [line.get_ydata() for line in right.lines if list(line.get_xdata()) == [0, 1]]
    rules = [y[0] for y in across if y[0] == y[-1]]
    assert rules == pytest.approx([1.0, 1.3])
    bars = right.collections[[type(c).__name__ for c in right.collections].index("LineCollection")].get_segments()
    assert len(bars) == 5
    for bar, k in zip(bars, verdict.details["k"], strict=True):
        assert bar[0][1] < k < bar[1][1]


@pytest.mark.parametrize(("worth", "mark", "word"), [(6.0, "›", "more than 2,000"), (0.3, "‹", "less than 25")])
def test_where_the_reference_curve_ends_there_is_a_bound_and_no_arrow(worth, mark, word):
    (verdict,), (drawn,) = draw(curve(worth))
    left, right = drawn.figure.axes
    clipped = sum(verdict.details["clipped"])
    assert clipped > 0
    assert len(marked(left, "arrow")) == 5 - clipped
    assert [text.get_text()[0] for text in marked(left, "beyond")] == [mark] * clipped
    assert len(marked(right, "clipped")) == clipped
    assert f"{mark} and hollow" in drawn.caption
    assert word in drawn.alt


def test_where_lower_is_better_the_arrow_still_ends_on_the_reference():
    def loss(v, s):
        return 2.0 - curve(1.5)(v, s)

    factors, metric = FACTORS, "final/test_loss"
    study = make_study(factors, CLAIM | {"metric": metric})
    tables = make_tables(factors, loss, seeds=8, metric=metric)
    verdicts = judge(study, tables)
    (drawn,) = exchange_figures(study, tables, verdicts)
    left = drawn.figure.axes[0]
    (reference,) = marked(left, "reference-curve")
    assert reference.get_ydata()[0] > reference.get_ydata()[-1] > 0
    arrow = marked(left, "arrow")[1]
    assert arrow.xy[0] == pytest.approx(150, rel=0.1)
    assert np.interp(arrow.xy[0], reference.get_xdata(), reference.get_ydata()) == pytest.approx(arrow.xy[1], abs=1e-3)


def test_a_failed_run_is_crossed_at_what_it_counts_as():
    _, (drawn,) = draw(curve(1.5, fail=("none", 100, 3)))
    reference, arm = marked(drawn.figure.axes[0], "failure")
    assert list(reference.get_xdata()) == [100.0]
    assert list(arm.get_xdata()) == []


@pytest.mark.parametrize("slope", [0.05, 0.002, 0.0])
def test_labels_do_not_touch_each_other(slope):
    _, (drawn,) = draw(curve(1.1, slope=slope))
    left = drawn.figure.axes[0]
    svg(drawn)
    boxes = [text.get_window_extent() for gid in ("worth", "beyond") for text in marked(left, gid)]
    assert len(boxes) == 5
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])


def test_each_member_of_a_family_has_its_own_figure_and_other_claims_none():
    factors = {**FACTORS, "depth": [1, 6]}
    _, drawn = draw(curve(1.5), factors, each=["depth"])
    assert len({one.name for one in drawn}) == 2
    study = make_study(FACTORS, {"arm": {"augment": "shift"}, "against": {"augment": "none"}, "by_at_least": 0.01})
    tables = make_tables(FACTORS, curve(1.5), seeds=8)
    assert exchange_figures(study, tables, judge(study, tables)) == []


def test_it_speaks_chinese():
    with speaking("zh"):
        _, (drawn,) = draw(curve(1.5))
    assert "相当于" in svg(drawn)
    assert ">worth" not in svg(drawn)
    assert "兑换率" in drawn.title


def test_what_n_is_worth_stands_inside_the_axes_and_the_mean_left_of_the_names_of_the_lines():
    (_,), (drawn,) = draw(curve(0.99))  # nearly nothing: the arrow at the smallest n has its label at the left edge
    drawn.figure.draw_without_rendering()
    left, right = drawn.figure.axes
    for label in marked(left, "worth"):
        assert label.get_window_extent().x0 >= left.bbox.x0
    edge = right.bbox.x1
    inside = [text.get_window_extent() for text in right.texts if text.get_text().startswith("×")]
    assert len(inside) == 6
    assert max(box.x1 for box in inside) <= edge
