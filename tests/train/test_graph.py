import numpy as np
import pytest

from ablate.nn import BatchNorm, BernoulliDropout
from ablate.nn.graph import LOSS
from ablate.optim import SGD
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.loop import train_blocks
from ablate.train.numpy_program import network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper


@pytest.mark.parametrize("seed", [0, 7])
def test_the_graph_shows_the_very_first_training_pass_of_the_seed(config, seed):
    arm = config(norm=BatchNorm(), dropout=BernoulliDropout(0.3))
    graph = arm.program.graph(arm, seed=seed)
    trace = train_blocks(arm, network_of(arm), PartSource.of(arm.dataset, arm.dtype), [seed])
    assert graph.chain[-1].name == LOSS
    assert graph.chain[-1].sizes.forward == pytest.approx(trace.batch_loss[0, 0], rel=1e-6)


def test_gradients_of_parameters_are_those_of_the_first_step(config):
    arm = config(optimizer=SGD(1.0), dtype="float64")
    network, source = network_of(arm), PartSource.of(arm.dataset, arm.dtype)
    stepper = Stepper(arm, network, source, [0])
    before = stepper.replicas.params.copy()
    stepper(next(minibatches(arm, Parts.of(arm.dataset, [0]).train, streams([0], "shuffle"))))
    step = before - stepper.replicas.params
    graph = arm.program.graph(arm, seed=0)
    squares = sum(node.sizes.parameters**2 * node.parameters for node in graph.nodes() if node.parameters)
    assert np.sqrt(squares) == pytest.approx(np.linalg.norm(step), rel=1e-9)
