"""Figures of tuning: validation score over each tuned hyperparameter, and what more trials would have bought.

They read a table with one row per tuning run (see `track.tuned`): `arm_id, trial, seed, outcome, score, chosen` (bool,
of the trial) and one column per tuned hyperparameter; of `score` more is better, failures are filled. What is drawn is
the metric itself: where less of it is better the score is its negative, which nobody looks for on an axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from ablate.lang import msg, tr
from ablate.registry import register
from ablate.report.arms import arm_title
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.panels import columns_for, room_for
from ablate.report.figures.style import HUES, INK, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import apart
from ablate.report.figures.titles import side_title, title
from ablate.report.level_texts import short_levels
from ablate.report.metric_names import metric_title
from ablate.report.tuning_notes import in_every_seed
from ablate.report.wording import listed, unit, with_unit
from ablate.stats.student import t_interval
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.track.tuned import fill_failures, having, tuned_facts, tuned_keys
from ablate.train.outcome import FAILED

MOST_PANELS = 16

_ONCE = msg(
    "Ring: the chosen value; a square marks one on the edge of the grid. Tuning seeds are not the judging seeds."
)
LOWER = msg("Lower is better. ")
_EACH = msg(
    "Rings: the values that seeds chose, each for itself, with their number; squares where too many of them chose the "
    "edge of the grid."
)


@register("figure", "tuning")
@dataclass(frozen=True)
class Sensitivity(Kind):
    """How much each tuned hyperparameter matters, a figure for each."""

    place, order, unasked = "tuning", 20, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw them."""
        trials = trials_of(material.tables)
        if trials is None:
            return []
        return sensitivity_curves(
            trials.runs, trials.names, score=trials.score, lower=trials.lower, per_seed=trials.per_seed, name=name
        )


@dataclass(frozen=True)
class Trials:
    """The tuning runs, the arms' names, the metric's title, whether less of it is better, and who chose.

    Scores have the unit that the page shows.
    """

    runs: pd.DataFrame
    names: Mapping[str, str]
    score: str
    lower: bool
    per_seed: bool


def trials_of(tables: StudyTables) -> Trials | None:
    """Return the tuning runs of a study; None where nothing was tuned, or no run has a score."""
    runs = None if tables.tuning is None else fill_failures(tables.tuning)
    if runs is None or runs.empty or runs["score"].isna().all():
        return None
    names = {str(arm): arm_title(str(label)) for arm, label in zip(runs["arm_id"], runs["arm"], strict=True)}
    metric = metrics_in(tables).of(str(runs["metric"].iloc[0]))
    per_seed = any(in_every_seed(facts.get("tuning") or {}) for facts in tables.facts.values())
    shown = unit(metric.unit)
    runs = runs.assign(score=runs["score"] * shown.scale)
    title_ = with_unit(metric_title(metric.name), shown.value)
    return Trials(runs, names, title_, metric.better == "lower", per_seed)


def edges(runs: pd.DataFrame, key: str) -> dict[str, bool]:
    """Return, by arm id, whether the choice is the least or the most of those tried (see `track.tuned`)."""
    arms = having(runs, key).groupby("arm_id", sort=False)
    return {str(arm): bool(tuned_facts(rows)[key]["edge"]) for arm, rows in arms}


def sensitivity_curves(
    runs: pd.DataFrame,
    names: Mapping[str, str],
    *,
    score: str = "validation score",
    lower: bool = False,
    per_seed: bool = False,
    name: str = "tuning",
) -> list[Drawn]:
    """Draw, for each tuned hyperparameter, the score of every trial by arm, with the chosen point and edge flag.

    Of a hyperparameter that only some arms have, these are drawn.

    `lower`: less of the metric is better, and the scores are its negatives. `per_seed`: every seed chose for itself,
    and the trials it chose among are its own runs.
    """
    drawn = []
    alone = len(tuned_keys(runs)) == 1
    if per_seed:
        over = tr("the seeds") if alone else tr("the seeds and the other tuned values")
    else:
        over = tr("the tuning seeds") if alone else tr("the tuning seeds and the other tuned values")
    for key in tuned_keys(runs):
        trials = having(runs, key)
        arms = [str(arm) for arm in dict.fromkeys(trials["arm_id"])][:MOST_PANELS]
        at_edge = edges(trials, key)
        with drawing():
            figure = _curves(_as_logged(trials, lower), arms, key, names, at_edge, score=score, per_seed=per_seed)
        flagged = [names[arm] for arm, edge in at_edge.items() if edge]
        more = trials["arm_id"].nunique() - len(arms)
        note = (
            tr("On the edge of what was tried: {flagged}; a better value may lie beyond. ", flagged=listed(flagged))
            if flagged
            else ""
        )
        note += tr("{n} more arms are not drawn.", n=more) if more > 0 else ""
        without = runs["arm_id"].nunique() - trials["arm_id"].nunique()
        note += tr(" Arms that do not have it: {n}.", n=without) if without else ""
        caption = tr(
            "Each small mark: one tuning run (× failed, at the value it counts as); line: mean "
            "over {over} at each value of {key}, with its 95 % t interval from three values on. {who} {note}",
            over=over,
            key=key,
            who=tr(_EACH if per_seed else _ONCE),
            note=note,
        )
        caption = caption.strip() + (" " + tr(LOWER).strip() if lower else "")
        words = [
            tr(
                "{arm}: chosen {chosen}{edge}",
                arm=names[arm],
                chosen=_chosen(trials, arm, key),
                edge=tr(" (edge)") * at_edge[arm],
            )
            for arm in arms
        ]
        stem = key.replace(".", "-").replace("_", "-")
        drawn.append(Drawn(f"{name}-{stem}", tr("How much {key} matters", key=key), figure, caption.strip(),
                           tr("Score over {key}. ", key=key) + tr("; ").join(words) + tr("."), floor=600))  # fmt: skip
    return drawn


def _as_logged(runs: pd.DataFrame, lower: bool) -> pd.DataFrame:
    """Return the runs with the metric itself for a score; to be drawn, not to choose by."""
    return runs.assign(score=-runs["score"]) if lower else runs


def _curves(
    runs: pd.DataFrame, arms: list[str], key: str, names: Mapping[str, str], at_edge: Mapping[str, bool], *, score: str,
    per_seed: bool,
) -> Figure:  # fmt: skip
    columns = columns_for(len(arms))
    rows = math.ceil(len(arms) / columns)
    width = 7.0 if columns == 1 else min(10.6, 1.2 + 2.5 * columns if columns > 2 else 9.0)
    figure = Figure(figsize=(width, (3.4 if columns == 1 else 2.0) * rows + 0.9), layout="constrained")
    axes: list[Axes] = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    values = list(dict.fromkeys(runs[key]))
    numeric = pd.api.types.is_numeric_dtype(runs[key])
    logged = numeric and min(values) > 0 and max(values) / min(values) >= 20
    place = {value: float(value) if numeric else float(i) for i, value in enumerate(values)}
    for ax, arm in zip(axes, arms, strict=False):
        bare_axes(ax)
        if logged:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        elif not numeric:
            ax.set_xticks(list(place.values()), list(short_levels(values).values()))
        _arm(ax, runs[runs["arm_id"].astype(str) == arm], key, place, edge=at_edge[arm])
        title(ax, names[arm], inches=room_for(width, columns), size=8.8)
    for position, ax in enumerate(axes):  # the last panel of a column is not always in the last row
        ax.set_visible(position < len(arms))
        if position + columns >= len(arms):
            ax.tick_params(labelbottom=True)
    drawn = runs[runs["arm_id"].astype(str).isin(arms)]["score"]
    room = 0.08 * (float(drawn.max()) - float(drawn.min())) or 0.1
    # Intervals may leave the axes, scores never. Above them is room for the number of a ring, below the panel's title.
    axes[0].set_ylim(float(drawn.min()) - room, float(drawn.max()) + (2.2 if per_seed else 1.0) * room)
    figure.supxlabel(key, fontsize=9.5, color=INK)
    side_title(figure, score)
    ring = {"linestyle": "none", "marker": "o", "markerfacecolor": "none", "markersize": 9, "markeredgewidth": 1.6}
    line = tr("mean over seeds") if per_seed else tr("mean over tuning seeds")
    handles = [Line2D([], [], color=HUES[0], marker="o", markersize=4, label=line),
               Line2D([], [], markeredgecolor=INK, label=tr("chosen"), **ring)]  # type: ignore[arg-type]  # fmt: skip
    if any(at_edge.values()):
        handles.append(Line2D([], [], linestyle="none", marker="s", markerfacecolor="none", markeredgecolor=HUES[1],
                              markersize=9, markeredgewidth=1.6, label=tr("chosen, on the edge")))  # fmt: skip
    if runs["outcome"].isin(FAILED).any():
        handles.append(Line2D([], [], linestyle="none", marker="x", color=INK, markersize=5, label=tr("failed run")))
    figure.legend(handles=handles, loc="outside upper left", ncols=4, fontsize=8.6)
    apart(figure, names=() if numeric else axes)
    return figure


def _arm(ax: Axes, rows: pd.DataFrame, key: str, place: Mapping[object, float], *, edge: bool) -> None:
    failed = rows["outcome"].isin(FAILED).to_numpy()
    x = np.array([place[value] for value in rows[key]])
    y = rows["score"].to_numpy(np.float64)
    ax.plot(x[~failed], y[~failed], linestyle="none", marker="o", markersize=2.8, color=SOFT, alpha=0.6, zorder=2)
    ax.plot(x[failed], y[failed], linestyle="none", marker="x", markersize=4.6, color=HUES[1], zorder=3, gid="failure")
    by_value = rows.assign(x=x).groupby("x")["score"]
    means = by_value.mean()
    ax.plot(means.index, means, color=HUES[0], linewidth=1.5, marker="o", markersize=4, zorder=3)
    for at, scores in by_value:
        if len(scores) > 2:  # of two values the t interval is 25 times as wide as they are apart
            ax.vlines([float(at)], *t_interval(scores.to_numpy()), color=HUES[0], linewidth=1.2, zorder=2.5)  # type: ignore[arg-type]
    chosen = rows[rows["chosen"].astype(bool)].drop_duplicates("seed")[key]
    counts = chosen.value_counts()
    for value, count in counts.items():
        at = place[value]
        if len(counts) > 1:
            ax.annotate(str(count), (at, means.loc[at]), (0, 7.5), textcoords="offset points", ha="center",
                        fontsize=7.6, color=INK, zorder=6, gid="seeds-that-chose",
                        bbox={"boxstyle": "round,pad=0.12", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85},
                        )  # fmt: skip
        ax.plot([at], [means.loc[at]], marker="s" if edge else "o", markersize=10, markerfacecolor="none",
                markeredgecolor=HUES[1] if edge else INK, markeredgewidth=1.6, zorder=5,
                gid="edge" if edge else "chosen")  # fmt: skip


def _chosen(runs: pd.DataFrame, arm: str, key: str) -> str:
    rows = runs[(runs["arm_id"].astype(str) == arm) & runs["chosen"].astype(bool)].drop_duplicates("seed")
    counts = rows[key].value_counts()
    values = counts.index.tolist()
    texts = short_levels(values)
    if len(values) < 2:
        return texts[values[0]] if values else "none"
    return tr(", ").join(tr("{value} ({n})", value=texts[value], n=counts.loc[value]) for value in values)
