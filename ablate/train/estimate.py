"""How long a run of the NumPy core will take, from a few steps and evaluations of its first group of seeds."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from ablate.data.augment.none import NoAugmentation
from ablate.nn.network import Network
from ablate.streams import streams
from ablate.train.arithmetic import one_thread
from ablate.train.batches import evaluation_steps, minibatches, total_steps
from ablate.train.config import TrainConfig
from ablate.train.lens.steps import log_steps
from ablate.train.loop import train_blocks
from ablate.train.memory import chunks
from ablate.train.parts import Parts, PartSource
from ablate.train.path import compiled_program
from ablate.train.step import Stepper

FEWEST, LONGEST = 20, 1.0
"""Steps that are timed at least; seconds that more of them may take."""

SLOW = 1e-6
"""The learning rate that is tried with."""


@dataclass(frozen=True)
class Timing:
    """Seconds of a group of blocks: once, for each step, and for each evaluation with what is observed there."""

    once: float
    step: float
    evaluation: float


def seconds_per_run(config: TrainConfig, network: Network, seeds: int) -> float:
    """Return the time of one of `seeds` runs on a core of its own.

    Counted is the processor's time, so that a busy machine does not make it longer. An augmentation that has to be
    prepared is prepared for one seed: a GAN's own training takes seconds.
    """
    source = PartSource.of(config.dataset, config.arithmetic)
    group = chunks(config, network, list(range(seeds)))[0]
    train_size = Parts.of(config.dataset, group[:1]).train.shape[1]
    steps, evaluations = total_steps(config, train_size), len(evaluation_steps(config, train_size))
    # Hardly learning: an arm that diverges would say nothing of the others that cost the same.
    brief = replace(config, change_at=None, optimizer=replace(config.optimizer, lr=SLOW))
    # However few the steps that are tried, they are done as those of the run.
    brief = replace(brief, compiled=compiled_program(config, network) is not None)
    if config.augment.needs_training_set:
        brief = replace(brief, augment=NoAugmentation())
    plain = replace(brief, observe=[name for name in config.observe if name != "steps"])
    with one_thread():
        _total(plain, network, source, group[:1], steps=1)  # what is done once in a process
        timing = _timed(plain, network, source, group, steps=FEWEST)
        # As many steps between evaluations as in the run: what an evaluation's time is wrong by then weighs no more.
        tried = min(steps // evaluations, int(LONGEST / timing.step) if timing.step else 0)
        if tried > FEWEST:
            timing = _timed(plain, network, source, group, steps=tried)
        watching = 0.0
        if plain.observe != config.observe:
            # Updates are watched at steps evenly spaced in log t: the first few are not like the rest.
            longer, shorter = (_total(c, network, source, group, steps=FEWEST) for c in (brief, plain))
            watching = max(longer - shorter, 0.0) * len(log_steps(steps)) / len(log_steps(FEWEST))
        preparing, augmenting = _preparation(config, network, group[:1])
    trained = timing.once + timing.step * steps + timing.evaluation * evaluations + watching
    return trained / len(group) + preparing + augmenting * steps


def _total(config: TrainConfig, network: Network, source: PartSource, group: list[int], *, steps: int) -> float:
    began = time.thread_time()
    train_blocks(replace(config, steps=steps, evaluate_from=steps), network, source, group)
    return time.thread_time() - began


def _timed(config: TrainConfig, network: Network, source: PartSource, group: list[int], *, steps: int) -> Timing:
    """Train a few steps, evaluate, train `steps` and evaluate, train one and evaluate: the difference is the steps'."""
    warm = 3
    marks: list[float] = []
    brief = replace(config, steps=warm + steps + 1, evaluate_from=warm, evaluate_every=steps)
    began = time.thread_time()
    train_blocks(brief, network, source, group, observe=lambda _: marks.append(time.thread_time()))
    total = time.thread_time() - began
    if len(marks) < 3:  # every block diverged on its way: the run will end as early
        return Timing(total, 0.0, 0.0)
    many, one = marks[1] - marks[0], marks[-1] - marks[-2]
    step = max(many - one, 0.0) / (steps - 1)
    evaluation = max(one - step, 0.0)
    return Timing(max(total - (warm + steps + 1) * step - 3 * evaluation, 0.0), step, evaluation)


def _preparation(config: TrainConfig, network: Network, seeds: list[int]) -> tuple[float, float]:
    """Return the seconds of preparing a seed's augmentation, and of a minibatch with it; 0 where there is none."""
    if not config.augment.needs_training_set:
        return 0.0, 0.0
    stepper = Stepper(config, network, PartSource.of(config.dataset, config.arithmetic), seeds)
    train = Parts.of(config.dataset, seeds, members=config.ensemble).train
    began = time.perf_counter()
    stepper.prepare(train)
    prepared = time.perf_counter()
    positions, times = next(minibatches(config, train, streams(seeds, "shuffle", config.ensemble))), 5
    for _ in range(times):
        stepper.gather(positions)
    augmented = time.perf_counter()
    return (prepared - began) / len(seeds), (augmented - prepared) / times / len(seeds)
