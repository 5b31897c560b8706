"""Which form of the training step an arm is trained by: known from its configuration, before anything is compiled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ablate.nn.network import Network
from ablate.optim import Optimizer

if TYPE_CHECKING:
    from ablate.train.compiled.build import Program
    from ablate.train.config import TrainConfig


def program_of(config: TrainConfig, network: Network) -> Program | None:
    """Return the compiled form of a network's training step; None where it is switched off, or a part has none.

    Nothing is compiled here, and Numba is not imported.
    """
    from ablate.train.compiled.lower import NoKernelError, lower

    if not config.compiled or not _numba_runs():
        return None
    try:
        return lower(network, config.loss, config.batch_size)
    except NoKernelError:
        return None


def has_rule(optimizer: Optimizer) -> bool:
    """Tell whether an optimizer's updates have a compiled form."""
    from ablate.train.compiled.rules import RULES

    return type(optimizer) in RULES


def _numba_runs() -> bool:
    """Tell whether Numba may compile; ``NUMBA_DISABLE_JIT`` switches it off."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
