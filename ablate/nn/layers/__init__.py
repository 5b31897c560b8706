"""Layers, one per file."""

from ablate.nn.layers.batch_norm import BatchNorm
from ablate.nn.layers.dense import Dense
from ablate.nn.layers.dropout import BernoulliDropout, BookDropout, Dropout, GaussianDropout, NoDropout
from ablate.nn.layers.layer_norm import LayerNorm
from ablate.nn.layers.norm import NoNorm, Norm

__all__ = [
    "BatchNorm",
    "BernoulliDropout",
    "BookDropout",
    "Dense",
    "Dropout",
    "GaussianDropout",
    "LayerNorm",
    "NoDropout",
    "NoNorm",
    "Norm",
]
