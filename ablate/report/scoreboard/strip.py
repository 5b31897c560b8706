"""A claim's verdicts as a strip: one row per verdict, interval and effect on one axis. SVG by hand, about 1 KB.

Shaded: the effects the claim is right about. Shape and fill tell the outcome as in the forest: ● supported, ◆ refuted,
○ inconclusive, ✕ not tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ablate.judge.verdict import Verdict
from ablate.report.figures.style import BAND, HUES, INK, PAPER, RULE, SOFT
from ablate.terminal import plain_line

WIDTH = 220
_PAD = 10
_COLOUR = {"supported": HUES[0], "refuted": HUES[1], "inconclusive": SOFT, "not_tested": SOFT}
_VARIABLES = {INK: "--ink", SOFT: "--soft", RULE: "--rule", BAND: "--band", PAPER: "--paper", HUES[0]: "--hue-0",
              HUES[1]: "--hue-1"}  # fmt: skip


def strip(verdicts: Sequence[Verdict], alt: str, *, inline: bool = False) -> str:
    """Return the strip as an SVG document with a light background, or to be part of a page that has colours."""
    row = 16 if len(verdicts) <= 3 else 9
    foot = 13
    height = row * len(verdicts) + foot + 4
    low, high = _limits(verdicts)

    def x(value: float) -> float:
        inside = min(max(value, low), high)
        return round(_PAD + (WIDTH - 2 * _PAD) * (inside - low) / (high - low), 1)

    parts = []
    bottom = height - foot
    one = len({(v.region_low, v.region_high) for v in verdicts}) == 1
    for i, v in enumerate(verdicts):
        y, tall = (2.0, bottom - 2.0) if one else (2.0 + i * row, float(row))
        bounded = math.isfinite(v.region_low) or math.isfinite(v.region_high)
        if bounded and (i == 0 or not one):
            start, end = x(v.region_low), x(v.region_high)
            parts.append(f'<rect x="{start}" y="{y}" width="{round(end - start, 1)}" height="{tall}" fill="{BAND}"/>')
    if low <= 0 <= high:
        parts.append(f'<path d="M{x(0)} 2V{bottom}" stroke="{SOFT}" stroke-width="1"/>')
        parts.append(f'<text x="{x(0)}" y="{height - 3}" font-size="9" text-anchor="middle" fill="{SOFT}">0</text>')
    for i, v in enumerate(verdicts):
        parts.append(_row(v, 2 + row * (i + 0.5), x, low, high, small=row < 16))
    body = "".join(parts)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    if inline:
        for colour, name in _VARIABLES.items():
            body = body.replace(f'"{colour}"', f'"var({name})"')
        return f'<svg class="strip-picture" {size} role="img" aria-label="{_escaped(alt)}">{body}</svg>'
    paper = f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
    look = 'font-family="DejaVu Sans, Arial, sans-serif"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {look}>'
    return f"{head}<title>{_escaped(alt)}</title>{paper}{body}</svg>\n"


def _row(v: Verdict, y: float, x: object, low: float, high: float, *, small: bool) -> str:
    assert callable(x)
    if v.effect is None or not math.isfinite(v.effect):
        return f'<path d="M{_PAD} {y - 3}l6 6m0 -6l-6 6" stroke="{SOFT}" stroke-width="1.4" fill="none"/>'
    colour = _COLOUR[v.outcome]
    start, end = _ends(v)
    line = f'<path d="M{x(start)} {y}H{x(end)}" stroke="{colour}" stroke-width="{1.6 if small else 2}"/>'
    for bound, edge, way in ((start, low, -1), (end, high, 1)):
        if bound < low or bound > high:  # it goes on beyond the axis
            at = x(edge)
            line += f'<path d="M{at} {y - 3}l{way * 5} 3l{-way * 5} 3z" fill="{colour}"/>'
    at, r = x(v.effect), 2.8 if small else 4.2
    if v.outcome == "refuted":
        mark = f'<path d="M{at} {y - r * 1.25}l{r * 1.25} {r * 1.25}l{-r * 1.25} {r * 1.25}l{-r * 1.25} {-r * 1.25}z" fill="{colour}"/>'  # noqa: E501
    else:
        fill = colour if v.outcome == "supported" else PAPER
        mark = f'<circle cx="{at}" cy="{y}" r="{r}" fill="{fill}" stroke="{colour}" stroke-width="1.4"/>'
    return line + mark


def _ends(v: Verdict) -> tuple[float, float]:
    low = -math.inf if v.interval_low is None else v.interval_low
    high = math.inf if v.interval_high is None else v.interval_high
    return low, high


def _limits(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Return the axis: every effect, every finite end of an interval and of a region, and 0 where effects have one."""
    values = [end for v in verdicts for end in (v.region_low, v.region_high) if math.isfinite(end)]
    values += [x for v in verdicts for x in (v.effect, *_ends(v)) if x is not None and math.isfinite(x)]
    if any(v.scale in ("difference", "log ratio", "decades") for v in verdicts):
        values.append(0.0)
    low, high = min(values, default=-1.0), max(values, default=1.0)
    spread = (high - low) or abs(high) or 1.0
    return low - 0.06 * spread, high + 0.06 * spread


def _escaped(text: str) -> str:
    return plain_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
