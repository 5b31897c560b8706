"""Inception networks, and the single path of convolutions they are compared with at a matched budget."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from ablate.errors import must, unknown
from ablate.nn.activations import Activation, ReLU
from ablate.nn.convnets import Named, check_widths, convolution
from ablate.nn.layer import Shape
from ablate.nn.layers import Dense, Dropout, GlobalAvgPool, MaxPool, NoDropout, NoNorm, Norm, Parallel
from ablate.nn.model import Model
from ablate.nn.network import Network
from ablate.registry import register


def inception_block(width: int, norm: Norm, activation: Activation) -> Parallel:
    """Return an Inception block of 8 `width` channels (Szegedy et al. 2015, figure 2b).

    Four ways side by side: 1x1 (2 width); 1x1 (3 width) → 3x3 (4 width); 1x1 (width / 2) → 5x5 (width); 3x3 max pool
    → 1x1 (width). These are the proportions of GoogLeNet's block 3a, which it is at width 32. Each convolution is
    followed by norm and activation (Ioffe & Szegedy 2015 for the norm).
    """

    def way(filters: int, kernel: int, reduced: int) -> Named:
        return [
            *convolution(reduced, 1, norm, activation, name="_reduce"),
            *convolution(filters, kernel, norm, activation),
        ]

    return Parallel(
        (
            ("1x1", convolution(2 * width, 1, norm, activation)),
            ("3x3", way(4 * width, 3, 3 * width)),
            ("5x5", way(width, 5, max(width // 2, 1))),
            ("pool", [("pool", MaxPool(3, stride=1, padding=1)), *convolution(width, 1, norm, activation)]),
        )
    )


@dataclass(frozen=True)
class _Staged(Model):
    """A 3x3 convolution, stages with a 2x2 max pool between them, the mean of each channel, dropout, Dense."""

    stem: int = 16
    stem_stride: int = 1
    widths: list[int] = field(default_factory=lambda: [4, 8])

    def __post_init__(self) -> None:
        name = type(self).__name__
        check_widths(f"{name}.widths", self.widths, at_least=1)
        for field_name in ("stem", "stem_stride"):
            if (value := getattr(self, field_name)) < 1:
                raise must(f"{name}.{field_name}", "be >= 1", value)

    @abstractmethod
    def stage(self, number: int, width: int, norm: Norm, activation: Activation) -> Named:
        """Return the layers of a stage."""

    def build(self, shape: Shape, classes: int, *, activation: Activation, norm: Norm, dropout: Dropout) -> Network:
        """Return the network."""
        layers = convolution(self.stem, 3, norm, activation, name="_stem", stride=self.stem_stride)
        for number, width in enumerate(self.widths, start=1):
            if number > 1:
                layers.append((f"pool{number - 1}", MaxPool(2)))
            layers += self.stage(number, width, norm, activation)
        layers += [("mean", GlobalAvgPool()), ("dropout", dropout), ("dense", Dense(classes))]
        return Network(shape, layers)


@register("model", "inception")
@dataclass(frozen=True)
class Inception(_Staged):
    """A small GoogLeNet: a 3x3 convolution, Inception blocks with pools between them, the mean of each channel, Dense.

    Szegedy et al. 2015. Dropout follows the mean, as there.

    Attributes
    ----------
    stem
        Filters of the first convolution.
    stem_stride
        Its stride: 2 halves large images before the first block.
    widths
        Of each block; a block of width w puts out 8 w channels.
    """

    def stage(self, number: int, width: int, norm: Norm, activation: Activation) -> Named:
        """Return an Inception block."""
        return [(f"inception{number}", inception_block(width, norm, activation))]


@register("model", "single_path")
@dataclass(frozen=True)
class SinglePath(_Staged):
    """What `Inception` is compared with: the same frame, and in place of each block 3x3 convolutions in a row.

    Attributes
    ----------
    stem, stem_stride
        As in `Inception`.
    widths
        Filters of the convolutions of each stage; `matched` finds those with the budget of an Inception net. The
        defaults match the parameters of the default Inception net.
    convolutions
        How many a stage has; two, as many as an Inception block has along its longest way.
    """

    widths: list[int] = field(default_factory=lambda: [13, 25])
    convolutions: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.convolutions < 1:
            raise must("SinglePath.convolutions", "be >= 1", self.convolutions)

    def stage(self, number: int, width: int, norm: Norm, activation: Activation) -> Named:
        """Return 3x3 convolutions in a row."""
        layers: Named = []
        for place in range(1, self.convolutions + 1):
            layers += convolution(width, 3, norm, activation, name=f"{number}_{place}")
        return layers


BUDGETS: dict[str, Callable[[Network], int]] = {
    "parameters": lambda network: network.parameters,
    "multiply_adds": lambda network: network.multiply_adds,
}
"""What two networks can be matched by."""


def matched(
    inception: Inception, shape: Shape, classes: int, *, by: str, norm: Norm | None = None, convolutions: int = 2
) -> SinglePath:
    """Return the single-path net whose budget comes nearest to that of an Inception net.

    The widths of its stages keep the proportions of the Inception net's, to a filter.

    Parameters
    ----------
    shape, classes
        Of the data both are built for.
    by
        ``parameters`` or ``multiply_adds``.
    norm
        The norm both are built with: it has parameters of its own, and may take a bias away.

    Examples
    --------
    >>> path = matched(Inception(), (1, 8, 8), 10, by="parameters")
    >>> path.widths == SinglePath().widths
    True
    """
    if by not in BUDGETS:
        raise unknown("budget", by, BUDGETS)

    def cost(model: Model) -> int:
        network = model.build(
            shape, classes, activation=ReLU(), norm=NoNorm() if norm is None else norm, dropout=NoDropout()
        )
        return BUDGETS[by](network)

    budget = cost(inception)
    widest = max(inception.widths)
    best: tuple[int, SinglePath] | None = None
    for filters in itertools.count(1):
        exact = [filters * width / widest for width in inception.widths]
        offs = []
        for widths in itertools.product(*(sorted({math.floor(w) or 1, math.ceil(w)}) for w in exact)):
            path = SinglePath(inception.stem, inception.stem_stride, list(widths), convolutions)
            offs.append(cost(path) - budget)
            if best is None or abs(offs[-1]) < best[0]:
                best = abs(offs[-1]), path
        if min(offs) >= 0:
            break
    assert best is not None
    return best[1]
