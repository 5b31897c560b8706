"""Which values a metric can have: within its bounds, in its unit, and of a count of steps within the budget."""

from __future__ import annotations

import math
import re
from typing import Any

from ablate.errors import UserError
from ablate.train.metric import FRACTION, Metric

_SIGNED = re.compile(r"([-+\N{MINUS SIGN}]?[0-9.,]*[0-9.](?:[eE][-+]?[0-9]+)?)\s*[%％﹪٪]")
_SLACK = 1e-9  # a share that was averaged may pass 1 by rounding


def check_metric_value(metric: Metric, value: float, where: str, *, declared_by: str = "", typed: bool = False) -> None:
    """Refuse a value that a metric cannot have: most often an accuracy in per cent where a fraction is declared.

    >>> from ablate.train.metric import accuracy
    >>> check_metric_value(accuracy("top1"), 0.93, "seed 0")

    Raises
    ------
    UserError
        With `where` it was found, the bounds, and what to declare: in the study (with `typed` on the command line,
        too), or in `declared_by`, the place in a program that says it.
    """
    low, high = metric.limits
    if not (value < low - _SLACK or value > high + _SLACK):  # NaN: neither
        return
    as_unit, hint = f" ({metric.unit})" if metric.unit else "", ""
    if metric.unit == FRACTION and 1.0 < value <= 100.0:
        say = f'in the study: `metrics: {{"{metric.name}": {{unit: percent}}}}`'
        if typed and metric.better is not None and metric.name.replace("/", "_").isidentifier():
            words = f"'metrics={{{metric.name}: {{better: {metric.better}, unit: percent}}}}'"
            say += f"; on the command line, instead of `--metric {metric.name}`: {words}"
        if declared_by:
            say = f'where it is declared, in {declared_by}: `"{metric.name}": {{"unit": "percent"}}`'
        hint = f"; if it is logged in per cent, say so {say}"
    raise UserError(f"{where}: {metric.name} must lie in [{low:g}, {high:g}]{as_unit}, got {value:g}{hint}")


def without_sign(value: Any) -> str | None:
    """Return the number of a text that is one with a per cent sign, as it is written; None for anything else.

    >>> without_sign("70 %"), without_sign("-1.5e3%"), without_sign("70"), without_sign(0.7), without_sign("a%")
    ('70', '-1.5e3', None, None, None)
    """
    match = _SIGNED.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1] if match else None


def sign_refused(where: str, name: str, text: str) -> UserError:
    """Return the error of a number with a per cent sign, of a metric that is not declared in per cent.

    The sign is a unit: 70 would be another value, and nobody said that the metric is 0.7.
    """
    return UserError(
        f"{where}: {name!r} is {text!r:.60}, in per cent, and is not declared so: write it without the sign, as the "
        f'metric is declared (0.7 for 70 %), or declare in the study `metrics: {{"{name}": {{unit: percent}}}}` '
        "(on the command line: `--metric NAME:higher|lower:percent`, or `metrics={…}`)"
    )


def check_count(where: str, name: str, value: float | None, budget: float | None = None) -> None:
    """Refuse a number of steps to a target that no run can have taken; none, or NaN, is a target not reached.

    >>> check_count("line 2", "ttt/steps", 40.0, 100)

    Raises
    ------
    UserError
        It is not whole, not positive, or above the budget.
    """
    if value is None or math.isnan(value):
        return
    if value < 1.0 or value != int(value):
        raise UserError(
            f"{where}: {name!r} must be a whole number >= 1, or empty for a target not reached, got {value:g}"
        )
    if budget is not None and value > budget:
        raise UserError(f"{where}: {name!r} is {value:g}, above the budget of {budget:g} steps")
