"""Which arms share a panel and which factor is told apart by hue: one layout for every figure of all arms."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.lang import tr
from ablate.report.arms import arm_levels, arm_titles, baseline_arm, factor_levels, varying
from ablate.report.figures.style import HUES
from ablate.report.level_texts import level_title, short_levels
from ablate.track.record import StudyTables

_TOGETHER = 4  # more arms than this in one axes cannot be told apart under their bands


@dataclass(frozen=True)
class PanelArms:
    """A panel's title and its arms, each as (position of its hue, arm id)."""

    title: str
    arms: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class PanelLayout:
    """Panels, names of the hues by position, and the factor they are levels of (empty where they are arms)."""

    panels: tuple[PanelArms, ...]
    hues: tuple[str, ...]
    hue_title: str


def layout(tables: StudyTables, contrast: str | None = None) -> PanelLayout:
    """Lay out all arms: `contrast` is the hue, every combination of the other factors a panel.

    Up to four arms share one panel. A single factor, or one with more levels than hues, gets a panel per arm with the
    baseline beside it.
    """
    names = arm_titles(tables)
    factors = varying(tables)
    if len(names) <= _TOGETHER or not factors:
        return PanelLayout((PanelArms("", tuple((i, arm) for i, arm in enumerate(names))),), tuple(names.values()), "")
    texts = {factor: short_levels(levels) for factor, levels in factor_levels(tables).items()}
    hue = contrast if contrast in factors else min(factors, key=lambda factor: len(texts[factor]))
    if len(factors) == 1 or len(texts[hue]) > len(HUES):
        base = baseline_arm(tables) or ""
        panels = [PanelArms(name, ((0, base), (1, arm))) for arm, name in names.items() if arm != base]
        return PanelLayout(tuple(panels), (names[base], tr("the panel's arm")), "")
    hues = list(texts[hue].values())
    by_title: dict[str, list[tuple[int, str]]] = {}
    for arm_id, levels in arm_levels(tables).items():
        title = ", ".join(level_title(f, texts[f][levels[f]]) for f in factors if f != hue)
        by_title.setdefault(title, []).append((hues.index(texts[hue][levels[hue]]), arm_id))
    return PanelLayout(tuple(PanelArms(title, tuple(arms)) for title, arms in by_title.items()), tuple(hues), hue)
