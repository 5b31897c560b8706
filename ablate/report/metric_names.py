"""The name of a metric in words."""

from __future__ import annotations

import re

from ablate.lang import msg, tr
from ablate.report.vouched import ends_at_a_step, metric_label
from ablate.report.wording import capitalised

_NAMED = {
    "change/accuracy_before": msg("accuracy before the change of task"),
    "check/graph_width": msg("width of the computation graph"),
    "check/linear_collapse": msg("deviation from a single linear layer"),
    "ensemble/member_test_accuracy": msg("mean test accuracy of the ensemble's members"),
    "flips/count": msg("times the largest output moved"),
    "flips/rate": msg("share of answers that change"),
    "flips/low": msg("share of answers that change, lower bound"),
    "flips/high": msg("share of answers that change, upper bound"),
    "gan/landed_share": msg("share of generated images nearest to their class"),
    "gan/modes": msg("share of training images that generated ones reach"),
    "latency/share": msg("share of the latency that softmax takes"),
    "latency/with_seconds": msg("seconds with softmax"),
    "latency/without_seconds": msg("seconds without softmax"),
    "overflow/limit": msg("largest argument whose exp is finite"),
    "overflow/naive_rows": msg("rows that overflow without the shift"),
    "overflow/shifted_rows": msg("rows that overflow with the shift"),
    "sum/deviation": msg("deviation of the sum from 1, in ε × classes"),
    "sum/off": msg("deviation of the sum from 1"),
    "observe/activation_sd_last": msg("standard deviation of the last hidden outputs"),
    "observe/activation_sd_last_start": msg("standard deviation of the last hidden outputs before training"),
    "observe/dead_share": msg("share of dead units"),
    "observe/dead_share_start": msg("share of dead units before training"),
    "observe/gradient_ratio": msg("log10 of first over last gradient norm"),
    "observe/gradient_ratio_start": msg("log10 of first over last gradient norm before training"),
    "observe/hidden_moved": msg("change of the hidden weights"),
    "observe/saturated_share": msg("share of saturated outputs"),
    "observe/saturated_share_start": msg("share of saturated outputs before training"),
    "observe/step_slope": msg("slope of the effective step"),
    "observe/unchanged_share": msg("share of weights an update leaves unchanged"),
    "seconds/evaluation": msg("seconds of evaluation"),
    "seconds/training": msg("seconds of training"),
    "ttt/steps": msg("steps to the target"),
    "ttt/steps_easier": msg("steps to the easier target"),
    "ttt/steps_harder": msg("steps to the harder target"),
    "ttt/recovery_steps": msg("steps from the change of task to the target"),
    "ttt/recovery_steps_easier": msg("steps from the change of task to the easier target"),
    "ttt/recovery_steps_harder": msg("steps from the change of task to the harder target"),
}
"""Those whose logged name says nothing to a reader."""

_PREFIXES = {
    "final": msg("{name} at the last step"),
    "best": msg("best {name}"),
    "aulc": msg("area under the {name} curve"),
    "reach": msg("steps until {name} reached the target"),
}

_MEANS = {"aulc": msg(" Its mean over the whole run: it is larger where a run gets better sooner.")}
"""First part of a name -> what its words mean, as a page explains it."""

_OURS = re.compile(r"[a-z]+(?:/[a-z0-9_]+)+")  # `final/test_accuracy`: words, and where they belong


def metric_title(metric: str) -> str:
    """Return a metric's label, or its name in words; one that is not written as ours are stays as it is.

    >>> metric_title("final/test_accuracy")
    'test accuracy at the last step'
    >>> metric_title("train/loss"), metric_title("train_loss"), metric_title("val/Acc@1 (%)")
    ('train loss', 'train_loss', 'val/Acc@1 (%)')
    """
    if label := metric_label(metric):
        return label
    prefix, _, rest = metric.rpartition("/")
    if prefix == "reach":  # made of any metric's name
        return tr(_PREFIXES[prefix], name=tr(rest.replace("_", " ")))
    if not _OURS.fullmatch(metric):
        return tr(metric)
    if metric in _NAMED:
        return tr(_NAMED[metric])
    words = tr(rest.replace("_", " "))
    if prefix in _PREFIXES:
        stepless = prefix == "final" and not ends_at_a_step()
        return tr(msg("final {name}") if stepless else _PREFIXES[prefix], name=words)
    return tr(f"{prefix.replace('/', ' ')} {rest.replace('_', ' ')}".strip())


def metric_heading(metric: str) -> str:
    """Return a metric's title as a heading or caption begins with it: a name that is not in words stays as it is.

    >>> metric_heading("final/test_accuracy"), metric_heading("acc"), metric_heading("valLoss")
    ('Test accuracy at the last step', 'acc', 'valLoss')
    """
    title = metric_title(metric)
    return title if title == metric else capitalised(title)


def metric_meaning(metric: str) -> str:
    """Return a sentence on what a metric's title means, where its words do not say it, with its blank; else nothing."""
    return tr(_MEANS.get(metric.partition("/")[0], "")) if metric_title(metric) != metric else ""
