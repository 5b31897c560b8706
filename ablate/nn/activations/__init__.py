"""Activations: functions of each number on its own."""

from ablate.nn.activations.base import Activation
from ablate.nn.activations.piecewise import HardSigmoid, Identity, LeakyReLU, ReLU, Step
from ablate.nn.activations.smooth import ELU, GELU, Sigmoid, SiLU, Softplus, Tanh
from ablate.nn.activations.steps import SteepSigmoid, StepSTE, ZeroCentredSigmoid

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "HardSigmoid",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "SteepSigmoid",
    "Step",
    "StepSTE",
    "Tanh",
    "ZeroCentredSigmoid",
]
