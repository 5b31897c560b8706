"""Figure: what more tuning trials would have bought: the expected best score by their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.lang import tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.style import DASHES, HUES, MARKERS, PAPER, Drawn, bare_axes, drawing
from ablate.report.figures.tuning import LOWER, trials_of
from ablate.stats.tuning_budget import expected_best


@register("figure", "tuning_budget")
@dataclass(frozen=True)
class TuningBudget(Kind):
    """What more trials would have bought."""

    place, order, unasked = "tuning", 30, True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        trials = trials_of(material.tables)
        if trials is None:
            return None
        return budget_curve(trials.runs, trials.names, score=trials.score, lower=trials.lower, name=name)


def budget_curve(
    runs: pd.DataFrame,
    names: Mapping[str, str],
    *,
    score: str = "validation score",
    lower: bool = False,
    name: str = "tuning-budget",
) -> Drawn | None:
    """Draw the expected best score of k trials for every arm (eight at most); None with fewer than four trials.

    `lower`: see `sensitivity_curves`.
    """
    sign, curves = -1.0 if lower else 1.0, {}
    for arm, rows in runs.groupby("arm_id", sort=False):
        means = rows.groupby("trial")["score"].mean().to_numpy(np.float64)
        if len(means) >= 4 and np.isfinite(means).all():
            curves[str(arm)] = (sign * expected_best(means), len(means))
    shown = dict(list(curves.items())[: len(HUES)])
    if not shown:
        return None
    with drawing():
        figure = Figure(figsize=(8.2, 3.9), layout="constrained")
        ax = figure.subplots()
        bare_axes(ax)
        for i, (arm, (curve, _)) in enumerate(shown.items()):
            dash = DASHES[i % len(DASHES)]
            ax.plot(np.arange(1, len(curve) + 1), curve, color=HUES[i], linestyle=(0, dash) if dash else "-",
                    marker=MARKERS[i], markersize=4.4, markeredgecolor=PAPER, label=names[arm])  # fmt: skip
        ax.set_xlabel(tr("tuning trials"))
        ax.set_ylabel("\n".join(wrap(tr("expected best {score}", score=score), 30)))
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        figure.legend(loc="outside upper left", ncols=min(3, len(shown)), fontsize=8.6)
    trials = sorted({count for _, count in curves.values()})
    equal = (
        tr("{n} trials per arm", n=trials[0])
        if len(trials) == 1
        else tr("{low} to {high} trials per arm: unequal", low=trials[0], high=trials[-1])
    )
    left = tr(" {n} arms are not drawn.", n=len(curves) - len(shown)) if len(curves) > len(shown) else ""
    caption = tr(
        "The best of k trials to be expected, exactly, over all subsets of k of an arm's trials "
        "({equal}); shown to half of them, beyond which the curve flattens whatever the truth is. Where "
        "curves cross, which arm looks better depends on the budget.{left}",
        equal=equal,
        left=left,
    ) + (" " + tr(LOWER).strip() if lower else "")
    words = [
        tr(
            "{arm} {first:.3g} with one trial, {last:.3g} with {n}",
            arm=names[arm],
            first=curve[0],
            last=curve[-1],
            n=len(curve),
        )
        for arm, (curve, _) in shown.items()
    ]
    return Drawn(
        name,
        tr("What more trials would have bought"),
        figure,
        caption,
        tr("Expected best score by number of trials. ") + tr("; ").join(words) + tr("."),
        floor=520,
    )
