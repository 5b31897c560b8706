from __future__ import annotations

import dataclasses
import math

import pytest
import yaml

from ablate.judge.fairness import FixedTuned, Mean
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.fair import mean_text
from ablate.report.level_texts import short_levels, shortened
from ablate.report.metric_names import metric_heading, metric_title
from ablate.report.templating import Column, Table, TextRow, html_text, markdown_table, markdown_text
from ablate.report.verdict_table import verdict_table
from ablate.report.wording import (
    delta_text,
    effect_text,
    interval,
    plain_number,
    scaled_interval,
    scaled_number,
    unit,
    unit_on,
    verdict_effect,
)
from ablate.resources import study_folders

from ..judge.conftest import BN, NORM, make_study, make_tables


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "12.35"), (-0.001, "−0.10"), (-1e-9, "0.00"), (math.nan, "–"), (-math.inf, "−∞")]
)
def test_accuracies_are_printed_in_percent(value, text):
    assert plain_number(value, unit("fraction")) == text


def test_losses_keep_three_significant_digits():
    assert [plain_number(x, unit("")) for x in (2.30259, 0.0512345, 12345.6, 3e-7)] == [
        "2.30",
        "0.0512",
        "12346",
        "3.00e-07",
    ]


def test_an_interval_open_to_one_side_says_so():
    assert interval(-math.inf, 0.02, unit("fraction")) == "[−∞, +2.00]"


def test_levels_that_would_read_alike_are_written_out():
    assert list(short_levels([0.1, 0.1001, 0.01]).values()) == ["0.1", "0.1001", "0.01"]


def test_a_number_that_somebody_typed_is_not_rounded_to_another():
    typed = [0.9, 0.99, 0.999, 0.995, 0.00119, 0.01995, 100.5, -0.9995, 0.99999]
    told = list(short_levels(typed).values())
    assert [float(text.replace("−", "-")) for text in told] == typed
    assert shortened("optimizer.momentum=0.999, norm=batch") == "optimizer.momentum=0.999, norm=batch"
    assert list(short_levels([0.158489319, 0.999912345]).values()) == ["0.16", "0.999912"]


def test_null_is_written_as_in_a_study_file_and_none_is_a_text():
    assert list(short_levels([None, "none"]).values()) == ["null", "none"]
    assert list(short_levels([None, True]).values()) == ["null", "true"]
    with speaking("zh"):
        assert short_levels([None])[None] == "null"


def test_metric_titles_read_as_words():
    assert metric_title("aulc/train_accuracy") == "area under the train accuracy curve"
    assert metric_title("my/own/thing_here") == "my own thing here"


def test_a_name_of_ones_own_keeps_its_spelling_at_the_head_of_a_caption():
    assert [metric_heading(name) for name in ("acc", "valLoss", "val_rmse")] == ["acc", "valLoss", "val_rmse"]
    assert metric_heading("final/test_accuracy") == "Test accuracy at the last step"


def test_the_area_under_a_curve_has_one_name():
    for path in study_folders()[-1].glob("*.yaml"):
        labels = yaml.safe_load(path.read_text(encoding="utf-8")).get("labels") or {}
        assert not [name for name in labels.get("metrics") or {} if name.startswith("aulc/")], path


def test_an_effect_shows_its_sign_and_unit():
    assert effect_text(-0.01, -0.02, 0.001, "fraction").endswith(" pp")
    assert effect_text(-0.01, -0.02, 0.001, "fraction").startswith("−1.0 [")


def test_code_in_the_studys_own_words_stays_code():
    assert markdown_text("see `batch_norm` and <b>") == "see `batch_norm` and \\<b>"
    assert html_text("see `batch_norm` and <b>") == "see <code>batch_norm</code> and &lt;b&gt;"


@pytest.mark.parametrize("text", ["a | b", "<script>", "*bold*", "a ` b", "_it_", "$x$", "[a](b)"])
def test_markup_in_markdown_is_escaped(text):
    assert markdown_text(text) != text


def test_markdown_keeps_ordinary_names_readable():
    assert markdown_text("aulc/train_accuracy [0.1, 0.2]") == "aulc/train_accuracy [0.1, 0.2]"


def test_markdown_table_lines_up():
    table = Table(
        "t", (Column("arm"), Column("mean", "n")), (TextRow(("a", "1.00")), TextRow(("longer", "12.00"), "total"))
    )
    lines = markdown_table(table).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].endswith("-: |")
    assert "**longer**" in lines[3]


def test_widths_of_basins_are_written_in_decades_the_unit_once():
    study = make_study(NORM, BN)
    (found,) = judge(study, make_tables(NORM, lambda v, s: 0.5))
    verdict = dataclasses.replace(found, scale="decades", effect=1.166, interval_low=-0.004, interval_high=1.333)
    assert verdict_effect(verdict) == "+1.17 [0.00, +1.33] decades"
    assert scaled_interval(0.5, math.inf, verdict) == "[+0.50, +∞] decades"
    assert scaled_number(0.25, verdict) == "0.25 decades"


def test_a_ratio_without_an_upper_end_is_written_as_infinite():
    study = make_study(NORM, BN)
    (judged,) = judge(study, make_tables(NORM, lambda v, s: 0.5))
    verdict = dataclasses.replace(judged, scale="log ratio", effect=0.0, interval_low=-math.inf, interval_high=math.inf)
    assert scaled_interval(-math.inf, math.inf, verdict) == "[×0, ×∞]"
    assert scaled_number(math.nan, verdict) == "–"
    assert scaled_number(math.nan, dataclasses.replace(verdict, scale="share")) == "–"
    mean = Mean(0.0, -math.inf, math.inf, pairs=4)
    both = FixedTuned("faster", "It is faster", "ttt/steps", "log ratio", 0.0, mean, mean, mean, "steps")
    assert mean_text(mean, both) == "×1 [×0, ×∞]"


@pytest.mark.parametrize(
    ("scale", "delta", "text"),
    [("log ratio", math.log(1.2), "×1.2"), ("share", 0.9, "90 %"), ("decades", 0.5, "0.5 decades"),
     ("difference", 0.005, "0.5 pp"), ("slope", 0.25, "0.250")],
)  # fmt: skip
def test_a_delta_is_written_on_the_scale_of_its_effect(scale, delta, text):
    (judged,) = judge(make_study(NORM, BN), make_tables(NORM, lambda v, s: 0.5 + s / 100))
    verdict = dataclasses.replace(judged, scale=scale, delta=delta, effect=0.1, interval_low=0.0, interval_high=0.2)
    assert delta_text(verdict) == text
    (row,) = verdict_table([verdict]).rows
    assert text in row.cells


@pytest.mark.parametrize(
    ("scale", "factor", "difference"),
    [("difference", 100.0, "pp"), ("share", 100.0, "%"), ("log ratio", 1.0, "ratio, log scale"),
     ("slope", 1.0, "slope"), ("decades", 1.0, "decades")],
)  # fmt: skip
def test_a_scale_has_one_factor_and_one_unit(scale, factor, difference):
    assert (unit_on(scale, "fraction").scale, unit_on(scale, "fraction").difference) == (factor, difference)
