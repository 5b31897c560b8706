"""Figure: the verdicts of one claim as a map over two factors, one tile each, by where the interval lies.

| class | the interval lies | |
|---|---|---|
| superior | above δ | the claim holds |
| better | above 0 | by how much is open |
| equivalent | within ±δ | what differs would not matter |
| non-inferior | above −δ | at most negligibly worse |
| not superior | below δ | the claim does not hold |
| worse | below 0 | by how much is open |
| inferior | below −δ | the other side is superior |
| open | anywhere else | |

A tile has the first class that fits in the order superior, inferior, equivalent, better, worse, non-inferior, not
superior, open. All follow from one interval: the one that holds together with those of the other tiles, where there
is one (`judge.jointly`), because a map invites comparing its tiles. Where the verdict is decided by its own interval,
and the joint one leaves it open, the tile has a frame. What a gate holds back has no class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ablate.claims.parts import Level
from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.heat_map import ascending, ink_on
from ablate.report.figures.jointly import joint_levels
from ablate.report.figures.style import INK, PAPER, SOFT, Drawn, drawing
from ablate.report.figures.ticks import apart
from ablate.report.figures.titles import title as set_title
from ablate.report.level_texts import level_titles, short_levels, short_lists
from ablate.report.metric_names import metric_title
from ablate.report.pairs import judged_comparisons
from ablate.report.wording import NONE, scaled_number, unit, with_unit
from ablate.stats.effects import by_interval
from ablate.sweep.figures import VerdictMap
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.words.amounts import decades_text, percent

MOST_PANELS = 9
_FRAME = 1.3  # points

# Class -> (what it means, mark, colour): blue to orange stays apart for all eyes, and the mark says it without colour.
# No colour is one of the page's own, which would change with its dark mode under an ink that does not.
CLASSES: dict[str, tuple[str, str, str | None]] = {
    "superior": (msg("superior: better by more than δ"), "++", "#0b6aa5"),
    "better": (msg("better, by more or less than δ"), "+", "#6aaedb"),
    "non-inferior": (msg("non-inferior: not worse by δ"), "≥", "#c6dff0"),
    "equivalent": (msg("equivalent: differs by less than δ"), "=", "#c9cdd1"),
    "open": (msg("open"), "?", None),
    "not superior": (msg("not superior: not better by δ"), "≤", "#f7dcc4"),
    "worse": (msg("worse, by more or less than δ"), "−", "#f0a465"),
    "inferior": (msg("inferior: worse by more than δ"), "−−", "#c9580a"),
    "gate": (msg("held back by a gate"), "⊘", None),
    "not_tested": (msg("not tested"), "·", None),
}

_OWN = msg(
    "A tile is a verdict; its number: {measure}, {arm} against {against}, positive (a ratio: above 1) where the claim "
    "is right. Colour and mark: where the verdict's interval ({spread}, at its own step of Holm's procedure) lies "
    "against 0 and ±δ, δ = {delta}; where more than one fits, the most telling."
)
_JOINT = msg(
    "A tile is a verdict; its number: {measure}, {arm} against {against}, positive (a ratio: above 1) where the claim "
    "is right. Colour and mark: where the interval that holds together with those of all tiles ({levels}) lies against "
    "0 and ±δ, δ = {delta}; where more than one fits, the most telling."
)
_FRAMED = msg(
    " Framed ({n}): the verdict is decided by its own interval ({spread}, at its step of Holm's procedure), and the "
    "wider one of all tiles leaves it open."
)


def class_of(verdict: Verdict) -> str:
    """Return where a verdict's joint interval lies against 0 and ±δ, its own where it has none: one of `CLASSES`."""
    low, high, delta = verdict.interval_low, verdict.interval_high, verdict.delta
    if verdict.joint is not None:
        low, high = verdict.joint.low, verdict.joint.high
    if verdict.gates_failed:
        return "gate"
    if verdict.outcome == "not_tested" or low is None or high is None:
        return "not_tested"
    if verdict.so_far:
        return "open"  # its interval decides nothing
    rules = (
        ("superior", low > delta), ("inferior", high < -delta), ("equivalent", low > -delta and high < delta),
        ("better", low > 0.0), ("worse", high < 0.0), ("non-inferior", low > -delta), ("not superior", high < delta),
    )  # fmt: skip
    return next((name for name, fits in rules if fits), "open")


def decided_alone(verdict: Verdict) -> bool:
    """Tell whether a verdict is decided by its own interval where the joint one leaves it open."""
    joint, region = verdict.joint, (verdict.region_low, verdict.region_high)
    return joint is not None and verdict.decided and by_interval(joint.low, joint.high, region) == "inconclusive"


@register("figure", "verdict_map")
@dataclass(frozen=True)
class VerdictMaps(Kind):
    """The verdicts of one claim over two factors, as a study asks for them."""

    place, order, unasked = "own", 40, False
    wanted: VerdictMap | None = None

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        if self.wanted is None:
            return None
        return verdict_map(material.study, material.tables, material.verdicts, self.wanted, name=name)


@dataclass(frozen=True)
class _Panel:
    title: str
    tiles: Mapping[tuple[Level, Level], Verdict]


def verdict_map(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict], wanted: VerdictMap, *, name: str = "verdict-map"
) -> Drawn | None:
    """Draw the map a study asks for; None where its claim was not judged."""
    mine = [v for v in verdicts if v.source_id == wanted.claim]
    judged = [(v, {f: levels[0] for f, levels in c.where.items()}) for v, c in judged_comparisons(study, tables, mine)]
    if not judged:
        return None
    each = next(claim.each for claim in study.claims if claim.id == wanted.claim)
    others = [f for f in each if f not in (wanted.x, wanted.y)]
    texts = {f: short_levels(study.factors[f]) for f in each}
    panels: dict[str, dict[tuple[Level, Level], Verdict]] = {}
    for verdict, at in judged:
        title = ", ".join(level_titles({f: texts[f][at[f]] for f in others}))
        panels.setdefault(title, {})[at[wanted.x], at[wanted.y]] = verdict
    shown = [_Panel(title, tiles) for title, tiles in list(panels.items())[:MOST_PANELS]]
    axes = {f: [x for x in ascending(list(study.factors[f])) if any(at[f] == x for _, at in judged)]
            for f in (wanted.x, wanted.y)}  # fmt: skip
    with drawing():
        figure = _draw(shown, wanted, axes)
    title = wanted.title or tr("{says}: where it holds", says=mine[0].says)
    left = tr(" {n} panels are not drawn.", n=len(panels) - len(shown)) if len(panels) > len(shown) else ""
    return Drawn(name, title, figure, _caption(mine) + left, _alt(shown, wanted, texts), floor=_floor(axes, shown))


def _draw(panels: Sequence[_Panel], wanted: VerdictMap, axes: Mapping[str, Sequence[Level]]) -> Figure:
    xs, ys = axes[wanted.x], axes[wanted.y]
    columns = _columns(axes, panels)
    rows = math.ceil(len(panels) / columns)
    width = max(4.6, 1.3 + columns * (0.3 + _wide(xs) * len(xs)))
    present = [name for name in CLASSES if any(class_of(v) == name for p in panels for v in p.tiles.values())]
    across = max(1, int(width / 2.75))
    framed = any(decided_alone(v) for p in panels for v in p.tiles.values())
    lines = math.ceil((len(present) + framed) / across)
    figure = Figure(figsize=(width, rows * (0.65 + 0.5 * len(ys)) + 0.45 + 0.22 * lines), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat)
    for ax, panel in zip(grid, panels, strict=False):
        for (x, y), verdict in panel.tiles.items():
            _tile(ax, (xs.index(x), ys.index(y)), verdict)
        ax.set_xlim(-0.5, len(xs) - 0.5)
        ax.set_ylim(-0.5, len(ys) - 0.5)
        ax.set_xticks(range(len(xs)), list(short_levels(xs).values()))
        ax.set_yticks(range(len(ys)), list(short_levels(ys).values()))
        set_title(ax, panel.title, inches=(width - 1.0) / columns - 0.1)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    for position, ax in enumerate(grid):
        ax.set_visible(position < len(panels))
        if position + columns >= len(panels):
            ax.tick_params(labelbottom=True)
    figure.supxlabel(wanted.x, fontsize=9.5, color=INK)
    figure.supylabel(wanted.y, fontsize=9.5, color=INK)
    keys = [Patch(facecolor=CLASSES[name][2] or PAPER, edgecolor=SOFT, linewidth=0.6,
                  label=f"{CLASSES[name][1]}  {tr(CLASSES[name][0])}") for name in present]  # fmt: skip
    if framed:
        keys.append(Patch(facecolor="none", edgecolor=INK, linewidth=_FRAME, label=tr("decided by its own interval")))
    figure.legend(handles=keys, loc="outside upper left", ncols=across, fontsize=8.4, handlelength=1.4,
                  handleheight=1.1, columnspacing=1.2, borderaxespad=0.2)  # fmt: skip
    apart(figure, names=figure.axes)
    return figure


def _tile(ax: Axes, at: tuple[int, int], verdict: Verdict) -> None:
    (i, j), name = at, class_of(verdict)
    _, mark, face = CLASSES[name]
    ink = INK if face is None else ink_on(face)
    ax.add_patch(Rectangle((i - 0.48, j - 0.46), 0.96, 0.92, facecolor=face or "none", edgecolor="none" if face else
                           SOFT, linewidth=0.7, linestyle="-" if face else (0, (3, 2)), gid=name))  # fmt: skip
    if decided_alone(verdict):
        ax.add_patch(Rectangle((i - 0.46, j - 0.44), 0.92, 0.88, facecolor="none", edgecolor=ink, linewidth=_FRAME,
                               gid="decided-alone"))  # fmt: skip
    ax.text(i, j + 0.2, mark, ha="center", va="center", fontsize=9.5, color=ink, fontweight="bold")
    ax.text(i, j - 0.17, _effect(verdict), ha="center", va="center", fontsize=7.8, color=ink)


def _effect(verdict: Verdict) -> str:
    """Write an effect as a tile has room for: without its unit, which the caption names."""
    if verdict.effect is None:
        return NONE
    if verdict.scale == "decades":
        return decades_text(verdict.effect, signed=True)
    text = scaled_number(verdict.effect, verdict, signed=True)
    return text.removesuffix(unit(verdict.unit).difference).strip() if verdict.scale == "difference" else text


def _columns(axes: Mapping[str, Sequence[Level]], panels: Sequence[_Panel]) -> int:
    xs = next(iter(axes.values()))
    return min(len(panels), max(1, int(9.0 / (0.3 + _wide(xs) * len(xs)))), 3)


def _floor(axes: Mapping[str, Sequence[Level]], panels: Sequence[_Panel]) -> int:
    xs = next(iter(axes.values()))
    return int(90 + _columns(axes, panels) * (20 + 85 * _wide(xs) * len(xs)))


def _wide(xs: Sequence[Level]) -> float:
    """Return the width of a tile in inches."""
    return 0.72 if len(xs) <= 10 else 0.56


def _caption(verdicts: Sequence[Verdict]) -> str:
    first = verdicts[0]
    what = metric_title(first.metric)
    if first.scale == "log ratio":
        measure = tr("ratio of {metric}", metric=what)
    elif first.scale == "decades":
        measure = tr("how much wider, decades")
    else:
        shown = unit(first.unit).difference
        measure = with_unit(tr("difference of {metric}", metric=what), shown)
    levels = sorted({v.interval_level for v in verdicts if v.effect is not None})
    ends = [percent(level) for level in (levels[:1] + levels[1:][-1:])]
    spread = tr("{low} to {high}", low=ends[0], high=ends[1]) if len(ends) > 1 else "".join(ends)
    told = {"measure": measure, "arm": short_lists(first.arm_text), "against": short_lists(first.against_text),
            "delta": scaled_number(first.delta, first)}  # fmt: skip
    joint = [v for v in verdicts if v.joint is not None]
    if not joint:
        return tr(_OWN, spread=spread, **told)
    alone = sum(map(decided_alone, verdicts))
    framed = tr(_FRAMED, n=alone, spread=spread) if alone else ""
    return tr(_JOINT, levels=joint_levels(joint), **told) + framed


def _alt(panels: Sequence[_Panel], wanted: VerdictMap, texts: Mapping[str, Mapping[Level, str]]) -> str:
    parts = []
    for panel in panels:
        tiles = [
            tr("{x} {x_level} and {y} {y_level}: {text}", x=wanted.x, x_level=texts[wanted.x][x], y=wanted.y,
               y_level=texts[wanted.y][y], text=f"{tr(CLASSES[class_of(v)][0])} ({_effect(v)})")
            for (x, y), v in panel.tiles.items()
        ]  # fmt: skip
        parts.append((f"{panel.title}{tr(': ')}" if panel.title else "") + tr("; ").join(tiles))
    return tr("Map. ") + tr(". ").join(parts) + tr(".")
