"""For which δ runs would decide: what a verdict says of it against judging the study at one δ after the other."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.app.printing import say_verdicts
from ablate.face.card import card
from ablate.face.verdicts import Verdicts
from ablate.judge.planned import judge_registered
from ablate.judge.rule import judge
from ablate.judge.verdict import Sizes
from ablate.lang import speaking
from ablate.report.families import families
from ablate.sweep.metrics import as_declared
from ablate.words.document import document_of, verdict_from
from ablate.words.sentence import sentence_of
from ablate.words.sizes import for_which_delta
from ablate.work.judging import Judgement

from .conftest import make_study, make_tables

METRIC = "score"
LEVELS = ["none", "one", "two", "three"]


def study(*claims, **metric):
    factors = {"norm": LEVELS[: 1 + len(claims)]}
    named = [
        {"metric": METRIC, "arm": {"norm": level}, "against": {"norm": "none"}, **claim}
        for level, claim in zip(LEVELS[1:], claims, strict=False)
    ]
    made = make_study(factors, *named, seeds=2)
    declared = {"better": "higher", "bounds": [None, None], **metric}
    return type(made).model_validate(made.model_dump(mode="json") | {"metrics": {METRIC: declared}})


def tables(values):
    """Runs of arms, float (seeds, arms): the first is the one compared against; NaN is a run without a result."""
    values = np.asarray(values, dtype=float)
    factors = {"norm": LEVELS[: values.shape[1]]}

    def value(levels, seed):
        found = float(values[seed, LEVELS.index(levels["norm"])])
        return "missing" if math.isnan(found) else found

    return make_tables(factors, value, seeds=len(values), metric=METRIC)


KINDS = {"effect": "by_at_least", "difference": "by_at_least", "equivalence": "within", "noninferiority": "margin"}


def outcome_at(claims, number, at, runs, *, judged=judge):
    """Return what is decided of a claim, `open` or not, `at` another kind and δ, where the others are as they were."""
    kind, delta = at
    changed = [*claims]
    changed[number] = {"kind": kind, KINDS.get(kind, "by_at_least"): delta}
    return decided(judged(study(*changed), runs)[number].outcome)


def decided(outcome):
    return outcome if outcome in ("supported", "refuted") else "open"


def expected_at(sizes, kind, delta):
    """Return the same by what a verdict says of sizes."""
    below, above = (end is not None and delta < end for end in (sizes.better, sizes.worse))
    if sizes.more:
        return "open"
    if kind == "effect":
        return "supported" if below else "refuted" if delta > sizes.not_better or above else "open"
    if kind == "equivalence":
        return "supported" if delta > sizes.within else "refuted" if below or above else "open"
    return "supported" if delta > sizes.not_worse or below else "refuted" if above else "open"


def deltas(sizes):
    """Return δ on either side of every end, and far from them."""
    ends = [end for end in (sizes.better, sizes.worse, sizes.not_better, sizes.not_worse) if end and math.isfinite(end)]
    near = [end * factor for end in ends for factor in (1.0 - 1e-4, 1.0 + 1e-4)]
    # Not 0.3: an end may be the same number but for its last bit, and either answer is right there.
    return [*near, *(0.5 * end for end in ends), *(2.0 * end for end in ends), 1e-6, 0.31416, 50.0]


@st.composite
def cases(draw):
    seeds, arms = draw(st.integers(3, 14)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    digits = draw(st.sampled_from([1, 8]))  # few digits make ties
    shifts = np.array([0.0, *draw(st.lists(st.sampled_from([-3.0, -0.5, 0.0, 0.4, 1.0, 6.0]), min_size=arms,
                                           max_size=arms))])  # fmt: skip
    values = np.round(rng.normal(size=(seeds, 1 + arms)) * draw(st.sampled_from([0.3, 1.0])) + shifts, digits)
    made = []
    for _ in range(arms):
        kind = draw(st.sampled_from(list(KINDS)))
        made.append({"kind": kind, KINDS[kind]: draw(st.sampled_from([0.2, 1.0]))})
    return made, values


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_what_is_said_of_sizes_is_what_judging_at_every_delta_says(case):
    claims, values = case
    runs = tables(values)
    for number, verdict in enumerate(judge(study(*claims), runs)):
        if verdict.decided:
            assert verdict.sizes is None  # each has a δ
            continue
        assert verdict.sizes is not None
        for kind in ("effect", "equivalence", "noninferiority"):
            for delta in deltas(verdict.sizes):
                seen, wanted = outcome_at(claims, number, (kind, delta), runs), expected_at(verdict.sizes, kind, delta)
                if wanted == "open" and claims[number]["kind"].startswith("difference"):
                    continue  # such ones share their δ: what is said of them is a bound
                assert seen == wanted, (kind, delta, verdict.sizes)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.booleans())
def test_what_is_said_of_a_comparison_without_delta_holds_at_every_delta(case, paired):
    claims, values = case
    kind = "difference" if paired else "difference_unpaired"
    claims = [{"kind": kind} for _ in claims]
    runs = tables(values)
    for number, verdict in enumerate(judge(study(*claims), runs)):
        sizes = verdict.sizes
        assert sizes is not None
        for other in ("effect", "equivalence", "noninferiority") if paired else ("difference_unpaired",):
            for delta in deltas(sizes):
                wanted = expected_at(sizes, other if paired else "effect", delta)
                if wanted != "open":  # what is decided may be decided of more δ: another one may leave a milder level
                    assert outcome_at(claims, number, (other, delta), runs) == wanted


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.sampled_from(["difference", "difference_unpaired"]))
def test_what_is_said_of_comparisons_that_share_one_delta_holds_where_all_are_judged_at_it(case, kind):
    claims, values = case
    runs = tables(values)
    for number, verdict in enumerate(judge(study(*[{"kind": kind} for _ in claims]), runs)):
        for delta in deltas(verdict.sizes):
            wanted = expected_at(verdict.sizes, "effect", delta)
            if wanted != "open":
                at_once = judge(study(*[{"kind": kind, "by_at_least": delta} for _ in claims]), runs)
                assert decided(at_once[number].outcome) == wanted, (delta, verdict.sizes)


def test_it_holds_where_another_comparison_is_clear_without_a_delta_and_not_at_the_one_that_is_named():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(12, 3)) * np.array([0.05, 0.6, 0.4]) + np.array([0.0, 0.8, 0.3])
    both = [{"kind": "difference"}] * 2
    found = judge(study(*both), tables(values))
    assert [v.outcome for v in found] == ["supported", "supported"]
    assert found[0].p < found[1].p
    delta = found[1].sizes.within * 1.0001
    at_once = judge(study(*[{**one, "by_at_least": delta} for one in both]), tables(values))
    assert [v.outcome for v in at_once] == ["inconclusive", "refuted"]


def test_a_comparison_that_only_the_others_make_clear_enough_has_no_delta_of_its_own():
    rng = np.random.default_rng(3)
    values = 0.01 * rng.normal(size=(7, 4)) + np.array([0.0, 3.0, 2.0, 1.0])
    values[6, 2:] = math.nan  # six pairs: their least p, 0.031, is above 0.05 / 3
    found = judge(study(*[{"kind": "difference"}] * 3), tables(values))
    assert [v.outcome for v in found] == ["supported", "inconclusive", "inconclusive"]
    found = judge(study(*[{"kind": "difference"}] * 2), tables(values[:, :3]))
    assert [v.outcome for v in found] == ["supported", "supported"]
    assert for_which_delta(found[0]).startswith("A difference of more than δ is shown for every δ below ")
    assert for_which_delta(found[1]) == ""


@pytest.mark.parametrize("claims", [1, 2, 3])
@pytest.mark.parametrize("seeds", [2, 4, 5, 6, 7])
def test_below_the_pairs_with_which_anything_can_be_decided_it_is_said_how_many_more_can(seeds, claims):
    rng = np.random.default_rng(seeds)

    def runs_of(count):
        values = rng.normal(size=(count, 1 + claims)) * 0.1
        values[:, 1] += 100.0
        return tables(values)

    # δ where the other claims are undecided: their p is 1, so that the first has all of α to itself divided by all.
    asked = [{"by_at_least": 200.0}, *[{"by_at_least": 0.0}] * (claims - 1)]
    asked[0] = {"kind": "noninferiority", "margin": 0.5}
    first = judge(study(*asked), runs_of(seeds))[0]
    least = math.ceil(1 - math.log2(0.05 / claims))
    if seeds >= least:
        assert first.outcome == "supported"
        return
    assert first.sizes == Sizes(more=least - seeds)
    assert f"{least - seeds} more seed" in for_which_delta(first)
    assert judge(study(*asked), runs_of(least))[0].outcome == "supported"
    assert judge(study(*asked), runs_of(least - 1))[0].outcome != "supported"


def verdict(shift=0.3, n=12, seed=4, claim=None, **metric):
    rng = np.random.default_rng(seed)
    values = np.column_stack((rng.normal(size=n), rng.normal(size=n) + shift))
    return judge(study(claim or {"by_at_least": 0.2}, **metric), tables(values))[0]


def test_the_line_names_the_ends_rounded_to_the_side_on_which_they_are_true():
    open_claim = verdict()
    low, high = open_claim.interval_low, open_claim.interval_high
    assert open_claim.sizes == Sizes(None, None, high, -low)
    text = for_which_delta(open_claim)
    assert text.startswith("No difference is shown, however small δ is. ")
    within = float(text.split("in either direction, is excluded for every δ above ")[1].removesuffix("."))
    largest = max(-low, high)
    assert largest <= within <= largest * 1.01
    shown = verdict(3.0, claim={"kind": "difference"})
    below = float(for_which_delta(shown).split("is shown for every δ below ")[1].split(". ")[0])
    assert shown.interval_low * 0.99 <= below <= shown.interval_low
    assert sentence_of(shown).endswith(for_which_delta(shown))
    assert "Worse by δ or more is excluded for every δ above" in for_which_delta(
        verdict(0.0, claim={"kind": "noninferiority", "margin": 0.1})
    )


def test_the_line_stands_in_the_terminal_the_report_the_card_and_the_results(capsys):
    rng = np.random.default_rng(4)
    values = np.column_stack((rng.normal(size=12), rng.normal(size=12) + 0.3))
    asked, runs = study({"by_at_least": 0.2}), tables(values)
    found = judge(asked, runs)
    line = for_which_delta(found[0])
    runs.study["doubts"] = []
    say_verdicts(Judgement(asked, runs, found, []))
    assert f"\n    {line}\n" in capsys.readouterr().out
    assert line in families(asked, runs, found)[0].verdicts[0].notes
    assert line in card("s", 24, Verdicts(found), None, [])
    held = document_of(found[0])
    assert held["for_which_delta"] == line
    assert held["sizes"] == dataclasses.asdict(found[0].sizes)
    assert verdict_from(held).sizes == found[0].sizes
    with speaking("zh"):
        assert "对大于" in for_which_delta(found[0])


def test_where_a_gate_fails_no_delta_is_named():
    rng = np.random.default_rng(1)
    values = np.column_stack((rng.normal(size=12), rng.normal(size=12)))
    gate = {"kind": "manipulation_check", "metric": METRIC, "at_least": 100.0}
    found = judge(study({"by_at_least": 0.2, "gates": [gate]}), tables(values))[0]
    assert found.outcome == "inconclusive"
    assert found.gates_failed
    assert found.sizes is None


@pytest.mark.parametrize("word", ["lost", "unfinished"])
def test_runs_that_did_not_finish_count_as_what_they_would_change(word):
    rng = np.random.default_rng(1)
    values = np.column_stack((rng.normal(size=16), rng.normal(size=16) + 0.5))
    values[3, 1] = math.nan
    runs = dataclasses.replace(tables(values), facts={"a1": {"steps": 200, "lost": {"3": word}}})

    def judged(asked, held):
        return judge_registered(asked, as_declared(held, asked), seeds=())[0]

    claims = [{"by_at_least": 0.3}]
    found = judged(study(*claims), runs)[0]
    assert found.outcome == "inconclusive"
    told = found.details["lost"]
    ends = (found.interval_low, found.interval_high)
    if word == "lost":
        assert found.sizes == Sizes.of(*ends)
    else:
        assert found.sizes == Sizes.of(min(ends[0], told["low"]), max(ends[1], told["high"]))
        assert found.sizes != Sizes.of(*ends)
    for kind in ("effect", "equivalence", "noninferiority"):
        for delta in deltas(found.sizes):
            seen = outcome_at(claims, 0, (kind, delta), runs, judged=judged)
            assert seen == expected_at(found.sizes, kind, delta), (kind, delta)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05, 0.3]), st.sampled_from([0.0, 5.0, 40.0]))
def test_steps_that_a_budget_cut_are_not_taken_for_known(draw, cut, shift):
    rng = np.random.default_rng(draw)
    steps = np.round(rng.uniform(20, 80, size=(16, 2)) + np.array([0.0, shift]))
    steps[rng.random(size=steps.shape) < cut] = math.nan
    factors, metric = {"norm": ["none", "one"]}, "ttt/steps"

    def value(levels, seed):
        found = float(steps[seed, LEVELS.index(levels["norm"])])
        return ("censored", math.nan) if math.isnan(found) else ("reached", found)

    runs = make_tables(factors, value, seeds=16, metric=metric, steps=100)
    sides = {"arm": {"norm": "one"}, "against": {"norm": "none"}, "metric": metric}

    def judged(kind, delta):
        return judge(make_study(factors, {"kind": kind, KINDS[kind]: delta, **sides}, seeds=16), runs)[0]

    found = judged("effect", 12.0)
    if found.sizes is None:
        assert found.decided or found.silent or np.isnan(steps).any()
        return
    for kind in ("effect", "equivalence", "noninferiority"):
        for delta in deltas(found.sizes):
            seen = decided(judged(kind, delta).outcome)
            assert seen == expected_at(found.sizes, kind, delta), (kind, delta, found.sizes)
