"""The computation graph of a configuration, measured on the first minibatch a seed would be trained on."""

from __future__ import annotations

from dataclasses import replace

from ablate.data.augment.none import NoAugmentation
from ablate.nn.graph import Graph
from ablate.nn.measure import measure
from ablate.nn.network import Network
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper


def measured_graph(config: TrainConfig, network: Network, *, seed: int) -> Graph:
    """Return the graph of a configuration's network with the sizes of a seed's first training pass; no step is taken.

    The split, the minibatch, its augmentation, the initial weights and the dropout masks are those of the run. (Where
    the augmentation has to be prepared first, which may take long, the minibatch is left as it is.) Of an ensemble it
    is the first net.

    Raises
    ------
    UserError
        The configuration cannot be trained on this dataset.
    """
    config = replace(config, ensemble=1)
    if config.augment.needs_training_set:
        config = replace(config, augment=NoAugmentation())
    source = PartSource.of(config.dataset, config.arithmetic)
    parts = Parts.of(config.dataset, [seed])
    positions = next(minibatches(config, parts.train, streams([seed], "shuffle", redraw=config.redraw)))
    stepper = Stepper(config, network, source, [seed])
    inputs, labels = stepper.gather(positions)
    return measure(
        network,
        config.loss,
        params=stepper.replicas.params,
        inputs=inputs,
        labels=labels,
        rngs=streams([seed], "dropout", redraw=config.redraw),
    )
