import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from ablate.errors import UserError
from ablate.track.names import (
    BESIDE,
    check_factor_names,
    check_level_texts,
    check_metric_names,
    fitting,
    key,
    metric_name,
)

LETTERS = st.text(alphabet=st.sampled_from(list("aAbx_40f/.:@ -%é😀s()\n")), max_size=14)
NAMES = LETTERS | st.text(max_size=20) | st.sampled_from(
    ["seconds", "first_nonfinite_step", "scalar/x", "metric/seconds", "count/n", "n/a", "..", "../x", "/x", "a/", "./a",
     "a//b", "_x40_", "_x_x40_", "recall@5", "recall_5", "recall_x40_5", "val/Acc@1 (%)", "outcome", "seed", " a"]
)  # fmt: skip


@given(NAMES)
@example("_x_x40_")
@example("metric/metric/x")
def test_a_key_brings_its_name_back_and_mlflow_takes_it_under_every_prefix_of_ours(name):
    text = key(name)
    for prefix in ("", BESIDE, "n/", "ci95_low/", "ci95_high/"):
        _validate_metric_name(prefix + text)
        assert len(prefix + text) <= 250
    try:
        check_metric_names([name] if name != "outcome" else [])
    except UserError:
        assert re.search("_h[0-9a-f]{32}$", text)
        return
    assert metric_name(text) == name


@given(st.text(max_size=400), st.text(max_size=400))
def test_two_names_never_share_a_key_however_long_they_are(one, other):
    assert (key(one) == key(other)) == (one == other)
    assert (fitting(one) == fitting(other)) == (one == other)
    assert len(key(one)) <= 240


@given(st.text(min_size=230, max_size=300), st.characters())
def test_names_that_differ_at_their_end_only_are_two_keys(name, letter):
    assert key(name + letter) != key(name)


@pytest.mark.parametrize(
    "name", ["final/test_accuracy", "ttt/steps_easier", "observe/dead: 3", "精度", "a.b-c d", "Loss", "hidden_max_2"]
)
def test_names_that_mlflow_takes_are_their_own_keys_as_in_stores_of_before(name):
    assert key(name) == name == fitting(name)


@pytest.mark.parametrize("name", ["seconds", "first_nonfinite_step", "count/n", "n/loss", "ci95_low/x", "scalar/loss"])
def test_keys_of_ours_are_never_those_of_a_metric(name):
    assert key(name) == f"metric/{name}"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["acc", "outcome"], "a metric cannot be called `outcome`: .* call it `outcome_value`"),
        ([""], "metric '': the name is empty"),
        (["  "], "the name is empty"),
        (["acc "], "metric 'acc ' has a blank at its beginning or end; expected 'acc'"),
        (["a\nb"], r"has a letter that cannot be seen \(U\+000A\); expected 'ab'"),
        (["a\u200bb"], r"U\+200B"),
        (["a" * 300], "has 300 letters, which is too long for MLflow"),
        (["@" * 60], "has 60 letters, which is too long"),
        (["\ufb01t", "fit"], r"'\\ufb01t' and 'fit' look the same"),
        (["e\u0301", "é"], "look the same"),
    ],
)
def test_names_that_cannot_be_kept_are_refused(names, message):
    with pytest.raises(UserError, match=message):
        check_metric_names(names)


def test_a_factor_may_have_any_name_but_seed():
    check_factor_names(["arm", "baseline", "outcome", "seconds", "../x", "n", "index", "factor:a"])
    with pytest.raises(UserError, match="a factor cannot be called `seed`"):
        check_factor_names(["seed"])


def test_names_that_differ_in_case_only_are_two_metrics():
    check_metric_names(["Acc", "acc"])
    assert key("Acc") != key("acc")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("caf\u00e9", "cafe\u0301", "Unicode writes one text in two ways"),
        ("A", "\u0391", "Unicode writes one text in two ways"),
        ("a", "a ", "blanks at the ends are not seen"),
        ("a", "\u0430", "Unicode writes one text in two ways"),
        ("ab", "a\u200bb", "Unicode writes one text in two ways"),
    ],
)
def test_levels_of_one_factor_that_look_the_same_are_refused(one, other, why):
    with pytest.raises(UserError, match=rf"s: factor x: levels .* look the same \({why}\)"):
        check_level_texts({"y": [1], "x": [one, 1, other]}, where="s")
    check_level_texts({"x": [one, 1, "1"], "y": [other]})


def test_metrics_in_letters_of_two_alphabets_are_refused():
    with pytest.raises(UserError, match="look the same"):
        check_metric_names(["A", "\u0391"])
