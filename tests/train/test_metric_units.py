"""Units that are near misses of a share are refused, and advice on units names the place that declares them."""

import pytest

from ablate.errors import UserError
from ablate.train.metric import Metric, by_name, metric_from
from ablate.train.metric_values import check_metric_value


@pytest.mark.parametrize(
    ("unit", "meant"),
    [("Percent", "percent"), ("%", "percent"), ("pct", "percent"), ("pp", "percent"), (" percent", "percent"),
     ("PERCENTAGE", "percent"), ("Fraction", "fraction"), ("frac", "fraction"), ("percnt", "percent"),
     ("fracton", "fraction"), ("fractions", "fraction")],
)  # fmt: skip
def test_a_near_miss_of_a_share_is_refused_with_what_is_meant(unit, meant):
    with pytest.raises(UserError, match=rf"metrics: acc: `unit` must be .* got '{unit}'; nearest match: {meant}"):
        metric_from("acc", {"unit": unit})


@pytest.mark.parametrize("unit", ["percent", "fraction", "ms", "", "epochs", "PSNR", "percentile", "friction"])
def test_other_units_are_words_of_their_own(unit):
    assert metric_from("acc", {"unit": unit}).unit == unit


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("", r"say so in the study: `metrics: \{\"acc\": \{unit: percent\}\}`"),
        ("`train.metrics` of mine.py", r"where it is declared, in `train.metrics` of mine.py: `\"acc\": \{\"unit\": "),
    ],
)
def test_advice_on_a_unit_is_for_who_declared_it(place, advice):
    with pytest.raises(UserError, match=advice):
        check_metric_value(Metric("acc", unit="fraction", bounds=(0.0, 1.0)), 80.4, "seed 0", declared_by=place)


def test_advice_on_a_unit_names_what_is_typed_where_there_is_no_study_file():
    typed = r"instead of `--metric acc`: 'metrics=\{acc: \{better: higher, unit: percent\}\}'"
    with pytest.raises(UserError, match=typed):
        check_metric_value(Metric("acc", better="higher", unit="fraction"), 80.4, "seed 0", typed=True)


def test_a_metric_that_is_declared_in_two_ways_is_refused():
    one, other = Metric("ppl", better="lower"), Metric("ppl", better="higher")
    assert by_name([one, one]) == {"ppl": one}
    with pytest.raises(UserError, match="the metric 'ppl' is declared twice"):
        by_name([one, other])
