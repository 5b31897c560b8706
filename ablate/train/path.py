"""Which form of the training step an arm is trained by: known from its configuration, before anything is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.data.base import first_split
from ablate.errors import must
from ablate.nn.network import Network
from ablate.optim import Optimizer
from ablate.train.batches import total_steps

if TYPE_CHECKING:
    from ablate.train.compiled.build import StepTable
    from ablate.train.config import TrainConfig

COMPILED_FROM = 1_000
"""Steps of a run from which on its arm is trained by compiled code.

Compiled code is compiled once per installation (15 s) and loaded once per process (0.6 s). Where arms are 8 with 8
seeds each on two cores, as in the smallest study, it saves that much from about 1,000 steps on: of the loading, for the
smallest nets (some 30 µs of a step and seed), and of both for the book's net (400 µs). Decided by steps alone, and
neither by the seeds nor by what the cache holds: an arm is trained by one form wherever and whenever it is.
"""


def compiled_program(config: TrainConfig, network: Network) -> StepTable | None:
    """Return the compiled form of an arm's training step; None where all its steps are done by the NumPy form.

    Nothing is compiled here, and Numba is not imported.

    Raises
    ------
    UserError
        `compiled` is true, and a part of the arm has no compiled form.
    """
    from ablate.train.compiled.lower import NoKernelError, lower

    if config.compiled is False:
        return None
    if config.compiled == "auto":
        train = first_split(config.dataset).train  # of one size for all seeds
        if total_steps(config, len(train)) < COMPILED_FROM:
            return None
    try:
        return lower(network, config.loss, config.batch_size)
    except NoKernelError as error:
        if config.compiled is True:
            raise must("compiled", f"be auto or false with {error}, which has no compiled form", True) from None
        return None


def has_rule(optimizer: Optimizer) -> bool:
    """Tell whether an optimizer's updates have a compiled form."""
    from ablate.train.compiled.rules import RULES

    return type(optimizer) in RULES
