"""An optimizer on a surface of two variables: the paths of the book's figures 6-3 to 6-8."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must
from ablate.identity import digest
from ablate.optim import Optimizer
from ablate.registry import register
from ablate.streams import streams
from ablate.train.metric import Metric, by_name, loss, steps_to_target
from ablate.train.outcome import DIVERGENCE_FACTOR, Outcome
from ablate.train.program import Curve, Observe, Program, ProgramConfig, RunResult
from ablate.train.summary import first_reached
from ablate.train.vouched import EVERYTHING, Fact


@dataclass(frozen=True)
class SurfaceConfig(ProgramConfig):
    """The optimizer, and how many steps it takes: `steps`, or `epochs` where that is None."""

    optimizer: Optimizer
    steps: int | None
    epochs: int


@register("program", "surface")
@dataclass(frozen=True)
class Surface(Program):
    """The arm's optimizer descends f(x, y) = a x² + b y² from a start; the minimum is f(0, 0) = 0.

    By default the book's f = x²/20 + y² from (-7, 2) (Deep Learning from Scratch, 6.1.2 to 6.1.7 and
    `ch06/optimizer_compare_naive.py`). It owns `optimizer` and `steps` (where `steps` is null, `epochs`: without
    data an epoch is one step).

    Nothing here is random unless `jitter` or `noise` says so: with both at 0 every seed walks the same path, and
    replicates are copies that prove nothing. With `jitter`, seed 0 still starts at `start`, as in the book, and
    every other seed at a point drawn around it: replicates then ask whether a ranking of optimizers holds for
    starts like the book's. With `noise` they ask it of noisy gradients, as minibatches give.

    Attributes
    ----------
    coefficients
        [a, b], > 0.
    start
        [x, y].
    jitter
        Standard deviation of the normal draw added to either coordinate of the start, for seeds other than 0.
    noise
        Standard deviation of the normal draw added to either coordinate of every gradient, for all seeds.
    target_loss
        The run has reached it when f <= target_loss after two consecutive steps.
    """

    METRICS: ClassVar[Mapping[str, Metric]] = by_name([
        loss("final/loss"), loss("final/distance"), loss("best/loss", summarised=False),
        Metric("path/length", summarised=False),
        steps_to_target("ttt/steps"),
    ])  # fmt: skip
    """f and the distance to the minimum at the last step, the least f, the length of the path, steps to the target."""
    config_class = SurfaceConfig
    vouches = EVERYTHING - {Fact.NETWORK, Fact.ENDINGS}

    coefficients: list[float] = field(default_factory=lambda: [0.05, 1.0])
    start: list[float] = field(default_factory=lambda: [-7.0, 2.0])
    jitter: float = 0.0
    noise: float = 0.0
    target_loss: float = 0.01

    def __post_init__(self) -> None:
        if len(self.coefficients) != 2 or not all(0.0 < c < math.inf for c in self.coefficients):
            raise must("Surface.coefficients", "hold two numbers > 0", list(self.coefficients))
        if len(self.start) != 2 or not all(map(math.isfinite, self.start)):
            raise must("Surface.start", "hold two finite numbers", list(self.start))
        for name in ("jitter", "noise"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise must(f"Surface.{name}", "be >= 0", getattr(self, name))
        if not 0.0 < self.target_loss < math.inf:
            raise must("Surface.target_loss", "be > 0", self.target_loss)

    def reads(self, config: SurfaceConfig) -> frozenset[str]:
        """Return the optimizer, and what says how many steps it takes."""
        return self.owns() - ({"epochs"} if config.steps is not None else set())

    def facts(self, config: SurfaceConfig) -> dict[str, Any]:
        """Return what is known before: the surface stands in for the data."""
        return {
            "dataset": f"f(x, y) = {self.coefficients[0]:g} x² + {self.coefficients[1]:g} y²",
            "fingerprint": digest({"coefficients": self.coefficients, "start": self.start}),
            "parameters": 2,
            "steps": _steps(config),
            "dtype": "float64",
        }

    def seconds_per_run(self, config: SurfaceConfig, seeds: int) -> float:
        """Return the time of one seed, measured."""
        began = time.perf_counter()
        self.run(config, range(seeds))
        return (time.perf_counter() - began) / seeds

    def run(self, config: SurfaceConfig, seeds: Sequence[int], observe: Observe | None = None) -> list[RunResult]:
        """Walk all seeds together and return one result each, in order.

        Curves: `path/x`, `path/y` and `train/loss` (f), at the start and after every step.
        """
        began = time.perf_counter()
        rngs = streams(list(seeds), "program")
        a = np.asarray(self.coefficients, np.float64)
        jitter = np.stack([rng.standard_normal(2) for rng in rngs]) * self.jitter
        jitter[[seed == 0 for seed in seeds]] = 0.0
        at = np.asarray(self.start, np.float64) + jitter
        steps = _steps(config)
        slots = config.optimizer.init(at)
        path = np.empty((steps + 1, *at.shape))
        path[0] = at
        with np.errstate(all="ignore"):  # a diverging seed overflows: recorded, not warned about
            for step in range(1, steps + 1):
                noise = np.stack([rng.standard_normal(2) for rng in rngs]) * self.noise
                config.optimizer.update(2.0 * a * at + noise, slots, at, step)
                path[step] = at
            loss = (a * path**2).sum(axis=-1)
        if observe is not None:
            observe(steps * len(seeds), steps * len(seeds))
        seconds = (time.perf_counter() - began) / len(seeds)
        return [self._result(seed, path[:, i], loss[:, i], seconds) for i, seed in enumerate(seeds)]

    def _result(self, seed: int, path: NDArray[np.float64], loss: NDArray[np.float64], seconds: float) -> RunResult:
        finite = np.isfinite(path).all(axis=-1) & np.isfinite(loss)
        bad = None if finite.all() else int(finite.argmin())
        grid = np.arange(len(loss), dtype=np.int64)
        seen = {"path/x": path[:, 0], "path/y": path[:, 1], "train/loss": loss}
        curves = {name: Curve(grid, np.where(finite, values, np.nan)) for name, values in seen.items()}
        if bad is not None or not loss[-1] <= DIVERGENCE_FACTOR * loss[0]:
            return RunResult(seed, Outcome.DIVERGED, {}, curves, bad, seconds=seconds)
        metrics = {
            "final/loss": float(loss[-1]),
            "final/distance": float(np.hypot(*path[-1])),
            "best/loss": float(loss.min()),
            "path/length": float(np.hypot(*np.diff(path, axis=0).T).sum()),
        }
        reached = first_reached(Curve(grid, -loss), -self.target_loss)
        if reached is not None:
            metrics["ttt/steps"] = float(reached)
            return RunResult(seed, Outcome.REACHED, metrics, curves, seconds=seconds)
        outcome = Outcome.CENSORED if loss.min() < loss[0] else Outcome.STALLED
        return RunResult(seed, outcome, metrics, curves, seconds=seconds)


def _steps(config: SurfaceConfig) -> int:
    return config.epochs if config.steps is None else config.steps
