"""A seed's ensemble: nets that share their examples and nothing else, evaluated by their mean prediction."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.identity import describe
from ablate.nn import BatchNorm, BernoulliDropout, CrossEntropy, He, MeanSquaredError, softmax
from ablate.registry import options
from ablate.streams import stream, streams
from ablate.train import loop, memory
from ablate.train.memory import chunks, footprint
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.outcome import Outcome
from ablate.train.parts import PartSource
from ablate.train.result import _ends
from ablate.train.step import Stepper

PROGRAM = NumpyProgram()
SETTINGS = [
    {},
    {"keep": "best", "norm": BatchNorm(), "epochs": 12},
    {"sampling": "replacement", "dropout": BernoulliDropout(0.2)},
    {"augment": options("augment")["noise"]()},
    {"augment": options("augment")["baked"](copies=3, of="noise")},
    {"init": options("init")["lsuv"]()},
    {"loss": MeanSquaredError()},
    {"dtype": "float64", "change_at": 2},
]
IDS = ["plain", "best", "dropout", "noise", "baked", "lsuv", "mse", "change"]


def trained(config, seeds, monkeypatch):
    """Run and return the results and the steppers, which hold what was trained."""
    held = []

    class Held(Stepper):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            held.append(self)

    monkeypatch.setattr(loop, "Stepper", Held)
    results = PROGRAM.run(config, seeds)
    monkeypatch.undo()
    return results, held


def alone_as_member(config, seed, member, monkeypatch):
    """Train a single net that draws what a member of the seed's ensemble does, and return it and its result."""
    with monkeypatch.context() as patched:
        shared = ("split", "change")

        def drawn(seeds, purpose, members=1, redraw=0):
            assert (members, redraw) == (1, 0)
            return [stream(seed, purpose, 0 if purpose in shared else member) for seed in seeds]

        for module in ("loop", "step", "parts", "change"):
            patched.setattr(f"ablate.train.{module}.streams", drawn)
        results, held = trained(replace(config, ensemble=1), [seed], patched)
    return results[0], held[0].replicas


@pytest.mark.parametrize("changed", SETTINGS, ids=IDS)
def test_the_first_member_is_the_single_net_of_the_seed(config, changed):
    single, ensemble = (PROGRAM.run(config(ensemble=size, **changed), [3, 5]) for size in (1, 3))
    for one, several in zip(single, ensemble, strict=True):
        members = several.arrays["ensemble/validation_accuracy"]
        assert members.shape == (len(one.curves["validation/accuracy"].steps), 3)
        np.testing.assert_array_equal(members[:, 0], one.curves["validation/accuracy"].values)
        assert several.arrays["ensemble/test_accuracy"][0] == one.metrics["final/test_accuracy"]
        assert not (members[:, 1] == members[:, 0]).all()
        assert not (members[:, 1] == members[:, 2]).all()


@pytest.mark.parametrize("changed", SETTINGS, ids=IDS)
def test_the_prediction_is_the_mean_of_nets_trained_one_by_one(config, changed, monkeypatch):
    arm = config(**changed)
    together, _ = trained(replace(arm, ensemble=3), [4, 7], monkeypatch)
    nets = [alone_as_member(arm, 7, member, monkeypatch) for member in range(3)]
    examples = arm.dataset.examples()
    test = arm.dataset.split(stream(7, "split")).test
    labels = examples.labels[test]
    if arm.change_at is not None:
        labels = loop.changed(PartSource.of(arm.dataset, arm.arithmetic), [7], examples.classes).labels[0, test]
    scores = [net.forward(examples.images[test][None].astype(net.dtype), train=False)[0].copy() for _, net in nets]
    by_softmax = isinstance(arm.loss, CrossEntropy)
    mean = np.mean([softmax(s.astype(np.float64)) if by_softmax else s.astype(np.float64) for s in scores], axis=0)
    found = together[1]
    np.testing.assert_array_equal(found.test_correct, mean.argmax(axis=1) == labels)
    own = mean[np.arange(len(test)), labels]
    loss = -np.log(own) if by_softmax else 0.5 * ((mean - np.eye(examples.classes)[labels]) ** 2).sum(axis=1)
    assert found.metrics["final/test_loss"] == pytest.approx(loss.mean(), rel=1e-5)
    assert found.metrics["final/test_accuracy"] == found.test_correct.mean()
    accuracies = [one.metrics["final/test_accuracy"] for one, _ in nets]
    np.testing.assert_array_equal(found.arrays["ensemble/test_accuracy"], accuracies)
    assert found.metrics["ensemble/member_test_accuracy"] == pytest.approx(np.mean(accuracies), rel=1e-12)


def test_each_member_is_stopped_at_its_own_best(config):
    found = PROGRAM.run(config(ensemble=4, keep="best", epochs=12, norm=BatchNorm()), [4])[0]
    members, steps = found.arrays["ensemble/validation_accuracy"], found.arrays["ensemble/step"]
    stopped = steps[members.argmax(axis=0)]
    np.testing.assert_array_equal(found.arrays["ensemble/tested_step"], stopped)
    assert len(set(stopped.tolist())) > 1  # or one stop for all would do as well


def test_final_values_without_early_stopping_are_those_of_the_last_evaluation(config):
    for found in PROGRAM.run(config(ensemble=3), [0, 1]):
        for name, curve in found.curves.items():
            assert found.metrics[f"final/{name.replace('/', '_')}"] == curve.values[-1]
        assert set(found.arrays["ensemble/tested_step"].tolist()) == {28}


@pytest.mark.parametrize("changed", SETTINGS, ids=IDS)
def test_how_many_are_trained_at_a_time_changes_nothing(config, changed, monkeypatch):
    arm = config(ensemble=3, **changed)
    at_once = PROGRAM.run(arm, range(4))
    tight = replace(arm, memory_gb=6.5 * footprint(arm, network_of(arm)).held / 2**30)
    assert [len(group) for group in chunks(tight, network_of(tight), list(range(4)))] == [2, 2]
    monkeypatch.setattr(memory, "CACHE", 0)  # four nets at a time: of a seed's three, none is cut off
    assert [len(group) for group in chunks(arm, network_of(arm), list(range(4)))] == [1, 1, 1, 1]
    for other in (PROGRAM.run(tight, range(4)), PROGRAM.run(arm, range(4))):
        for one, two in zip(at_once, other, strict=True):
            assert (one.seed, one.outcome) == (two.seed, two.outcome)
            for name, curve in one.curves.items():
                np.testing.assert_array_equal(curve.values, two.curves[name].values)
            np.testing.assert_array_equal(one.test_correct, two.test_correct)


@dataclass(frozen=True)
class Explosive(He):
    """Some nets begin with weights at which float32 overflows at once."""

    def draw(self, rng, shape, fans):
        drawn = super().draw(rng, shape, fans)
        return drawn * 1e30 if drawn.flat[0] > 1.2 * self.std_for(*fans) else drawn


def test_an_ensemble_has_diverged_where_one_of_its_members_has(config, monkeypatch):
    arm = config(init=Explosive())
    together = PROGRAM.run(replace(arm, ensemble=2), range(6))
    diverged = []
    for found in together:
        nets = [alone_as_member(arm, found.seed, member, monkeypatch)[0] for member in range(2)]
        lost = [net.first_nonfinite_step for net in nets if net.outcome is Outcome.DIVERGED]
        diverged.append(len(lost))
        assert (found.outcome is Outcome.DIVERGED) is bool(lost)
        if lost:
            assert found.first_nonfinite_step == min(lost)
            assert found.test_correct is None
            assert not [name for name in found.metrics if name.startswith(("final/", "best/", "ensemble/"))]
            assert np.isnan(found.curves["validation/accuracy"].values[-1])
    assert {0, 1} <= set(diverged)  # none and one of the two: a sound member does not save the run


def test_a_member_whose_finite_loss_blew_up_counts_as_diverged():
    losses = np.array([[2.0, 2.0, 1.0], [1.0, 30.0, 1.0], [1.0, 30.0, 1.0]])
    assert _ends(losses, range(3), last=2) == (2.0, 30.0)
    assert _ends(losses, range(2, 3), last=2) == (1.0, 1.0)
    assert _ends(losses[:, ::2], range(2), last=2) == (2.0, 1.0)


def test_it_costs_as_many_nets(config):
    one, five = (PROGRAM.facts(config(ensemble=size)) for size in (1, 5))
    assert five["parameters"] == 5 * one["parameters"]
    assert five["multiply_adds"] == 5 * one["multiply_adds"]
    assert {k: v for k, v in five.items() if k not in ("parameters", "multiply_adds")} == {
        k: v for k, v in one.items() if k not in ("parameters", "multiply_adds")
    }


def test_its_graph_is_that_of_one_net(config):
    one, five = (PROGRAM.graph(config(ensemble=size), seed=0) for size in (1, 5))
    assert five.parameters == one.parameters


def test_a_single_net_is_described_as_it_was_before_there_were_ensembles(config):
    assert "ensemble" not in describe(config())
    assert describe(config()) == {k: v for k, v in describe(config(ensemble=2)).items() if k != "ensemble"}
    assert describe(config(ensemble=2))["ensemble"] == 2


def test_members_draw_from_streams_of_their_own():
    drawn = [rng.random() for rng in streams([0, 1], "init", 3)]
    assert len(set(drawn)) == 6
    assert [drawn[0], drawn[3]] == [rng.random() for rng in streams([0, 1], "init")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_mean_probability_too_small_for_the_dtype_has_a_finite_loss(dtype):
    scores = np.array([[[[0.0, -800.0]], [[0.0, -900.0]]]], dtype)
    found = CrossEntropy().mean_prediction(scores)
    assert found.dtype == dtype
    np.testing.assert_allclose(found[0, 0], [0.0, -800.0 - np.log(2.0)], rtol=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ensemble": 0}, "`ensemble` must be a whole number >= 1, got 0."),
        ({"ensemble": True}, "`ensemble` must be a whole number >= 1, got True."),
        ({"ensemble": 2.0}, "`ensemble` must be a whole number >= 1, got 2.0."),
        (
            {"ensemble": 2, "observe": ["steps"]},
            "`observe` must be [] with an ensemble: an observer looks into one net, got ['steps'].",
        ),
    ],
)
def test_what_is_no_ensemble_is_refused(config, changed, message):
    with pytest.raises(UserError) as caught:
        config(**changed)
    assert str(caught.value) == message
