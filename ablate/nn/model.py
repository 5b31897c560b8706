"""Models: how components become a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from ablate.errors import must
from ablate.nn.activations import Activation
from ablate.nn.layer import Layer, Shape
from ablate.nn.layers import Dense, Dropout, Norm
from ablate.nn.network import Network
from ablate.registry import register


@dataclass(frozen=True)
class Model(ABC):
    """An architecture: builds the network from the components of the configuration."""

    @abstractmethod
    def build(self, shape: Shape, classes: int, *, activation: Activation, norm: Norm, dropout: Dropout) -> Network:
        """Return the network for images of `shape` (channels, height, width)."""


@register("model", "mlp")
@dataclass(frozen=True)
class Mlp(Model):
    """Fully connected layers: Dense → norm → activation → dropout for each hidden width, then Dense.

    The order and the missing norm after the last Dense are those of the book's `MultiLayerNetExtend`; five
    layers of 100 are its network of figure 6-19.

    >>> from ablate.nn import NoDropout, NoNorm, ReLU
    >>> network = Mlp([4]).build((1, 2, 3), 2, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    >>> [(node.name, node.out_shape) for node in network.nodes], network.parameters
    ([('dense1', (4,)), ('activation1', (4,)), ('dense2', (2,))], 38)
    """

    hidden: list[int] = field(default_factory=lambda: [100] * 5)

    def __post_init__(self) -> None:
        if any(width < 1 for width in self.hidden):
            raise must("Mlp.hidden", "hold widths >= 1", list(self.hidden))

    def build(self, shape: Shape, classes: int, *, activation: Activation, norm: Norm, dropout: Dropout) -> Network:
        """Return the network; images enter as flat vectors."""
        layers: list[tuple[str, Layer]] = []
        for number, width in enumerate(self.hidden, start=1):
            layers += [
                (f"dense{number}", Dense(width, bias=not norm.cancels_bias)),
                (f"norm{number}", norm),
                (f"activation{number}", activation),
                (f"dropout{number}", dropout),
            ]
        layers.append((f"dense{len(self.hidden) + 1}", Dense(classes)))
        features = 1
        for size in shape:
            features *= size
        return Network((features,), layers)
