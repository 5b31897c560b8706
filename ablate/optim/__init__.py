"""Optimizers (`init` and `update` on one flat array of parameters) and schedules of their learning rate."""

from ablate.optim.adam import Adam, AdamW
from ablate.optim.adaptive import AdaGrad, RMSProp
from ablate.optim.base import Optimizer, Slots
from ablate.optim.schedule import Constant, InverseSqrt, Schedule, StepDecay
from ablate.optim.sgd import SGD, Momentum, Nesterov

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Constant",
    "InverseSqrt",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "Slots",
    "StepDecay",
]
