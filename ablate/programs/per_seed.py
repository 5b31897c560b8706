"""Programs that run one seed after the other."""

from __future__ import annotations

import math
import time
import traceback
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.errors import UserError
from ablate.registry import registered_name
from ablate.train.contained import contained
from ablate.train.outcome import Outcome
from ablate.train.program import Observe, Program, RunResult


@dataclass(frozen=True)
class PerSeed(Program):
    """A Program whose seeds have nothing to share: what one of them raises crashes that one only."""

    @abstractmethod
    def one(self, config: Any, seed: int) -> RunResult:
        """Run one seed; its wall-clock time is filled in by `run` where it is not known better."""

    def seconds_per_run(self, config: Any, seeds: int) -> float | None:  # noqa: ARG002
        """Return the time of one seed, measured; None where it crashes."""
        (result,) = self.run(config, [0])
        return None if result.outcome is Outcome.CRASHED else result.seconds

    def run(self, config: Any, seeds: Sequence[int], observe: Observe | None = None) -> list[RunResult]:
        """Run every seed and return one result each, in order; a raised error becomes a `crashed` result."""
        results = []
        for done, seed in enumerate(seeds, start=1):
            began = time.perf_counter()
            try:
                with contained():
                    result = self.one(config, seed)
            except Exception as error:  # noqa: BLE001 - the boundary: recorded with its traceback, others go on
                kept = getattr(error, "kept", "")  # what it had come to, so that it is not lost
                texts = getattr(error, "texts", {})
                absent = getattr(error, "absent", ())
                result = RunResult(
                    seed, Outcome.CRASHED, error=kept + traceback.format_exc(), texts=texts, absent=absent
                )
            took = time.perf_counter() - began if math.isnan(result.seconds) else result.seconds
            results.append(replace(result, seconds=took))
            if observe is not None:
                observe(done, len(seeds))
        return results


def option_name(component: Any) -> str:
    """Return what a component is called on the command line; its class where it is not registered."""
    try:
        return registered_name(component)
    except UserError:
        return type(component).__name__
