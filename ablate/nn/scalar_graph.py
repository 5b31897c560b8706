"""A computation graph of single numbers: to see backpropagation at work, not to train with.

Every operation remembers its inputs and its slope towards each of them; going back, a number hands each input its
gradient times that slope (the chain rule; Deep Learning from Scratch, chapter 5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(eq=False)
class Scalar:
    """A number, and how it was made.

    Attributes
    ----------
    value
        What was computed on the way forward.
    name
        What it stands for, for numbers that are given.
    operation
        What made it: ``+``, ``×``, ``/``, ``exp``, ``log``, ``relu``; empty for numbers that are given.
    inputs, slopes
        What it was made of, and its derivative with respect to each.
    gradient
        The derivative of the last number of the graph with respect to this one, once `backward` was called on that.

    Examples
    --------
    >>> x, y = Scalar(3.0, "x"), Scalar(4.0, "y")
    >>> z = x * y + x
    >>> z.backward()
    >>> z.value, x.gradient, y.gradient
    (15.0, 5.0, 3.0)
    """

    value: float
    name: str = ""
    operation: str = ""
    inputs: tuple[Scalar, ...] = ()
    slopes: tuple[float, ...] = ()
    gradient: float = field(default=0.0)

    def __add__(self, other: Scalar) -> Scalar:
        return add(self, other)

    def __mul__(self, other: Scalar) -> Scalar:
        return Scalar(self.value * other.value, "", "×", (self, other), (other.value, self.value))

    def backward(self) -> None:
        """Fill in the gradient of every number this one was made of.

        A number that went several ways adds up what comes back on each.
        """
        order = list(self.numbers())
        for number in order:
            number.gradient = 0.0
        self.gradient = 1.0
        for number in reversed(order):
            for source, handed in number.handed_back():
                source.gradient += handed

    def handed_back(self) -> Iterator[tuple[Scalar, float]]:
        """Yield each input with what it is handed on the way back: this gradient times the slope."""
        for source, slope in zip(self.inputs, self.slopes, strict=True):
            yield source, self.gradient * slope

    def numbers(self) -> Iterator[Scalar]:
        """Yield every number of the graph that ends here, once each, inputs before what is made of them."""
        yield from self._numbers(set())

    def _numbers(self, seen: set[int]) -> Iterator[Scalar]:
        if id(self) not in seen:
            seen.add(id(self))
            for source in self.inputs:
                yield from source._numbers(seen)
            yield self


def add(*terms: Scalar) -> Scalar:
    """Return the sum; every slope is 1: going back, a sum hands its gradient on as it is."""
    return Scalar(math.fsum(term.value for term in terms), "", "+", terms, (1.0,) * len(terms))


def reciprocal(x: Scalar) -> Scalar:
    """Return y = 1 / x, with slope −y²."""
    y = 1.0 / x.value
    return Scalar(y, "", "/", (x,), (-y * y,))


def exp(x: Scalar) -> Scalar:
    """Return y = exp(x), with slope y."""
    y = math.exp(x.value)
    return Scalar(y, "", "exp", (x,), (y,))


def log(x: Scalar) -> Scalar:
    """Return the natural logarithm, with slope 1 / x."""
    return Scalar(math.log(x.value), "", "log", (x,), (1.0 / x.value,))


def relu(x: Scalar) -> Scalar:
    """Return max(0, x), with slope 1 where x > 0 and 0 elsewhere, 0 itself included (as in the core)."""
    on = x.value > 0.0
    return Scalar(x.value if on else 0.0, "", "relu", (x,), (1.0 if on else 0.0,))
