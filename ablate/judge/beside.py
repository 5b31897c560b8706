"""What stands beside a verdict and decides nothing: other choices, what the runs could have shown, and for which δ."""

from __future__ import annotations

import dataclasses

from ablate.judge.evidence import Collected
from ablate.judge.interval import student_so_far
from ablate.judge.obstacles import NEXT
from ablate.judge.sensitivity import sensitivity
from ablate.judge.sizes import sizes_of
from ablate.judge.verdict import Verdict
from ablate.stats.anytime import one_look_interval
from ablate.stats.mean import mean_interval
from ablate.stats.power import detectable


def with_extras(verdict: Verdict, collected: Collected, *, once: bool, together: float) -> Verdict:
    """Return a verdict with its parts, `sizes`, `detectable` and `sensitivity`.

    Parameters
    ----------
    once
        The claim is judged once; else its study may stop at any time.
    together
        The level at which the intervals of all claims hold together.
    """
    split, estimate, level = collected.split, collected.estimate, verdict.interval_level
    if split is not None:
        scale = estimate.scale if estimate else "difference"
        verdict = dataclasses.replace(verdict, parts=split.told(level=level, scale=scale))
    if estimate is None:
        return verdict
    verdict = dataclasses.replace(verdict, sizes=sizes_of(verdict, collected, estimate, together=together))
    if not estimate.numbers or estimate.scale == "share":
        return verdict
    stuck = verdict.outcome == "inconclusive" and verdict.reason.code in NEXT
    differences = list(collected.evidence.differences.values())
    return dataclasses.replace(
        student_so_far(verdict, estimate),
        # How small an effect a test that may stop early finds has no formula; nor what a budget or a bound would leave.
        detectable=detectable(differences, alpha=1.0 - level) if once and not stuck else None,
        sensitivity=sensitivity(
            differences,
            collected.region,
            level=level,
            bounds=collected.bounds,
            elsewhere=collected.elsewhere,
            measured=estimate.others,
            items=collected.items if estimate.scale == "difference" else None,
            interval=estimate.interval(level),
            method=mean_interval if once else one_look_interval,
        ),
    )
