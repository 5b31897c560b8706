"""Which checks belong to what."""

from __future__ import annotations

import inspect
from abc import ABCMeta
from collections.abc import Callable
from typing import Any, cast

from ablate.claims.contract import ClaimKind
from ablate.data.augment.base import Augmentation
from ablate.data.base import Dataset
from ablate.errors import UserError
from ablate.nn import Activation, Initializer, Loss, Model
from ablate.nn.layer import Layer
from ablate.optim import Optimizer, Schedule
from ablate.programs.function import Function
from ablate.report.figure import Figure
from ablate.sources.contract import Source
from ablate.sweep.launch import Launcher
from ablate.testing.activation import activation_checks
from ablate.testing.base import Check
from ablate.testing.component import component_checks
from ablate.testing.data import augment_checks, dataset_checks, model_checks
from ablate.testing.figure import figure_checks
from ablate.testing.launcher import launcher_checks
from ablate.testing.layer import layer_checks
from ablate.testing.program import program_checks
from ablate.testing.source import source_checks
from ablate.testing.store import store_checks
from ablate.testing.training import init_checks, loss_checks, optimizer_checks, schedule_checks
from ablate.track.store import Store
from ablate.train.program import Program


def _activation(one: Any) -> list[Check]:
    return [*activation_checks(one), *layer_checks(one)]


SUITES: dict[type, Callable[[Any], list[Check]]] = {
    Activation: _activation,
    Layer: layer_checks,
    Optimizer: optimizer_checks,
    Schedule: schedule_checks,
    Initializer: init_checks,
    Loss: loss_checks,
    Model: model_checks,
    Dataset: dataset_checks,
    Augmentation: augment_checks,
    Program: program_checks,
    Figure: figure_checks,
    Launcher: launcher_checks,
    Source: source_checks,
}
"""Base class -> its checks; of an activation those of a layer too."""


def checks_of(thing: Any) -> list[Check]:
    """Return the checks for a class, an object with other settings, or a training function `train(config, seed)`.

    A class is checked with its default settings.

    Raises
    ------
    UserError
        There is no contract for it, or it cannot be made without settings.
    """
    if not isinstance(thing, type) and callable(thing) and not isinstance(thing, tuple(SUITES)):
        return program_checks(Function.of(thing))
    cls = thing if isinstance(thing, type) else type(thing)
    if inspect.isabstract(cls):
        missing = ", ".join(f"`{name}`" for name in sorted(cast("ABCMeta", cls).__abstractmethods__))
        raise UserError(f"{cls.__name__} does not define {missing}, which its contract asks for")
    if issubclass(cls, Store):
        if cls is not thing:
            raise UserError(f"expected the class {cls.__name__}: each check begins with an empty store that it makes")
        return store_checks(cls)
    if issubclass(cls, ClaimKind):
        raise UserError(
            f"{cls.__name__} is a kind of claim, which a plug-in cannot add; the contract of ours is "
            "`ablate.testing.claim_checks(claim, factors)`"
        )
    checks = next((made for base, made in SUITES.items() if issubclass(cls, base)), None)
    if checks is None:
        bases = ", ".join(f"{base.__module__}.{base.__name__}" for base in SUITES)
        raise UserError(f"there is no contract for {cls.__name__}: expected a class derived from one of {bases}")
    if not isinstance(thing, type):
        return [*component_checks(cls), *checks(thing)]
    try:
        one = cls()
    except TypeError as error:
        raise UserError(f"{cls.__name__}() cannot be made: {error}; give every setting a default") from None
    return [*component_checks(cls), *checks(one)]
