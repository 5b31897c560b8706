"""Numbers of a metric on paper: in its declared unit, with digits that mean something, a true minus sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, assert_never

from ablate.lang import tr
from ablate.train.metric import FRACTION, PERCENT

if TYPE_CHECKING:
    from ablate.claims.estimate import Scale

_MOST_DECIMALS = 8  # below that, and above that many digits, numbers are written with an exponent
_MOST_DIGITS = 15
_MORE_DIGITS = 3  # where a number would be written as 0, or as δ, and is not; what is smaller still is rounding
_LARGEST_LOG = 700.0  # above it `exp` overflows


def scale_in(unit: str) -> float:
    """Return what a logged value is multiplied by to be written: 100 for a fraction, which is written in per cent."""
    return 100.0 if unit == FRACTION else 1.0


def difference_unit(unit: str) -> str:
    """Return what follows a difference, with its space: `` pp`` for shares, else the unit itself."""
    if unit in (FRACTION, PERCENT):
        return tr(" pp")
    return f" {tr(unit)}" if unit else ""


def amounts(values: Sequence[float], unit: str, *, width: float | None = None, delta: float = 0.0) -> list[str]:
    """Write values of a metric with the same number of decimals: two digits of `width` (an interval's, say).

    Fractions are written in percentage points; the unit itself is left out (see `difference_unit`). What is neither 0
    nor ±`delta` gets more decimals where it would be written so: an end of an interval may decide by it.

    >>> amounts([0.2131, 0.195, 0.231], "fraction", width=0.036)
    ['21.3', '19.5', '23.1']
    >>> amounts([-3.14159, float("-inf")], "")
    ['−3.14', '−∞']
    >>> amounts([3e-10, 2.1e-10, 3.9e-10], "", width=1.8e-10)
    ['3.0e−10', '2.1e−10', '3.9e−10']
    >>> amounts([0.0032, 0.00002, 0.0063], "fraction", width=0.006)
    ['0.32', '0.002', '0.63']
    >>> amounts([0.016, 0.01042, 0.0212], "fraction", width=0.011, delta=0.01)
    ['1.6', '1.04', '2.1']
    """
    scale = scale_in(unit)
    scaled = [value * scale for value in values]
    finite = [abs(value) for value in scaled if math.isfinite(value) and value]
    if width is not None and 0 < width < math.inf:
        decimals = 1 - math.floor(math.log10(width * scale))
    else:
        decimals = 2 - math.floor(math.log10(max(finite))) if finite else 1
    if finite and (decimals > _MOST_DECIMALS or max(finite) >= 10.0**_MOST_DIGITS):
        return [_exponent(value, decimals) for value in scaled]
    return [_written(value, max(decimals, 0), delta * scale) for value in scaled]


def amount(value: float, unit: str) -> str:
    """Write one value with its unit, without trailing zeros: ``0.5 pp``."""
    return f"{value * scale_in(unit):.6g}".replace("-", "−") + difference_unit(unit)


def decades(value: float, *, signed: bool = False) -> str:
    """Write a number of powers of ten: ``0.5 decades``, ``+1.07 decades``.

    >>> decades(0.5), decades(-1.0669, signed=True)
    ('0.5 decades', '−1.07 decades')
    """
    return decades_text(value, signed=signed) + tr(" decades")


def decades_text(value: float, *, signed: bool = False) -> str:
    """Write the same without the unit; a signed one, an effect, to a hundredth."""
    text = f"{value:+.2f}" if signed else f"{value:.3g}"
    return text.replace("-0.00", "0.00").replace("+0.00", "0.00").replace("-", "−").replace("inf", "∞")


def percent(level: float) -> str:
    """Write a confidence level: ``95 %``, ``98.3 %``, ``99.84 %``.

    >>> percent(0.95), percent(1 - 0.05 / 3), percent(1 - 0.05 / 32)
    ('95 %', '98.3 %', '99.84 %')
    """
    digits = 3 if level < 0.99 else 4 if level < 0.999 else 6
    return f"{100.0 * level:.{digits}g} %"


def p_text(p: float) -> str:
    """Write a p-value without an exponent.

    >>> p_text(0.0421), p_text(0.000019), p_text(1e-9)
    ('0.042', '0.00002', '< 0.000001')
    """
    if p < 1e-6:
        return "< 0.000001"
    if p >= 0.001:
        return f"{p:.2g}" if p < 0.995 else "1"
    return f"{p:.{-math.floor(math.log10(p))}f}"


def equals(p: float | None) -> str:
    """Write a p-value so that it can follow "p": ``= 0.042``, ``< 0.000001``."""
    text = tr("unknown") if p is None else p_text(p)
    return text if text.startswith("<") else f"= {text}"


def ratio_text(log: float, delta: float = 0.0) -> str:
    """Write a ratio by its logarithm: with three digits, with more where it would be written as 1 and is not.

    The same holds of the two ratios whose logarithms are ±`delta`.

    >>> ratio_text(0.0), ratio_text(-0.1), ratio_text(float("inf")), ratio_text(float("-inf")), ratio_text(-0.0002)
    ('1', '0.905', '∞', '0', '0.9998')
    """
    if log >= _LARGEST_LOG:
        return "∞"
    return _apart(log, delta, lambda value, more: f"{math.exp(value):.{3 + more}g}")


def share_text(share: float) -> str:
    """Write a share of runs or seeds in per cent, without the sign: ``62.5``."""
    return f"{100 * share:.3g}"


def on_scale(scale: Scale, values: Sequence[float], *, unit: str = "", symbol: str = "", delta: float = 0.0) -> str:
    """Write an effect and the two ends of its interval in the unit a reader thinks in.

    Parameters
    ----------
    scale
        Of the effect: ratios, shares, slopes, decades, differences.
    values
        The effect, then the ends.
    symbol
        What a ratio is called, where it has a symbol; what a difference is called that counts what is better.
    delta
        The smallest effect that matters, of a difference or the logarithm of a ratio; 0: none.

    >>> on_scale("log ratio", [0.0, -0.1, 0.1], symbol="k"), on_scale("share", [0.5, 0.25, 0.75])
    ('k = 1 [0.905, 1.11]', '50 % [25, 75]')

    What is not 1, 0 or ±δ is not written so: an end of an interval may decide by it.

    >>> on_scale("log ratio", [-0.01, -0.02, -0.0002])
    'ratio = 0.99 [0.98, 0.9998]'
    >>> on_scale("log ratio", [0.08, -0.07, 0.2228], delta=0.22314)
    'ratio = 1.08 [0.932, 1.2496]'
    """
    after = ""
    match scale:
        case "log ratio":
            texts = [ratio_text(value, delta) for value in values]
            name = f"{symbol} = {{}}" if symbol else tr("ratio = {}")
        case "share":
            texts, name = [share_text(value) for value in values], "{}"
            texts[0] += " %"
        case "slope":
            texts = [f"{value:.3g}".replace("-", "−").replace("inf", "∞") for value in values]
            name = tr("slope {}")
        case "decades":
            texts, after, name = [decades_text(value, signed=True) for value in values], tr(" decades"), "{}"
        case "difference":
            texts = amounts(values, unit, width=values[2] - values[1], delta=delta)
            after = difference_unit(unit)
            name = f"{symbol} {{}}" if symbol else tr("difference {}")
        case _:
            assert_never(scale)
    return f"{name.format(texts[0])} [{texts[1]}, {texts[2]}]{after}"


def listed_numbers(numbers: Sequence[float]) -> str:
    """Write numbers of steps as a sentence takes them.

    >>> listed_numbers([20.0, 100.0])
    '20 and 100'
    """
    *head, last = [f"{number:g}" for number in numbers]
    return tr("{head} and {last}", head=tr(", ").join(head), last=last) if head else last


def _written(value: float, decimals: int, delta: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return _apart(value, delta, lambda number, more: f"{number:z.{decimals + more}f}").replace("-", "−")


def _apart(value: float, delta: float, write: Callable[[float, int], str]) -> str:
    """Write a number with as many more digits as tell it from 0, δ and −δ, up to a few: then it is one of them."""
    marks = [mark for mark in (0.0, delta, -delta) if mark != value]
    for more in range(_MORE_DIGITS + 1):
        text = write(value, more)
        if all(text != write(mark, more) for mark in marks):
            return text
    return write(value, 0)


def _exponent(value: float, decimals: int) -> str:
    """Write a very small or very large number, rounded at the same place as its neighbours."""
    if not math.isfinite(value) or not value:
        return _written(value, 0, 0.0)
    digits = min(max(decimals + math.floor(math.log10(abs(value))), 0), _MOST_DIGITS)
    mantissa, _, power = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(power)}".replace("-", "−")
