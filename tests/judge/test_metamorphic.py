"""What must not change a verdict: names, the order of rows, units, a sign that turns with the direction."""

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.judge.rule import judge
from ablate.sweep.study_file import parse_study
from ablate.words.sentence import sentence_of

from .conftest import make_tables

SEEDS = 8
NUMBERS = ("outcome", "label", "p", "p_adjusted", "pairs", "filled", "better_share", "d_z")
# Sixty-fourths: sums, and products with 100, are exact, so that no rounding decides a tie.
values = st.lists(st.integers(3, 61).map(lambda x: x / 64), min_size=2 * SEEDS, max_size=2 * SEEDS)
endings = st.lists(st.sampled_from(["reached"] * 6 + ["diverged", "missing"]), min_size=2 * SEEDS, max_size=2 * SEEDS)
names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


def verdict_of(
    numbers,
    ended,
    *,
    metric="score",
    declared=None,
    factor="norm",
    levels=("none", "batch"),
    delta=1 / 64,
    turn=lambda x: x,
    order=None,
):
    said = declared or {"better": "higher", "unit": "fraction", "failed_counts_as": "chance"}
    study = parse_study(
        {
            "title": "t",
            "metrics": {metric: said},
            "factors": {factor: list(levels)},
            "seeds": SEEDS,
            "claims": [{
                "id": "c", "says": "s", "metric": metric, "by_at_least": delta,
                "arm": {factor: levels[1]}, "against": {factor: levels[0]},
            }],
        },
        where="test",
    )  # fmt: skip

    def value(at, seed):
        i = seed + SEEDS * (at[factor] == levels[1])
        return ended[i] if ended[i] == "missing" else (ended[i], turn(numbers[i]))

    tables = make_tables({factor: list(levels)}, value, seeds=SEEDS, metric=metric)
    if order is not None:
        tables = dataclasses.replace(tables, seeds=tables.seeds.iloc[list(order)].reset_index(drop=True))
    return judge(study, tables, extras=False)[0]


def same(one, other):
    for name in NUMBERS:
        a, b = getattr(one, name), getattr(other, name)
        assert a == pytest.approx(b, nan_ok=True) if isinstance(a, float) else a == b, name


def same_words(one, other):
    """Two sentences say the same; a number that lies halfway between two may be rounded up in one only."""
    number = re.compile(r"\d+(?:\.(\d+))?")
    assert number.sub("#", one) == number.sub("#", other)
    for a, b in zip(number.finditer(one), number.finditer(other), strict=True):
        assert float(a[0]) == pytest.approx(float(b[0]), abs=1.01 * 10.0 ** -len(a[1] or ""))


@settings(max_examples=60, deadline=None)
@given(values, endings, names)
def test_a_metrics_name_means_nothing(numbers, ended, name):
    same(verdict_of(numbers, ended), verdict_of(numbers, ended, metric=name))


@settings(max_examples=40, deadline=None)
@given(
    values, endings, st.sampled_from(["loss", "final/test_loss", "rmse", "errors_per_second", "valLoss", "accuracy"])
)
def test_a_declared_direction_beats_every_name(numbers, ended, name):
    same(verdict_of(numbers, ended), verdict_of(numbers, ended, metric=f"{name}_"))


@settings(max_examples=40, deadline=None)
@given(values, endings)
def test_per_cent_and_fractions_are_the_same_metric(numbers, ended):
    percent = {"better": "higher", "unit": "percent", "failed_counts_as": "chance"}
    one = verdict_of(numbers, ended)
    other = verdict_of(numbers, ended, declared=percent, delta=100 / 64, turn=lambda x: 100 * x)
    same(one, other)
    same_words(sentence_of(one), sentence_of(other))


@settings(max_examples=40, deadline=None)
@given(values, endings)
def test_a_metric_turned_round_with_its_direction_gives_the_same_verdict(numbers, ended):
    plain = {"better": "higher", "failed_counts_as": 1 / 8}
    turned = {"better": "lower", "failed_counts_as": 1 - 1 / 8}
    same(
        verdict_of(numbers, ended, declared=plain),
        verdict_of(numbers, ended, declared=turned, turn=lambda x: 1 - x),
    )


@settings(max_examples=40, deadline=None)
@given(values, endings, st.permutations(range(2 * SEEDS)))
def test_the_order_of_rows_means_nothing(numbers, ended, order):
    same(verdict_of(numbers, ended), verdict_of(numbers, ended, order=order))


@settings(max_examples=40, deadline=None)
@given(values, endings, st.lists(names, min_size=3, max_size=3, unique=True))
def test_names_of_factors_and_levels_mean_nothing(numbers, ended, three):
    factor, *levels = three
    if factor == "fairness":
        return
    same(verdict_of(numbers, ended), verdict_of(numbers, ended, factor=factor, levels=tuple(levels)))


@settings(max_examples=40, deadline=None)
@given(values, endings)
def test_what_a_failed_run_logged_means_nothing(numbers, ended):
    altered = [63 / 64 if end == "diverged" else x for x, end in zip(numbers, ended, strict=True)]
    same(verdict_of(numbers, ended), verdict_of(altered, ended))
