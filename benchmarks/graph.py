"""Time what an arm's graph costs beside its run: `python benchmarks/graph.py [--quick]`.

One process, one core, processor time (the machine may be shared). Per model: measuring (one training pass of one seed,
with the root mean square of every array), the SVG of the first arm of an architecture, that of the next ones, and for
comparison one training step of one seed.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: BLAS reads it once
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import time
from collections.abc import Callable
from statistics import median

import hydra
from hydra.core.global_hydra import GlobalHydra

from ablate.app.compose import Composer
from ablate.app.schema import register_components
from ablate.report.figures.graph_svg import GraphDrawer
from ablate.resources import conf_folder
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper

MODELS = ("mlp", "convnet", "deep_convnet", "resnet", "inception")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions: checks that it runs")
    repetitions = 2 if parser.parse_args().quick else 15
    print(f"{'norm=batch':<14}{'nodes':>6}{'measure':>10}{'first SVG':>11}{'next SVG':>10}{'a step':>9}   ms")
    for name in MODELS:
        config = configured({"model": name, "norm": "batch"})
        graph = config.program.graph(config, seed=0)
        assert graph is not None
        drawer = GraphDrawer()
        step = stepped(config)
        columns = (
            milliseconds(lambda config=config: config.program.graph(config, seed=0), repetitions),
            milliseconds(lambda graph=graph: GraphDrawer()(graph, title="an arm"), repetitions),
            milliseconds(lambda drawer=drawer, graph=graph: drawer(graph, title="an arm"), repetitions),
            milliseconds(step, repetitions),
        )
        measure, first, later, step_time = columns
        print(f"{name:<14}{len(graph.nodes()):>6}{measure:>10.1f}{first:>11.1f}{later:>10.2f}{step_time:>9.1f}")


def configured(levels: dict[str, str]) -> TrainConfig:
    """Return the default configuration with some options changed."""
    register_components()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return Composer(GlobalHydra.instance().config_loader(), levels)({})


def stepped(config: TrainConfig) -> Callable[[], object]:
    """Return what does one training step of one seed."""
    network, source = network_of(config), PartSource.of(config.dataset, config.arithmetic)
    stepper = Stepper(config, network, source, [0])
    batches = minibatches(config, Parts.of(config.dataset, [0]).train, streams([0], "shuffle"))
    return lambda: stepper(next(batches))


def milliseconds(run: Callable[[], object], repetitions: int) -> float:
    """Return the median processor time, one warm-up apart."""
    times = []
    for _ in range(repetitions + 1):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return median(times[1:]) * 1e3


if __name__ == "__main__":
    main()
