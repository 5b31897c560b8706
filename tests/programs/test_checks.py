"""The checks can fail: each is shown a world in which its property does not hold."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from ablate.nn import Dense, ReLU, Sigmoid
from ablate.programs import latency, predictions, softmax_check
from ablate.programs.softmax_check import SoftmaxCheck, decimal_argmax, largest_argument
from ablate.programs.theory_check import CHECKS

STUDIES = Path(__file__).parents[2] / "studies"


def rng():
    return np.random.default_rng(0)


def test_the_largest_argument_is_the_last_before_overflow():
    for name in ("float16", "float32", "float64"):
        limit = np.dtype(name).type(largest_argument(name))
        with np.errstate(over="ignore"):
            assert np.isfinite(np.exp(limit))
            assert np.isinf(np.exp(np.nextafter(limit, np.dtype(name).type(np.inf))))


def test_naive_softmax_overflows_where_the_shifted_one_does_not():
    (run,) = SoftmaxCheck("overflow", "float32", trials=300).run(None, [0])
    assert run.metrics["overflow/shifted_rows"] == 0
    assert run.metrics["overflow/naive_rows"] > 250


def test_an_unshifted_softmax_would_be_found_out(monkeypatch):
    def naive(scores):
        e = np.exp(scores)
        return e / e.sum(axis=-1, keepdims=True)

    monkeypatch.setattr(softmax_check, "softmax", naive)
    (run,) = SoftmaxCheck("overflow", "float32", trials=300).run(None, [0])
    assert run.outcome == "censored"
    assert run.metrics["overflow/shifted_rows"] > 250


def test_tiny_logits_lose_their_argmax_in_floating_point_and_keep_it_in_decimal():
    (floats,) = SoftmaxCheck("argmax_tiny", "float64", trials=500).run(None, [0])
    (exact,) = SoftmaxCheck("argmax_tiny", "decimal", trials=50).run(None, [0])
    assert floats.outcome == "censored"
    # All ten outputs are 0.1: the first is said to be the largest, wrongly for nine rows in ten.
    assert floats.metrics["flips/low"] < 0.9 < floats.metrics["flips/high"]
    assert exact.metrics["flips/count"] == 0
    assert exact.metrics["trials"] == 50
    assert decimal_argmax(np.array([0.0, 1e-300])) == 0  # beyond 100 digits even decimal cannot tell


def test_the_sum_of_half_precision_probabilities_fails_with_very_many_classes():
    (run,) = SoftmaxCheck("sum_untrained", "float16", classes=100_000, trials=1).run(None, [0])
    assert run.metrics["sum/off"] == 1.0  # the sum of exponentials passes 65,504: every probability is 0
    (few,) = SoftmaxCheck("sum_untrained", "float16", classes=10, trials=100).run(None, [0])
    assert few.metrics["sum/off"] < 0.002


def test_the_share_of_latency_is_that_of_the_times(monkeypatch):
    monkeypatch.setattr(latency, "REPETITIONS", (2, 2))
    found = latency.share_of_latency(rng(), classes=10, batch=1, dtype="float32")
    assert found["latency/share"] == pytest.approx(1 - found["latency/without_seconds"] / found["latency/with_seconds"])


@pytest.mark.parametrize("check", CHECKS)
def test_a_prediction_holds_on_one_draw(check):
    compute, tolerance = CHECKS[check]
    assert compute(rng())["deviation"] <= tolerance


def test_a_nonlinear_net_does_not_collapse(monkeypatch):
    monkeypatch.setattr(predictions, "Identity", ReLU)
    assert predictions.linear_collapse(rng())["deviation"] > 0.1


def test_a_sigmoid_in_place_of_the_step_passes_a_gradient(monkeypatch):
    monkeypatch.setattr(predictions, "Step", Sigmoid)
    assert predictions.zero_step_gradient(rng())["deviation"] > 1e-6


def test_without_batch_norm_scaled_weights_walk_another_path(monkeypatch):
    from ablate.nn import NoNorm

    monkeypatch.setattr(predictions, "BatchNorm", lambda eps: NoNorm())
    assert predictions.bn_scale(rng())["deviation"] > 0.01


def test_a_core_without_rescaling_dropout_breaks_the_penalty(monkeypatch):
    from ablate.nn import BookDropout

    monkeypatch.setattr(predictions, "BernoulliDropout", BookDropout)
    assert predictions.dropout_linear(rng())["deviation"] > 0.1


def test_the_study_of_theory_states_the_tolerances_of_the_checks():
    study = yaml.safe_load((STUDIES / "theory.yaml").read_text(encoding="utf-8"))
    stated = {claim["arm"]["program.check"]: claim.get("at_most", claim.get("equals"))
              for claim in study["claims"] if claim["metric"] == "deviation"}  # fmt: skip
    assert study["factors"]["program.check"] == list(CHECKS)
    assert stated == {check: CHECKS[check][1] for check in stated}
    assert len(stated) == 6


def test_dense_is_what_the_collapse_is_about():
    assert {type(n.layer) for n in predictions._net([4], 3, activation=predictions.Identity(),
            init=predictions.Xavier(), rng=rng()).network.nodes} >= {Dense}  # fmt: skip
