"""The Program that trains with the NumPy core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ablate.data.base import first_split, majority_rate, told_of
from ablate.errors import UserError
from ablate.nn.graph import Graph
from ablate.nn.network import Network
from ablate.registry import register, registered_name
from ablate.train.arithmetic import one_thread
from ablate.train.batches import change_step, total_steps
from ablate.train.compiled.ready import make_ready
from ablate.train.config import TrainConfig
from ablate.train.estimate import seconds_per_run
from ablate.train.graph import measured_graph
from ablate.train.lens import METRICS as OBSERVED
from ablate.train.loop import Trace, train_blocks
from ablate.train.memory import chunks
from ablate.train.metric import CORE, Metric, accuracy, by_name, duration
from ablate.train.parts import PartSource
from ablate.train.path import compiled_program
from ablate.train.program import Observe, Program, RunResult
from ablate.train.result import result
from ablate.train.vouched import EVERYTHING


def network_of(config: TrainConfig) -> Network:
    """Build the network of a configuration."""
    examples = config.dataset.examples()
    return config.model.build(
        examples.images.shape[1:],
        examples.classes,
        activation=config.activation,
        norm=config.norm,
        dropout=config.dropout,
    )


def _dataset_name(config: TrainConfig) -> str:
    try:
        return registered_name(config.dataset)
    except UserError:  # not registered: a dataset handed over from Python
        return type(config.dataset).__name__


@register("program", "numpy")
@dataclass(frozen=True)
class NumpyProgram(Program):
    """Trains all seeds of an arm together, as many at a time as the cache holds."""

    METRICS: ClassVar[Mapping[str, Metric]] = CORE | OBSERVED | by_name([
        *(accuracy(name, failed_counts_as="as_logged", summarised=False)
          for name in ("change/accuracy_before", "ensemble/member_test_accuracy", "gan/landed_share")),
        Metric("gan/modes", better="higher", unit="fraction", failed_counts_as="as_logged", summarised=False),
        duration("seconds/training"), duration("seconds/evaluation"),
        *(Metric(name, failed_counts_as="as_logged", summarised=False)
          for name in ("observe/hidden_moved", "check/linear_collapse", "check/graph_width")),
    ])  # fmt: skip
    config_class = TrainConfig
    vouches = EVERYTHING

    vouched = True

    def reads(self, config: TrainConfig) -> frozenset[str]:
        """Return everything it owns, but `epochs` where `steps` are given."""
        return self.owns() - ({"epochs"} if config.steps is not None else set())

    def facts(self, config: TrainConfig) -> dict[str, Any]:
        """Return what is known before training; sizes do not depend on the seed. An ensemble costs as many nets.

        Raises
        ------
        UserError
            The configuration cannot be trained on this dataset.
        """
        examples, network = config.dataset.examples(), network_of(config)
        split = first_split(config.dataset)
        steps, change = total_steps(config, len(split.train)), change_step(config, len(split.train))
        facts = {
            "dataset": _dataset_name(config),
            "fingerprint": examples.fingerprint,
            "majority_rate": majority_rate(examples.labels[split.train]),
            "parameters": network.parameters * config.ensemble,
            "multiply_adds": network.multiply_adds * config.ensemble,
            "graph_width": network.width,
            "train_size": len(split.train),
            "validation_size": len(split.validation),
            "test_size": len(split.test),
            "classes": examples.classes,
            "steps": steps,
            "dtype": config.dtype,
            **told_of(examples),
            "compiled": compiled_program(config, network) is not None,
        }
        return facts if change is None else {**facts, "change_step": change, "recovery_steps": steps - change}

    def seconds_per_run(self, config: TrainConfig, seeds: int) -> float:
        """Return a rough time of one of `seeds` runs on a core of its own; see `ablate.train.estimate`."""
        return seconds_per_run(config, network_of(config), seeds)

    def ready(self, config: TrainConfig) -> None:
        """Compile or load the compiled form of the arm's steps, where it is trained by that.

        Raises
        ------
        NotCompiledError
            That cannot be done here.
        """
        program = compiled_program(config, network_of(config))
        if program is not None:
            make_ready(program, np.dtype(config.arithmetic))

    def graph(self, config: TrainConfig, *, seed: int) -> Graph:
        """Return the network's graph with the sizes of the seed's first training pass."""
        with one_thread():
            return measured_graph(config, network_of(config), seed=seed)

    def run(self, config: TrainConfig, seeds: Sequence[int], observe: Observe | None = None) -> list[RunResult]:
        """Train every seed and return one result each, in order.

        `observe` is told steps summed over the seeds.
        """
        facts = self.facts(config)
        self.ready(config)
        network, source = network_of(config), PartSource.of(config.dataset, config.arithmetic)
        traces: list[tuple[list[int], Trace]] = []
        finished = 0
        for group in chunks(config, network, list(seeds)):

            def told(done: int, *, before: int = finished, blocks: int = len(group)) -> None:
                if observe is not None:
                    observe(before + done * blocks, facts["steps"] * len(seeds))

            with one_thread():
                traces.append((group, train_blocks(config, network, source, group, observe=told)))
            finished += facts["steps"] * len(group)
        training = sum(trace.training_seconds for _, trace in traces) / max(len(seeds), 1)
        evaluation = sum(trace.evaluation_seconds for _, trace in traces) / max(len(seeds), 1)
        return [
            result(config, facts, seed, trace, block=block, seconds=(training, evaluation))
            for group, trace in traces
            for block, seed in enumerate(group)
        ]
