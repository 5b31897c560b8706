import numpy as np
import pytest

import ablate.train.evaluate
from ablate.nn import CrossEntropy, Dense, Normal, softmax
from ablate.nn.network import Network, Replicas
from ablate.train.evaluate import Evaluator
from ablate.train.parts import PartSource

RNG = np.random.default_rng(0)
SOURCE = PartSource(RNG.random((40, 6)), RNG.integers(3, size=40), (1, 2, 3))


@pytest.fixture
def replicas():
    found = Replicas(Network((6,), [("dense", Dense(3))]), blocks=2, dtype="float64")
    found.init(Normal(1.0), [np.random.default_rng(block) for block in range(2)])
    return found


@pytest.mark.parametrize("rows", [7, 250])
def test_evaluation_is_the_mean_over_all_examples_however_they_are_cut(replicas, rows, monkeypatch):
    monkeypatch.setattr(ablate.train.evaluate, "ROWS", rows)
    positions = np.stack([np.arange(5, 30), np.arange(25)])
    found = Evaluator(replicas, CrossEntropy(), SOURCE)(positions)
    for block in range(2):
        probabilities = softmax(SOURCE.images[positions[block]] @ replicas.views[0]["W"][block])
        labels = SOURCE.labels[positions[block]]
        assert found.loss[block] == pytest.approx(-np.log(probabilities[np.arange(25), labels]).mean())
        np.testing.assert_array_equal(found.correct[block], probabilities.argmax(axis=1) == labels)
        assert found.accuracy[block] == found.correct[block].mean()


def test_a_shared_part_counts_for_every_block(replicas):
    evaluate = Evaluator(replicas, CrossEntropy(), SOURCE)
    shared, copied = evaluate(np.arange(20)[None]), evaluate(np.stack([np.arange(20)] * 2))
    np.testing.assert_array_equal(shared.loss, copied.loss)
    np.testing.assert_array_equal(shared.correct, copied.correct)


def test_nan_scores_do_not_read_as_class_zero(replicas):
    replicas.params[0] = np.nan
    found = Evaluator(replicas, CrossEntropy(), SOURCE)(np.flatnonzero(SOURCE.labels == 0)[None])
    assert found.correct[0].all()  # what argmax of NaN says
    assert np.isnan(found.accuracy[0])
    assert np.isfinite(found.accuracy[1])
