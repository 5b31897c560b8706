"""A metric that is judged and that the first run does not return: most likely its name is mistyped."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.claims.comparison import metrics_used
from ablate.errors import Failure, nearest
from ablate.sweep.plan import Job, Plan
from ablate.sweep.runner import last_line
from ablate.train.outcome import FAILED, Outcome
from ablate.train.program import RunResult


def stop_if_unmeasured(plan: Plan, job: Job, results: Sequence[RunResult]) -> bool:
    """Stop a sweep whose first run came to its end without a metric that its arm is judged by.

    Every other run would most likely lack it too. These runs are in the store by now. Returns whether one of them came
    to its end, so that no more have to be looked at.

    Raises
    ------
    Failure
        Names what the run returned, and the nearest of it.
    """
    for result in results:
        lost = [name for name in judged_metrics(plan, job) if name in result.absent] if result.absent else []
        if not lost:
            continue
        name, gave = lost[0], sorted(result.metrics)
        told = f"expected one of what it returned, {', '.join(map(repr, gave)) or 'nothing'}"
        if hint := nearest(name, gave):
            told += f"; nearest match: {hint!r}"
        if result.outcome is Outcome.CRASHED and result.error is not None:
            told = last_line(result.error)
        raise Failure(
            f"no metric {name!r} came out of the first run ({job.arm.label}, seed {result.seed}), and it is what is "
            f"judged: {told}. The sweep was stopped; runs that finished are kept. Correct the name, or return None for "
            "it where a run has no value"
        )
    return any(result.outcome not in FAILED for result in results)


def judged_metrics(plan: Plan, job: Job) -> list[str]:
    """Return the metrics by which an arm is judged or tuned; of a study that claims nothing, the main one."""
    from ablate.judge.expand import expand  # pandas comes with it, which a plan does without

    study = plan.study
    names = [study.tune.metric] if study.tune is not None and study.fairness != "fixed" else []
    if not study.claims:
        return [*names, *plan.metrics().names[:1]]
    levels = job.arm.levels
    for comparison in expand(study, arms=plan.design.arms):
        if any(side.items() <= levels.items() for cell in comparison.cells for side in comparison.arms(cell)):
            names += metrics_used(comparison.claim)
    return list(dict.fromkeys(names))
