"""The name of a metric in words."""

from __future__ import annotations

import re

from ablate.lang import msg, tr
from ablate.report.vouched import ends_at_a_step, label_of

_NAMED = {
    "flips/count": msg("times the largest output moved"),
    "flips/high": msg("share of answers that change, upper bound"),
    "latency/share": msg("share of the latency that softmax takes"),
    "overflow/naive_rows": msg("rows that overflow without the shift"),
    "overflow/shifted_rows": msg("rows that overflow with the shift"),
    "sum/deviation": msg("deviation of the sum from 1, in ε × classes"),
    "sum/off": msg("deviation of the sum from 1"),
    "observe/hidden_moved": msg("change of the hidden weights"),
    "observe/saturated_share_start": msg("share of saturated outputs before training"),
    "observe/step_slope": msg("slope of the effective step"),
    "observe/unchanged_share": msg("share of weights an update leaves unchanged"),
}
"""Those whose logged name says nothing to a reader."""

_PREFIXES = {
    "final": msg("{name} at the last step"),
    "best": msg("best {name}"),
    "aulc": msg("area under the {name} curve"),
    "reach": msg("steps until {name} reached the target"),
}

_OURS = re.compile(r"[a-z]+(?:/[a-z0-9_]+)+")  # `final/test_accuracy`: words, and where they belong


def metric_title(metric: str) -> str:
    """Return a metric's label, or its name in words; one that is not written as ours are stays as it is.

    >>> metric_title("final/test_accuracy")
    'test accuracy at the last step'
    >>> metric_title("train/loss"), metric_title("train_loss"), metric_title("val/Acc@1 (%)")
    ('train loss', 'train_loss', 'val/Acc@1 (%)')
    """
    if label := label_of(metric):
        return label
    prefix, _, rest = metric.rpartition("/")
    if prefix == "reach":  # made of any metric's name
        return tr(_PREFIXES[prefix], name=tr(rest.replace("_", " ")))
    if not _OURS.fullmatch(metric):
        return tr(metric)
    if metric in _NAMED:
        return tr(_NAMED[metric])
    if metric == "ttt/steps":
        return tr("steps to the target")
    if metric == "ttt/recovery_steps":
        return tr("steps from the change of task to the target")
    words = tr(rest.replace("_", " "))
    if prefix in _PREFIXES:
        stepless = prefix == "final" and not ends_at_a_step()
        return tr(msg("final {name}") if stepless else _PREFIXES[prefix], name=words)
    return tr(f"{prefix.replace('/', ' ')} {rest.replace('_', ' ')}".strip())
