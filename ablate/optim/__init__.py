"""Optimizers: `init` and `update` on one flat array of parameters."""

from ablate.optim.adam import Adam, AdamW
from ablate.optim.adaptive import AdaGrad, RMSProp
from ablate.optim.base import Optimizer, Slots
from ablate.optim.sgd import SGD, Momentum, Nesterov

__all__ = ["SGD", "AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer", "RMSProp", "Slots"]
