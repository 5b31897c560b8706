"""An effect in two parts: who does not train, what runs that train differ by, and a mean over all with a bound."""

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.stats.betting import betting_interval
from ablate.stats.mean import mean_interval
from ablate.stats.proportions import clopper_pearson
from ablate.sweep.registration import changes, registration_document
from ablate.words.document import document_of, verdict_from
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of, speaks_of
from ablate.words.twoparts import two_parts

from .conftest import BN, NORM, make_study, make_tables

CLAIM = {**BN, "by_at_least": 0.005}
TRAINED = {**CLAIM, "population": "trained"}
BOUNDED = {**CLAIM, "bounded": True}
LARGE = 0.46


def runs(gain, fails, *, seeds=20, outcome="collapsed", base=0.4, metric="final/test_accuracy"):
    """Runs of two arms; `fails(norm, seed)` says which do not train, and end at .1."""

    def value(levels, seed):
        if fails(levels["norm"], seed):
            return outcome, 0.1
        return base + 0.001 * (seed % 5) + (gain + 0.0005 * (seed % 3) if levels["norm"] == "batch" else 0.0)

    return make_tables(NORM, value, seeds=seeds, metric=metric)


def verdict_of(gain, fails, *, claim=CLAIM, seeds=20, **how):
    return judge(make_study(NORM, claim, seeds=seeds), runs(gain, fails, seeds=seeds, **how))[0]


def batch(*seeds):
    return lambda norm, seed: norm == "batch" and seed in seeds


def nobody(norm, seed):
    return False


# --- the parts


def test_the_parts_are_exact_shares_the_pairs_that_train_and_the_mean_over_all_with_its_bound():
    verdict = verdict_of(0.02, batch(0, 1, 2))
    parts, level, d = verdict.parts, verdict.interval_level, np.array(list(verdict.differences.values()))
    assert (parts.arm.failed, parts.arm.runs) == (3, 20)
    assert (parts.arm.low, parts.arm.high) == pytest.approx(clopper_pearson(3, 20, level=level))
    assert (parts.against.failed, parts.against.low) == (0, 0.0)
    assert parts.apart[0] == pytest.approx(0.15)
    assert parts.apart[1] < 0.15 < parts.apart[2]
    assert (parts.trained.pairs, parts.trained.effect) == (17, pytest.approx(d[3:].mean()))
    assert (parts.trained.low, parts.trained.high) == mean_interval(d[3:], level=level)
    assert (parts.usual.low, parts.usual.high) == mean_interval(d, level=level)
    assert (parts.bounded.low, parts.bounded.high) == pytest.approx(betting_interval(d, -1.0, 1.0, level=level))
    assert parts.left_out == 3


def test_the_parts_in_words():
    text = two_parts(verdict_of(0.02, batch(0, 1, 2)))
    assert text.startswith(
        "In two parts (95 % intervals): 3 of 20 runs of norm=batch (3 to 38 % of such runs) and 0 of 20 runs of "
        "norm=none (0 to 17 % of such runs) failed, did not learn or are outliers, a difference of +15 ["
    )
    assert "in the 17 pairs in which all train" in text
    assert "by the bound for any distribution" in text


def test_where_every_run_trains_nothing_is_said_and_nothing_changes():
    verdict = verdict_of(0.02, nobody)
    assert verdict.parts is None
    assert two_parts(verdict) == ""
    assert verdict.outcome == "supported"
    assert "in_two_parts" in document_of(verdict)


def test_an_outlier_is_named_and_counts_as_a_run_that_does_not_train():
    tables = runs(0.3, nobody)
    odd = (tables.seeds["norm"] == "batch") & (tables.seeds["seed"] == 4)
    seeds = tables.seeds.assign(**{"final/test_accuracy": tables.seeds["final/test_accuracy"].mask(odd, 0.31)})
    (verdict,) = judge(make_study(NORM, CLAIM, seeds=20), dataclasses.replace(tables, seeds=seeds))
    assert [(one.arm, one.seed, one.value) for one in verdict.parts.outliers] == [("norm=batch", 4, 0.31)]
    assert "norm=batch, seed 4: 31.0 % (median 70.2 %)" in two_parts(verdict)
    assert verdict.parts.arm.failed == 1


def test_parts_are_written_and_read_back():
    verdict = verdict_of(0.02, batch(0))
    assert verdict_from(document_of(verdict)).parts == verdict.parts


# --- all runs


def test_a_small_effect_with_one_failure_is_open_by_the_bound_and_says_what_holds_among_those_that_train():
    # The usual test alone decides it: all differences but one are alike, and the one speaks for the claim.
    verdict = verdict_of(0.02, lambda norm, seed: norm == "none" and seed == 0, claim=BOUNDED)
    assert mean_interval(list(verdict.differences.values()), level=0.95)[0] > 0.005
    assert (verdict.outcome, verdict.reason.code) == ("inconclusive", "bound_is_open")
    assert "Among runs that train (19 of 20 pairs) it is difference 2.0" in said(verdict.reason)
    assert "population: trained" in said(verdict.advice)


def test_what_is_open_by_the_usual_test_is_not_sent_for_more_seeds_where_runs_fail():
    verdict = verdict_of(0.02, batch(0, 1, 2), claim=BOUNDED)
    assert (verdict.outcome, verdict.reason.code) == ("inconclusive", "holds_delta")
    assert verdict.advice.code == "name_the_population"


@pytest.mark.parametrize("failing", [(), (3,), (3, 7, 11)])
def test_a_large_effect_stays_decided_with_a_few_failures(failing):
    verdict = verdict_of(LARGE, batch(*failing), claim=BOUNDED)
    assert verdict.outcome == "supported"
    if failing:
        assert said(verdict.scope).startswith("All runs, failed ones too")


def test_a_large_effect_that_goes_the_other_way_stays_refuted():
    (verdict,) = judge(make_study(NORM, BOUNDED, seeds=20), runs(-LARGE, batch(3), base=0.9))
    assert (verdict.outcome, verdict.label) == ("refuted", "reversed")


def test_an_arm_that_fails_in_every_run_is_no_mixture():
    verdict = verdict_of(0.2, lambda norm, seed: norm == "none", claim=BOUNDED)
    assert verdict.outcome == "supported"
    assert verdict.parts.bounded is None
    assert verdict.parts.trained.pairs == 0


def test_stalled_runs_are_told_of_and_ask_for_no_bound():
    how = {"outcome": "stalled", "base": 0.2, "claim": BOUNDED}
    verdict = verdict_of(0.2, lambda norm, seed: norm == "none" and seed % 2, **how)
    assert (verdict.outcome, verdict.parts.against.failed) == ("supported", 10)
    assert verdict.parts.bounded is None


def test_cells_without_failures_stand_by_the_usual_test():
    """One run of one of 16 cells fails: the bound is for what that cell counts, a sixteenth."""
    factors = {**NORM, "cell": list(range(16))}

    def value(levels, seed):
        fails = (levels["norm"], levels["cell"], seed) == ("none", 3, 5)
        return ("collapsed", 0.1) if fails else 0.4 + 0.001 * (seed % 5) + (0.1 if levels["norm"] == "batch" else 0)

    (verdict,) = judge(make_study(factors, BOUNDED, seeds=20), make_tables(factors, value, seeds=20))
    assert verdict.outcome == "supported"
    bound = verdict.parts.bounded
    assert bound.low < verdict.interval_low
    assert bound.high - bound.low < 0.1


def test_a_metric_without_a_range_has_no_bound_and_the_reason_says_so():
    claim = {**BN, "metric": "score", "by_at_least": 0.005, "bounded": True}
    study = make_study(NORM, claim, seeds=20).model_copy(update={"metrics": {"score": {"better": "higher"}}})
    tables = runs(LARGE, batch(3), metric="score")
    outcome = tables.seeds["outcome"].mask(tables.seeds["outcome"] == "collapsed", "reached")  # an outlier of 85 %
    (verdict,) = judge(study, dataclasses.replace(tables, seeds=tables.seeds.assign(outcome=outcome)))
    assert verdict.parts.outliers
    assert (verdict.outcome, verdict.reason.code) == ("inconclusive", "bound_is_missing")
    assert "score has no range" in said(verdict.reason)


# --- runs that train


def test_among_runs_that_train_pairs_with_a_failure_are_left_out_and_told_of():
    verdict = verdict_of(0.02, batch(0, 1), claim=TRAINED)
    assert (verdict.outcome, verdict.population) == ("supported", "trained")
    assert (verdict.pairs, verdict.planned_pairs) == (18, 20)
    assert verdict.effect == pytest.approx(0.0205, abs=0.0005)
    assert verdict.effect == verdict.parts.trained.effect
    assert verdict.filled == {"arm": (0, 18), "against": (0, 18)}
    assert verdict.advice is None  # the pairs are left out, not missing
    sentence = sentence_of(verdict)
    assert "against norm=none, among runs that train" in sentence
    assert "2 left out, in which a run did not train" in sentence
    assert said(verdict.scope).startswith("This is about runs that train: the 18 of 20 pairs in which every run did.")


def test_more_than_the_stated_share_left_out_decides_nothing():
    five = verdict_of(0.02, batch(0, 1, 2, 3, 4), claim=TRAINED)
    assert (five.outcome, five.reason.code) == ("inconclusive", "left_out_too_many")
    assert "5 of 20 pairs are left out" in said(five.reason)
    assert verdict_of(0.02, batch(0, 1, 2, 3), claim=TRAINED).outcome == "supported"  # 20 % is not more
    more = {**TRAINED, "leaves_out_at_most": 0.3}
    assert verdict_of(0.02, batch(0, 1, 2, 3, 4), claim=more).outcome == "supported"


def test_too_few_pairs_that_train_are_not_called_missing():
    verdict = verdict_of(0.02, batch(0, 1, 2), claim=TRAINED, seeds=8)
    assert (verdict.outcome, verdict.reason.code) == ("not_tested", "too_few_trained")
    assert said(verdict.reason).startswith("All runs train in 5 of 8 pairs")


def test_where_nobody_told_how_runs_ended_runs_that_train_are_not_known():
    verdict = verdict_of(0.02, batch(0), claim=TRAINED, outcome="unknown")
    assert (verdict.outcome, verdict.reason.code) == ("not_tested", "endings_unknown")


def test_a_metric_without_a_value_for_failed_runs_can_be_asked_of_those_that_train():
    claim = {**BN, "metric": "final/test_loss", "by_at_least": 0.005}
    how = {"outcome": "diverged", "metric": "final/test_loss", "base": 0.9}
    assert verdict_of(-0.02, batch(0), claim=claim, **how).outcome == "not_tested"
    verdict = verdict_of(-0.02, batch(0), claim={**claim, "population": "trained"}, **how)
    assert (verdict.outcome, verdict.pairs) == ("supported", 19)
    assert "no mean over all runs, because some have no value" in two_parts(verdict)


# --- declared and registered


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"leaves_out_at_most": 0.1}, "together with `population: trained`"),
        ({"population": "most"}, "population"),
        ({"population": "trained", "bounded": True}, "together with `population: all`"),
        ({"population": "trained", "leaves_out_at_most": 1.0}, "leaves_out_at_most"),
    ],
)
def test_what_cannot_be_meant_is_refused(keys, told):
    with pytest.raises(ValidationError, match=told):
        make_study(NORM, {**CLAIM, **keys})


def test_the_population_is_registered_with_its_share():
    text = registration_document(make_study(NORM, TRAINED), range(8), command="")["text"]
    assert "population: trained" in text
    assert "leaves_out_at_most: 0.2" in text
    assert "bounded: true" in registration_document(make_study(NORM, BOUNDED), range(8), command="")["text"]
    usual = registration_document(make_study(NORM, CLAIM), range(8), command="")
    assert "population" not in usual["text"]  # what was registered before there was the key reads and hashes as it did
    assert (
        usual["sha256"]
        == registration_document(make_study(NORM, {**CLAIM, "population": "all"}), range(8), command="")["sha256"]
    )


def test_what_was_registered_before_claims_had_a_population_means_all_and_is_not_edited():
    study = make_study(NORM, CLAIM, seeds=20)
    held = registration_document(study, range(20), command="")
    earlier = {**held["definition"], "claims": [{**held["definition"]["claims"][0]}]}
    assert not changes({**held, "definition": earlier}, study).diff
    assert changes({**held, "definition": earlier}, make_study(NORM, TRAINED, seeds=20)).post_hoc == {"c0"}
    assert changes({**held, "definition": earlier}, make_study(NORM, BOUNDED, seeds=20)).post_hoc == {"c0"}


def test_the_bound_is_told_beside_a_verdict_and_decides_only_where_the_claim_asks_for_it():
    tables = runs(0.02, lambda norm, seed: norm == "none" and seed == 0)
    (verdict,) = judge(make_study(NORM, CLAIM, seeds=20), tables)
    assert verdict.outcome == "supported"
    assert verdict.parts.bounded is not None
    assert judge(make_study(NORM, BOUNDED, seeds=20), tables)[0].outcome == "inconclusive"


def test_beside_its_sentence_an_effect_over_all_runs_is_not_said_again():
    verdict = verdict_of(0.02, lambda norm, seed: norm == "none")
    assert "over all runs" in two_parts(verdict)
    assert two_parts(verdict, beside=True).endswith("the effect among runs that train: no pair in which all train.")
    mixed = verdict_of(0.02, batch(0, 1, 2))
    assert "by the bound for any distribution" in two_parts(mixed, beside=True)  # another interval than the sentence's


def test_a_card_gives_one_bound_of_how_many_runs_fail():
    verdict = verdict_of(0.02, batch(0, 1, 2))
    text = f"{speaks_of(verdict)} {two_parts(verdict)}"
    assert "No run of norm=none (20 runs) failed: what a failure would change is not part of the effect." in text
    assert "at 95 %)" not in text
    assert text.count("0 of 20 runs of norm=none (0 to 17 % of such runs)") == 1
    alone = verdict_of(0.02, nobody)
    assert "(20 runs; at most 14 % of such runs fail, at 95 %)" in speaks_of(alone)
    with speaking("zh"):
        assert "norm=none（20 次）的运行无一失败" in speaks_of(verdict)
