"""Layers, one idea per file."""

from ablate.nn.layers.batch_norm import BatchNorm
from ablate.nn.layers.conv import Conv2d
from ablate.nn.layers.dense import Dense
from ablate.nn.layers.dropout import BernoulliDropout, BookDropout, Dropout, GaussianDropout, NoDropout
from ablate.nn.layers.flatten import Flatten
from ablate.nn.layers.group_norm import GroupNorm
from ablate.nn.layers.layer_norm import LayerNorm
from ablate.nn.layers.norm import NoNorm, Norm
from ablate.nn.layers.parallel import Parallel
from ablate.nn.layers.pool import AvgPool, GlobalAvgPool, MaxPool, Pool
from ablate.nn.layers.residual import Residual

__all__ = [
    "AvgPool",
    "BatchNorm",
    "BernoulliDropout",
    "BookDropout",
    "Conv2d",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GlobalAvgPool",
    "GroupNorm",
    "LayerNorm",
    "MaxPool",
    "NoDropout",
    "NoNorm",
    "Norm",
    "Parallel",
    "Pool",
    "Residual",
]
