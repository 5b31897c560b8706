"""What a metric's name says: its better direction, the value a failed run stands for, its unit on paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ablate.lang import tr

Direction = Literal["higher", "lower"]
Fill = Literal["chance", "chance error", "budget", "none"]

BUDGETS = {"ttt/steps": "steps", "ttt/recovery_steps": "recovery_steps"}
"""Metrics that count steps to a target, and the fact of an arm that holds their budget."""

OTHER_TARGETS = ("easier", "harder")
"""Suffixes of the same metrics at another target: `ttt/steps_easier`."""

_LOWER = ("loss", "error", "steps", "seconds", "gap")


def direction_of(metric: str) -> Direction:
    """Return which way is better: lower for losses, errors, steps, seconds and gaps, higher for the rest.

    >>> direction_of("final/train_loss"), direction_of("aulc/train_accuracy")
    ('lower', 'higher')
    """
    return "lower" if any(word in _words(metric) for word in _LOWER) else "higher"


def fill_of(metric: str) -> Fill:
    """Return what a run that failed counts as.

    `chance`: an accuracy counts as the rate of always answering the most frequent class. `chance error`: one minus
    that. `budget`: steps to a target count as the whole budget, that is the mean is the restricted mean of min(t, T).
    `none`: losses and seconds have no value that would be honest for a failed run.
    """
    if "accuracy" in _words(metric):
        return "chance"
    if _is_error_rate(metric):
        return "chance error"
    return "budget" if budget_of(metric) else "none"


def budget_of(metric: str) -> str | None:
    """Return the fact of an arm that holds the budget of a metric that counts steps to a target, else None.

    >>> budget_of("ttt/steps_harder"), budget_of("final/test_loss")
    ('steps', None)
    """
    for name in OTHER_TARGETS:
        metric = metric.removesuffix(f"_{name}")
    return BUDGETS.get(metric)


def amounts(values: Sequence[float], metric: str, *, width: float | None = None) -> list[str]:
    """Write values of a metric with the same number of decimals: two digits of `width` (an interval's, say).

    Accuracies and errors are written in percentage points, without the unit (see `unit_of`).

    >>> amounts([0.2131, 0.195, 0.231], "aulc/train_accuracy", width=0.036)
    ['21.3', '19.5', '23.1']
    >>> amounts([-3.14159, float("-inf")], "final/train_loss")
    ['−3.14', '−∞']
    """
    scale = 100.0 if unit_of(metric) else 1.0
    scaled = [value * scale for value in values]
    finite = [abs(value) for value in scaled if math.isfinite(value) and value]
    if width is not None and 0 < width < math.inf:
        decimals = 1 - math.floor(math.log10(width * scale))
    else:
        decimals = 2 - math.floor(math.log10(max(finite))) if finite else 1
    return [_written(value, min(max(decimals, 0), 8)) for value in scaled]


def amount(value: float, metric: str) -> str:
    """Write one value with its unit, without trailing zeros: ``0.5 pp``."""
    scale = 100.0 if unit_of(metric) else 1.0
    return f"{value * scale:.6g}".replace("-", "−") + unit_of(metric)


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


def unit_of(metric: str) -> str:
    """Return the unit a difference is written with: `` pp`` for accuracies, their gaps and errors, else nothing."""
    return tr(" pp") if {"accuracy", "gap"} & set(_words(metric)) or _is_error_rate(metric) else ""


def _is_error_rate(metric: str) -> bool:
    """Tell `test_error`, a share of examples, from `squared_error`, a loss."""
    words = _words(metric)
    return words[-1] == "error" and set(words[:-1]) <= {"train", "validation", "test"}


def _words(metric: str) -> list[str]:
    return metric.rsplit("/", 1)[-1].lower().split("_")


def _written(value: float, decimals: int) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}"
    zero = not text.strip("-0.")
    return text.lstrip("-") if zero else text.replace("-", "−")
