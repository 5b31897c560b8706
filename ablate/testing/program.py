"""What a Program keeps to: its runs are repeatable, measured as declared, and known of beforehand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.identity import describe
from ablate.testing.base import Check, require, suite
from ablate.testing.material import small_config
from ablate.train.config import TrainConfig
from ablate.train.metric import Metric
from ablate.train.outcome import Outcome
from ablate.train.program import Program, RunResult


@dataclass(frozen=True)
class _Tried:
    program: Program
    config: Any

    def run(self, *seeds: int) -> list[RunResult]:
        results = self.program.run(self.config, list(seeds))
        for result in results:
            if result.error is not None:
                last = result.error.strip().splitlines()[-1]
                require(False, f"the run of seed {result.seed} crashes: {last}")
        return results


def program_checks(program: Program, config: TrainConfig | None = None) -> list[Check]:
    """Return the checks for a Program; it is run on what it owns of `config`, by default of a small arm."""
    return suite(
        ("says which metrics it logs", _metrics),
        ("what is known before a run does not change, and can be stored", _facts),
        ("a run logs finite metrics that it declares, and curves over rising steps", _logged),
        ("a seed gives the same numbers alone, among others, and again", _repeatable),
        ("what it reads of the configuration is its own", _reads),
        of=_Tried(program, program.own(config or small_config(program=program))),
    )


def _metrics(tried: _Tried) -> None:
    metrics = tried.program.metrics()
    require(isinstance(metrics, Mapping) and metrics, "metrics() is empty: a claim could be about nothing")
    wrong = [name for name, metric in metrics.items() if not isinstance(metric, Metric) or metric.name != name]
    require(not wrong, f"metrics() must map each name to its Metric; not so: {', '.join(map(str, wrong))}")


def _facts(tried: _Tried) -> None:
    facts = tried.program.facts(tried.config)
    missing = {"dataset", "fingerprint"} - set(facts)
    require(not missing, f"facts() lacks {', '.join(sorted(missing))}")
    require(facts == tried.program.facts(tried.config), "facts() says something else when asked again")
    json.dumps(describe(facts))


def _logged(tried: _Tried) -> None:
    declared = tried.program.metrics()
    for result in tried.run(3, 1):
        require(result.metrics, f"the run of seed {result.seed} logs no metric")
        extra = sorted(set(result.metrics) - set(declared))
        require(not extra, f"logged, but not declared: {', '.join(extra)}")
        infinite = sorted(name for name, value in result.metrics.items() if not math.isfinite(value))
        require(not infinite, f"not finite: {', '.join(infinite)} (leave it out, and end as `diverged`)")
        falling = sorted(name for name, curve in result.curves.items() if not (np.diff(curve.steps) > 0).all())
        require(not falling, f"steps of {', '.join(falling)} do not rise")
        require(isinstance(result.outcome, Outcome), f"the outcome is {result.outcome!r}, not an Outcome")
        require(math.isnan(result.seconds) or result.seconds > 0, f"it took {result.seconds} seconds")


def _repeatable(tried: _Tried) -> None:
    together, alone = tried.run(0, 4, 2), tried.run(4)
    seeds = [result.seed for result in together]
    require(seeds == [0, 4, 2], f"asked for the seeds 0, 4, 2 it returns {seeds}")
    for name in {*together[1].metrics, *alone[0].metrics}:
        if "seconds" in name or tried.program.metrics()[name].is_measured:
            continue  # a time is measured, not computed
        one, other = together[1].metrics.get(name), alone[0].metrics.get(name)
        require(
            one == other, f"{name} of seed 4 is {one} among others and {other} alone: draw everything from the seed"
        )
    require(together[1].outcome == alone[0].outcome, "the outcome of seed 4 is another one alone")


def _reads(tried: _Tried) -> None:
    reads: Any = tried.program.reads(tried.config)
    if reads is not None:
        others = set(reads) - tried.program.owns()
        require(not others, f"not fields of its config_class: {', '.join(sorted(others))}")
