"""Figure: a contrast over the levels of another factor: both sides with intervals, and their paired difference below.

The intervals are the engine's: of each arm over seeds above, of the differences within a seed below. Overlap above says
little about a difference, because the sides share their seeds; the lower panel is the one to read.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.claims.comparison import arm_text
from ablate.claims.kinds.interaction import InteractionClaim
from ablate.lang import tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.panels import legend
from ablate.report.figures.style import BAND, DASHES, HUES, INK, MARKERS, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import apart
from ablate.report.level_texts import short_levels, shortened
from ablate.report.metric_names import metric_title
from ablate.report.pairs import PairedValues, paired_values
from ablate.report.wording import effect_text, unit, with_unit
from ablate.stats.mean import mean_interval
from ablate.stats.student import t_interval
from ablate.track.record import Level
from ablate.words.amounts import percent

FEWEST = 3  # levels: two points have no shape


@dataclass(frozen=True)
class _Point:
    level: Level
    pairs: PairedValues


@register("figure", "interaction")
@dataclass(frozen=True)
class Interactions(Kind):
    """How an effect changes over the levels of another factor: as families show it, then as claims state it."""

    place, order, unasked = "evidence", 40, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        claimed = paired_values(material.study, material.tables, material.verdicts, kinds=("interaction",))
        return [*interactions(material.pairs, name=name), *claimed_interactions(claimed, name=name)]


def interactions(every: Sequence[PairedValues], *, most: int = 3, name: str = "interaction") -> list[Drawn]:
    """Draw one figure for each claim with `each` over a single factor of three levels or more."""
    families: dict[str, list[PairedValues]] = {}
    for one in every:
        if len(one.comparison.claim.each) == 1 and one.seeds:
            families.setdefault(one.verdict.source_id, []).append(one)
    figures = []
    for source, members in families.items():
        factor = members[0].comparison.claim.each[0]
        points = [_Point(one.comparison.where[factor][0], one) for one in members]
        numeric = all(isinstance(p.level, int | float) and not isinstance(p.level, bool) for p in points)
        if numeric:
            points.sort(key=lambda p: float(p.level or 0))
        if len(points) < FEWEST or members[0].comparison.claim.scale == "log ratio":
            continue
        with drawing():
            figure = _draw(points, factor)
        figures.append(
            Drawn(
                f"{name}-{source}",
                tr("{says}: over {factor}", says=members[0].verdict.says, factor=factor),
                figure,
                _caption(members),
                _alt(points, factor),
                floor=520,
            )
        )
    return figures[:most]


def claimed_interactions(pairs: Sequence[PairedValues], *, most: int = 3, name: str = "interaction") -> list[Drawn]:
    """Draw one figure for each claim of kind `interaction`: the contrast at its two places, in cells averaged over.

    Parameters
    ----------
    pairs
        Two by two, as `paired_values` returns them for that kind.
    """
    figures = []
    for there, here in zip(pairs[0::2], pairs[1::2], strict=True):
        claim = there.comparison.claim
        if not isinstance(claim, InteractionClaim) or len(there.seeds) < 2 or len(here.seeds) < 2:
            continue
        points = [
            _Point(_place(at), _with_own_interval(pair)) for at, pair in ((claim.than_at, here), (claim.at, there))
        ]
        factor = ", ".join(claim.at)
        with drawing():
            figure = _draw(points, factor)
        caption = tr(
            "Above: mean over seeds and 95 % t interval of each side on its own; × a run that "
            "failed. Below: the difference within a seed at each {factor}, with its {level} "
            "interval; small dashes: seeds. The claim is about how much the two differences differ: "
            "{claim}, in the forest above.",
            factor=factor,
            level=percent(there.verdict.interval_level),
            claim=shortened(there.verdict.claim_id),
        )
        figures.append(
            Drawn(
                # A claim with `each` has a figure for every level: names of their own, or one hides the other.
                re.sub(r"[^\w.-]+", "-", f"{name}-{shortened(there.verdict.claim_id)}").strip("-").lower(),
                tr("{says}: over {factor}", says=claim.says + _levels(there.verdict.claim_id), factor=factor),
                figure,
                caption,
                _alt(points, factor),
                floor=520,
            )
        )
    return figures[:most]


def _levels(claim_id: str) -> str:
    _, _, levels = claim_id.partition("[")
    return tr(" ({text})", text=shortened(levels.removesuffix("]"))) if levels else ""


def _place(levels: Mapping[str, Level]) -> Level:
    return next(iter(levels.values())) if len(levels) == 1 else arm_text(levels)


def _with_own_interval(pair: PairedValues) -> PairedValues:
    """Give a pair the effect and interval at its own place; the verdict's are of the difference of both."""
    d = pair.sign * (pair.arm - pair.against)
    low, high = mean_interval(d, level=pair.verdict.interval_level)
    per_seed = {seed: float(value) for seed, value in zip(pair.seeds, d, strict=True)}
    verdict = dataclasses.replace(
        pair.verdict, effect=float(d.mean()), interval_low=low, interval_high=high, differences=per_seed, delta=0.0
    )
    return dataclasses.replace(pair, verdict=verdict)


def _draw(points: Sequence[_Point], factor: str) -> Figure:
    verdict = points[0].pairs.verdict
    shown = unit(verdict.unit)
    x = np.arange(len(points), dtype=np.float64)  # levels of a factor, evenly: a log scale where they are log-spaced
    figure = Figure(figsize=(min(10.0, 4.2 + 0.38 * len(points)), 5.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (1.55, 1.0)})
    names = (verdict.against_text, verdict.arm_text)
    for position in range(len(names)):
        _side(top, x, points, position, shown.scale)
    bare_axes(top, grid="y")
    top.set_ylabel(with_unit(metric_title(verdict.metric), shown.value), fontsize=9)
    _differences(bottom, x, points, shown.scale)
    bottom.set_ylabel(with_unit(tr("difference"), shown.difference), fontsize=9)
    texts = short_levels([p.level for p in points])
    bottom.set_xticks(x, list(texts.values()))
    bottom.set_xlabel(factor)
    bottom.set_xlim(-0.45, len(points) - 0.55)
    failures = any(p.pairs.failed.any() for p in points)
    legend(figure, list(enumerate(names)), "", failures)
    apart(figure, names=figure.axes)
    return figure


def _side(ax: Axes, x: np.ndarray, points: Sequence[_Point], position: int, scale: float) -> None:
    colour, dash = HUES[position], DASHES[position]
    at = x + (position - 0.5) * 0.14
    values = [p.pairs.arm if position else p.pairs.against for p in points]
    means = np.array([v.mean() for v in values]) * scale
    bounds = np.array([t_interval(v) if len(v) > 1 else (math.nan, math.nan) for v in values]) * scale
    ax.plot(at, means, color=colour, linewidth=1.5, linestyle=(0, dash) if dash else "-", marker=MARKERS[position],
            markersize=5.4, markeredgecolor=PAPER, zorder=3)  # fmt: skip
    ax.vlines(at, bounds[:, 0], bounds[:, 1], color=colour, linewidth=1.6, zorder=2.5)
    for i, p in enumerate(points):
        failed = p.pairs.arm_failed if position else p.pairs.against_failed
        bad = values[i][failed] * scale
        ax.plot(np.full(bad.size, at[i]), bad, linestyle="none", marker="x", markersize=4.6, color=colour,
                markeredgewidth=1.1, alpha=0.8, zorder=4, gid="failure")  # fmt: skip


def _differences(ax: Axes, x: np.ndarray, points: Sequence[_Point], scale: float) -> None:
    verdicts = [p.pairs.verdict for p in points]
    delta = verdicts[0].delta * scale
    if delta:
        ax.axhspan(-delta, delta, color=BAND, linewidth=0, zorder=0)
    ax.axhline(0, color=SOFT, linewidth=0.9, zorder=1)
    effects = np.array([math.nan if v.effect is None else v.effect for v in verdicts]) * scale
    all_diffs = [d * scale for v in verdicts for d in v.differences.values()]
    ends = [
        b * scale for v in verdicts for b in (v.interval_low, v.interval_high) if b is not None and math.isfinite(b)
    ]
    low, high = min([*all_diffs, *ends, 0.0, -delta]), max([*all_diffs, *ends, 0.0, delta])
    pad = 0.06 * ((high - low) or 1.0)
    ax.set_ylim(low - pad, high + pad)
    for i, v in enumerate(verdicts):
        diff = np.array(list(v.differences.values())) * scale
        ax.plot(np.full(diff.size, x[i] + 0.2), diff, linestyle="none", marker="_", markersize=5, color=SOFT, alpha=0.6,
                zorder=2)  # fmt: skip
        bounds = [math.nan if b is None else b * scale for b in (v.interval_low, v.interval_high)]
        ax.vlines([x[i]], max(bounds[0], low - pad), min(bounds[1], high + pad), color=INK, linewidth=1.8, zorder=3)
    ax.plot(x, effects, linestyle="none", marker="D", markersize=4.8, color=INK, markeredgecolor=PAPER, zorder=4)
    bare_axes(ax, grid="y")
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: ("+" if v > 0 else "") + f"{v:g}".replace("-", "−")))


def _caption(members: Sequence[PairedValues]) -> str:
    levels = sorted({one.verdict.interval_level for one in members})
    level = (
        percent(levels[0])
        if levels[0] == levels[-1]
        else tr("{low} to {high}", low=percent(levels[0]), high=percent(levels[-1]))
    )
    return tr(
        "Above: mean over seeds and 95 % t interval of each side on its own; × a run that failed, at the value "
        "it counts as. Below: the difference within a seed, with the verdicts' own intervals ({level}). More "
        "than 0 is what the claim predicts; small dashes: seeds, grey: within ±δ. Judge by the differences "
        "below: the sides share their seeds, so overlapping bars above decide nothing.",
        level=level,
    )


def _alt(points: Sequence[_Point], factor: str) -> str:
    texts = short_levels([p.level for p in points])
    words = []
    for p in points:
        v = p.pairs.verdict
        low, high = (math.nan if b is None else b for b in (v.interval_low, v.interval_high))
        effect = "unknown" if v.effect is None else effect_text(v.effect, low, high, v.unit)
        words.append(
            tr(
                "at {factor} {level} the difference is {effect}, {n} pairs failed",
                factor=factor,
                level=texts[p.level],
                effect=effect,
                n=int(p.pairs.failed.sum()),
            )
        )
    return (
        tr(
            "Interaction of {arm} with {factor}: ",
            arm=shortened(points[0].pairs.verdict.arm_text),
            factor=factor,
        )
        + tr("; ").join(words)
        + tr(".")
    )
