"""The computation graph of a configuration, measured on the first minibatch a seed would be trained on."""

from __future__ import annotations

from ablate.nn.graph import Graph
from ablate.nn.measure import measure
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import network_of
from ablate.train.parts import Parts, Source
from ablate.train.step import Stepper


def measured_graph(config: TrainConfig, *, seed: int = 0) -> Graph:
    """Return the graph with the sizes of the seed's very first training pass; no step is taken.

    The split, the minibatch, its augmentation, the initial weights and the dropout masks are those of the run.

    Raises
    ------
    UserError
        The configuration cannot be trained on this dataset.
    """
    network, source = network_of(config), Source.of(config.dataset, config.dtype)
    parts = Parts.of(config.dataset, [seed])
    positions = next(minibatches(config, parts.train, streams([seed], "shuffle")))
    stepper = Stepper(config, network, source, [seed])
    inputs, labels = stepper.gather(positions)
    return measure(
        network,
        config.loss,
        params=stepper.replicas.params,
        inputs=inputs,
        labels=labels,
        rngs=streams([seed], "dropout"),
    )
