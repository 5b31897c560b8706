"""The NumPy core: layers, networks and losses over a leading axis of blocks, one block per seed."""

from ablate.nn.activations import (
    ELU,
    GELU,
    Activation,
    HardSigmoid,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Step,
    Tanh,
)
from ablate.nn.init import He, Initializer, Normal, Xavier
from ablate.nn.layers import (
    BatchNorm,
    BernoulliDropout,
    BookDropout,
    Dense,
    Dropout,
    GaussianDropout,
    LayerNorm,
    NoDropout,
    NoNorm,
    Norm,
)
from ablate.nn.losses import CrossEntropy, Loss, MeanSquaredError, softmax
from ablate.nn.model import Mlp, Model
from ablate.nn.network import Network, Replicas

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "BatchNorm",
    "BernoulliDropout",
    "BookDropout",
    "CrossEntropy",
    "Dense",
    "Dropout",
    "GaussianDropout",
    "HardSigmoid",
    "He",
    "Identity",
    "Initializer",
    "LayerNorm",
    "LeakyReLU",
    "Loss",
    "MeanSquaredError",
    "Mlp",
    "Model",
    "Network",
    "NoDropout",
    "NoNorm",
    "Norm",
    "Normal",
    "ReLU",
    "Replicas",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Step",
    "Tanh",
    "Xavier",
    "softmax",
]
