"""All observers of a group of blocks, and the numbers and arrays they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.nn.network import Network
from ablate.train.config import TrainConfig
from ablate.train.lens.activations import ActivationLens
from ablate.train.lens.gradients import GradientLens
from ablate.train.lens.probe import Probe
from ablate.train.lens.steps import StepLens
from ablate.train.metric import Metric, by_name
from ablate.train.parts import Parts
from ablate.train.step import Stepper

_TWICE = ("activation_sd_last", "saturated_share", "dead_share", "gradient_ratio")

METRICS = by_name(
    Metric(f"observe/{name}", failed_counts_as="as_logged", summarised=False)
    for name in (*_TWICE, *(f"{one}_start" for one in _TWICE), "step_slope", "unchanged_share")
)
"""Scalars an observer may log. Those that end in `_start` are of the untrained net, their twins of the last look."""


class Lens:
    """Looks at a group of blocks at step 0 and at every evaluation, and at updates on a log-spaced grid.

    Parameters
    ----------
    stepper
        What is looked at; its `watch` is set where steps are observed.
    grid
        Steps done at each evaluation.
    """

    def __init__(
        self,
        config: TrainConfig,
        network: Network,
        stepper: Stepper,
        parts: Parts,
        seeds: Sequence[int],
        *,
        grid: Sequence[int],
    ) -> None:
        self._stepper = stepper
        self._looks = sorted({0, *grid})
        size: dict[str, Any] = {"looks": len(self._looks), "blocks": len(seeds)}
        wanted = set(config.observe)
        self._wanted = wanted
        self._activations = ActivationLens(network, **size) if wanted & {"activations", "dead_units"} else None
        self._gradients = GradientLens(network, **size) if "gradients" in wanted else None
        self._steps = StepLens(network, stepper.source, parts.train, steps=grid[-1]) if "steps" in wanted else None
        probing = self._activations or self._gradients
        self._probe = Probe(config, network, parts.train, seeds) if probing else None
        self._last = 0
        stepper.watch = self._steps

    def look(self, done: int) -> None:
        """Look at the net as it is after `done` steps, one of the looks."""
        if self._probe is None:
            return
        look = self._last = self._looks.index(done)
        watch = self._activations.watch if self._activations else None
        passes = self._probe.look(
            self._stepper.replicas, self._stepper.source, watch, backward=self._gradients is not None
        )
        for _ in passes:
            if self._gradients is not None:
                self._gradients.take(self._probe.shadow)
        for lens in (self._activations, self._gradients):
            if lens is not None:
                lens.close(look)

    def metrics(self, block: int) -> dict[str, float]:
        """Return the scalars of one block, those that are finite."""
        scalars: dict[str, float] = {}
        if self._activations is not None:
            seen = self._activations
            kept = {"activation_sd_last": seen.sd[:, -1:], "saturated_share": seen.saturated}
            kept = kept if "activations" in self._wanted else {}
            for name, values in {**kept, "dead_share": seen.dead}.items():
                if name == "dead_share" and "dead_units" not in self._wanted:
                    continue
                for suffix, look in (("", self._last), ("_start", 0)):
                    scalars[name + suffix] = float(np.mean(values[look, :, block])) if values.shape[1] else math.nan
        if self._gradients is not None:
            for suffix, look in (("", self._last), ("_start", 0)):
                first, last = self._gradients.norm[look, [0, -1], block]
                scalars["gradient_ratio" + suffix] = (
                    math.log10(first / last) if first > 0.0 and last > 0.0 else math.nan
                )
        if self._steps is not None:
            scalars["step_slope"] = self._steps.slope(block)
            scalars["unchanged_share"] = self._steps.unchanged_share(block)
        return {f"observe/{name}": value for name, value in scalars.items() if math.isfinite(value)}

    def arrays(self, block: int) -> dict[str, NDArray[Any]]:
        """Return the arrays of one block: `<observer>/<what>`, the axes (looks or steps, layers, …)."""
        arrays: dict[str, NDArray[Any]] = {}
        looks = np.asarray(self._looks, np.int64)
        if self._activations is not None:
            seen, layers = self._activations, np.asarray(self._activations.layers, np.str_)
            if "activations" in self._wanted:
                arrays |= {"activations/look": looks, "activations/layer": layers, "activations/edges": seen.edges}
                for name in ("counts", "mean", "sd", "saturated"):
                    arrays[f"activations/{name}"] = getattr(seen, name)[:, :, block].copy()
            if "dead_units" in self._wanted:
                dead = seen.dead[:, :, block].copy()
                arrays |= {"dead_units/look": looks, "dead_units/layer": layers, "dead_units/share": dead}
        if self._gradients is not None:
            arrays["gradients/look"] = looks
            arrays["gradients/layer"] = np.asarray(self._gradients.layers, np.str_)
            arrays["gradients/norm"] = self._gradients.norm[:, :, block].copy()
        if self._steps is not None:
            arrays["steps/step"] = self._steps.steps
            arrays["steps/layer"] = np.asarray(self._steps.layers, np.str_)
            for name in ("effective", "change", "unchanged"):
                arrays[f"steps/{name}"] = getattr(self._steps, name)[:, :, block].copy()
        return arrays
