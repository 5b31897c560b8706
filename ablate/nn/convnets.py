"""Convolutional networks along one path: the book's, a deeper one, a residual one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ablate.errors import must
from ablate.nn.activations import Activation
from ablate.nn.layer import Layer, Shape
from ablate.nn.layers import Conv2d, Dense, Dropout, Flatten, GlobalAvgPool, MaxPool, Norm, Residual
from ablate.nn.model import Model
from ablate.nn.network import Network
from ablate.registry import register

Named = list[tuple[str, Layer]]


def check_widths(where: str, widths: Iterable[int], *, at_least: int = 0) -> None:
    """Raise `UserError` unless all `widths` are >= 1 and there are `at_least` so many."""
    values = list(widths)
    if len(values) < at_least or any(width < 1 for width in values):
        raise must(where, f"hold {'at least one width' if at_least else 'widths'} >= 1", values)


def convolution(
    filters: int, kernel: int, norm: Norm, activation: Activation | None, *, name: str = "", stride: int = 1
) -> Named:
    """Return a convolution that keeps the size (at stride 1), then norm and activation, if any."""
    conv = Conv2d(filters, kernel, stride=stride, padding=kernel // 2, bias=not norm.cancels_bias)
    after: Named = [] if activation is None else [(f"activation{name}", activation)]
    return [(f"conv{name}", conv), (f"norm{name}", norm), *after]


def dense_head(hidden: Iterable[int], classes: int, norm: Norm, activation: Activation, dropout: Dropout) -> Named:
    """Return Dense → norm → activation → dropout for each hidden width, then Dense."""
    layers: Named = []
    number = 1
    for number, width in enumerate(hidden, start=2):
        layers += [
            (f"dense{number - 1}", Dense(width, bias=not norm.cancels_bias)),
            (f"dense_norm{number - 1}", norm),
            (f"dense_activation{number - 1}", activation),
            (f"dropout{number - 1}", dropout),
        ]
    layers.append((f"dense{number}", Dense(classes)))
    return layers


@register("model", "convnet")
@dataclass(frozen=True)
class ConvNet(Model):
    """Conv → norm → activation → max pool for each entry of `filters`, then dense layers.

    With its defaults, the book's SimpleConvNet (Deep Learning from Scratch, 7.5): 30 filters of 5x5, pool 2x2, 100
    units, 10 scores. Dropout follows the hidden dense layers only.

    >>> from ablate.nn import NoDropout, NoNorm, ReLU
    >>> network = ConvNet().build((1, 28, 28), 10, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    >>> [node.out_shape for node in network.nodes][:4], network.parameters, network.multiply_adds
    ([(30, 24, 24), (30, 24, 24), (30, 12, 12), (4320,)], 433890, 865000)

    Attributes
    ----------
    filters
        Of each convolution.
    kernel, padding
        Of all convolutions, in pixels.
    pool
        Side of the pooling windows, side by side.
    hidden
        Units of the dense layers before the scores.
    """

    filters: list[int] = field(default_factory=lambda: [30])
    kernel: int = 5
    padding: int = 0
    pool: int = 2
    hidden: list[int] = field(default_factory=lambda: [100])

    def __post_init__(self) -> None:
        check_widths("ConvNet.filters", self.filters, at_least=1)
        check_widths("ConvNet.hidden", self.hidden)
        for name, low in (("kernel", 1), ("padding", 0), ("pool", 1)):
            if (value := getattr(self, name)) < low:
                raise must(f"ConvNet.{name}", f"be >= {low}", value)

    def build(self, shape: Shape, classes: int, *, activation: Activation, norm: Norm, dropout: Dropout) -> Network:
        """Return the network."""
        layers: Named = []
        for number, filters in enumerate(self.filters, start=1):
            conv = Conv2d(filters, self.kernel, padding=self.padding, bias=not norm.cancels_bias)
            layers += [
                (f"conv{number}", conv),
                (f"norm{number}", norm),
                (f"activation{number}", activation),
                (f"pool{number}", MaxPool(self.pool)),
            ]
        layers.append(("flatten", Flatten()))
        return Network(shape, layers + dense_head(self.hidden, classes, norm, activation, dropout))


@register("model", "deep_convnet")
@dataclass(frozen=True)
class DeepConvNet(Model):
    """Stages of 3x3 convolutions that keep the size, each stage ended by a 2x2 max pool, then dense layers.

    The book's DeepConvNet (8.1): 16, 16, pool, 32, 32, pool, 64, 64, pool, 50 units. It frames its fourth convolution
    by 2 pixels, where this frames all by 1. Dropout follows the hidden dense layers.

    Attributes
    ----------
    channels
        Filters of each stage.
    convolutions
        How many a stage has.
    hidden
        Units of the dense layers before the scores.
    """

    channels: list[int] = field(default_factory=lambda: [16, 32, 64])
    convolutions: int = 2
    hidden: list[int] = field(default_factory=lambda: [50])

    def __post_init__(self) -> None:
        check_widths("DeepConvNet.channels", self.channels, at_least=1)
        check_widths("DeepConvNet.hidden", self.hidden)
        if self.convolutions < 1:
            raise must("DeepConvNet.convolutions", "be >= 1", self.convolutions)

    def build(self, shape: Shape, classes: int, *, activation: Activation, norm: Norm, dropout: Dropout) -> Network:
        """Return the network."""
        layers: Named = []
        for stage, filters in enumerate(self.channels, start=1):
            for number in range(1, self.convolutions + 1):
                layers += convolution(filters, 3, norm, activation, name=f"{stage}_{number}")
            layers.append((f"pool{stage}", MaxPool(2)))
        layers.append(("flatten", Flatten()))
        return Network(shape, layers + dense_head(self.hidden, classes, norm, activation, dropout))


@register("model", "resnet")
@dataclass(frozen=True)
class ResNet(Model):
    """A 3x3 convolution, stages of residual blocks, the mean of each channel, Dense (He et al. 2016).

    A block is conv 3x3 → norm → activation → conv 3x3 → norm, added to its input, then the activation. From the second
    stage on, the first block halves the size by stride 2, and a 1x1 convolution takes its input along (their option
    B). Dropout follows the mean.

    Attributes
    ----------
    channels
        Filters of each stage.
    blocks
        Residual blocks of each stage.
    """

    channels: list[int] = field(default_factory=lambda: [16, 32])
    blocks: int = 1

    def __post_init__(self) -> None:
        check_widths("ResNet.channels", self.channels, at_least=1)
        if self.blocks < 1:
            raise must("ResNet.blocks", "be >= 1", self.blocks)

    def build(self, shape: Shape, classes: int, *, activation: Activation, norm: Norm, dropout: Dropout) -> Network:
        """Return the network."""
        layers = convolution(self.channels[0], 3, norm, activation)
        before = self.channels[0]
        for stage, filters in enumerate(self.channels, start=1):
            for number in range(1, self.blocks + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                body = [
                    *convolution(filters, 3, norm, activation, name="1", stride=stride),
                    *convolution(filters, 3, norm, None, name="2"),
                ]
                same = stride == 1 and filters == before
                shortcut = [] if same else convolution(filters, 1, norm, None, stride=stride)
                layers += [
                    (f"residual{stage}_{number}", Residual(body, shortcut)),
                    (f"activation{stage}_{number}", activation),
                ]
                before = filters
        layers += [("mean", GlobalAvgPool()), ("dropout", dropout), ("dense", Dense(classes))]
        return Network(shape, layers)
