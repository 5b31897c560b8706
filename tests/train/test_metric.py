import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.train.metric import KNOWN, RULES, Metric, metric_from


@pytest.mark.parametrize(
    "name",
    ["loss/val", "valLoss", "val-loss", "rmse", "nll", "perplexity", "wer", "fid", "err", "latency_ms", "mae", "cer",
     "steps_per_second", "loss_reduction", "test_error", "epochs_to_90", "Accuracy", "accuracy_drop",
     "final/my_accuracy"],
)  # fmt: skip
def test_no_direction_is_read_off_a_name(name):
    assert name not in KNOWN
    assert Metric(name).better is None


def test_known_names_are_matched_whole():
    assert (KNOWN["loss"].better, KNOWN["accuracy"].better) == ("lower", "higher")
    assert len(KNOWN) < 45, "a short table, that a plan can print"


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("lowr", "unknown `better` 'lowr'.*nearest match: lower"),
        ({"beter": "lower"}, "unknown key 'beter'.*nearest match: better"),
        ({"failed_counts_as": "budgt"}, "nearest match: budget"),
        ({"failed_counts_as": True}, "failed_counts_as"),
        ({"failed_counts_as": math.nan}, "finite number"),
        ({"failed_counts_as": "chance"}, "needs `unit: fraction` or `unit: percent`"),
        ({"bounds": [1, 0]}, "least < greatest"),
        ({"bounds": 3}, "be .least, greatest."),
        ({"bounds": [0, math.nan]}, "hold numbers or null"),
        ({"failed_counts_as": [1]}, "or a finite number, got .1."),
        ({"bounds": ["a", 1]}, "hold numbers or null"),
        ({"unit": 3}, "be a word such as"),
        (3, "expected `higher`, `lower`, or a mapping"),
    ],
)
def test_a_wrong_declaration_is_one_clear_line(declared, message):
    with pytest.raises(UserError, match=message) as error:
        metric_from("acc", declared)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "said",
    [{"unit": 3}, {"unit": "%"}, {"bounds": 3}, {"bounds": ("a", 1)}, {"bounds": (0, 1, 2)},
     {"failed_counts_as": [1]}, {"failed_counts_as": math.nan}, {"better": "up"}],
)  # fmt: skip
def test_a_metric_of_a_program_is_checked_as_one_of_a_study_file(said):
    with pytest.raises(UserError) as of_program:
        Metric("acc", **said)
    with pytest.raises(UserError) as of_file:
        metric_from("acc", said)
    assert str(of_file.value).removeprefix("metrics: acc: ") == str(of_program.value).removeprefix("metric 'acc': ")
    assert "``" not in str(of_program.value)


def test_bounds_are_kept_as_they_are_compared():
    assert Metric("a", bounds=[0, math.inf]) == Metric("a", bounds=(0.0, None))
    with pytest.raises(UserError, match="its name must be a text"):
        Metric(3)


def test_all_examples_are_a_whole_whatever_its_bounds_are():
    assert (Metric("a", unit="fraction", bounds=(0.0, 0.5)).whole, Metric("a", unit="fraction").limits) == (1.0, (0, 1))
    assert (Metric("a", unit="percent", bounds=(0.0, None)).whole, Metric("a", unit="percent").limits) == (
        100.0, (0, 100),
    )  # fmt: skip


@given(
    st.text(min_size=1, max_size=20),
    st.sampled_from([None, "higher", "lower"]),
    st.sampled_from(["", "fraction", "percent", "ms"]),
    st.one_of(st.sampled_from(RULES), st.floats(allow_nan=False, allow_infinity=False)),
)
def test_what_is_declared_is_written_and_read_back(name, better, unit, rule):
    if rule in ("chance", "one_minus_chance") and unit not in ("fraction", "percent"):
        return
    if isinstance(rule, float) and not Metric(name, unit=unit).limits[0] <= rule <= Metric(name, unit=unit).limits[1]:
        with pytest.raises(UserError, match=r"failed_counts_as.* must lie in"):
            Metric(name, better, unit, failed_counts_as=rule)
        return
    metric = Metric(name, better, unit, failed_counts_as=rule)
    assert metric_from(name, metric.as_dict()) == metric
