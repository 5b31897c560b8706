"""Which arms share a panel and which factor is told apart by hue: one layout for every figure of all arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ablate.lang import tr
from ablate.levels import Level
from ablate.report.arms import arm_levels, arm_titles, baseline_arm, factor_levels, varying
from ablate.report.figures.style import HUES
from ablate.report.level_texts import level_title, level_titles, short_levels
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

    Up to four arms share one panel. Where that would leave most arms alone in their panel, as in a design that changes
    one thing at a time, nothing could be compared: there a factor that everything else is crossed with has a panel per
    level, with all other changes as hues. Without one, as for a single factor or one with more levels than hues, each
    arm gets a panel with the baseline beside it.
    """
    names = arm_titles(tables)
    factors = varying(tables)
    if len(names) <= _TOGETHER or not factors:
        return PanelLayout((PanelArms("", tuple((i, arm) for i, arm in enumerate(names))),), tuple(names.values()), "")
    texts = {factor: short_levels(levels) for factor, levels in factor_levels(tables).items()}
    hue = contrast if contrast in factors else min(factors, key=lambda factor: len(texts[factor]))
    if len(factors) == 1 or len(texts[hue]) > len(HUES):
        return _beside_baseline(tables, names)
    hues = list(texts[hue].values())
    by_title: dict[str, list[tuple[int, str]]] = {}
    for arm_id, levels in arm_levels(tables).items():
        title = ", ".join(level_titles({f: texts[f][levels[f]] for f in factors if f != hue}))
        by_title.setdefault(title, []).append((hues.index(texts[hue][levels[hue]]), arm_id))
    if 2 * sum(len(arms) == 1 for arms in by_title.values()) > len(by_title):
        return _crossed(tables, names, texts) or _beside_baseline(tables, names)
    return PanelLayout(tuple(PanelArms(title, tuple(arms)) for title, arms in by_title.items()), tuple(hues), hue)


def _beside_baseline(tables: StudyTables, names: Mapping[str, str]) -> PanelLayout:
    base = baseline_arm(tables) or ""
    panels = [PanelArms(name, ((0, base), (1, arm))) for arm, name in names.items() if arm != base]
    return PanelLayout(tuple(panels), (names[base], tr("the panel's arm")), "")


def _crossed(
    tables: StudyTables, names: Mapping[str, str], texts: Mapping[str, Mapping[Level, str]]
) -> PanelLayout | None:
    """Lay out arms by a factor that all else is crossed with, the one with most levels; None where there is none."""
    arms, base = arm_levels(tables), baseline_arm(tables)
    if base is None:
        return None
    for factor in sorted(varying(tables), key=lambda name: -len(texts[name])):
        others = [name for name in varying(tables) if name != factor]
        made = {
            arm: (texts[factor][at[factor]], tuple(texts[name][at[name]] for name in others))
            for arm, at in arms.items()
        }
        ours = [arm for arm in arms if made[arm][0] == made[base][0]]
        changes = [made[arm][1] for arm in ours]
        panels: dict[str, list[tuple[int, str]]] = {text: [] for text in texts[factor].values()}
        if not 1 < len(set(changes)) <= len(HUES) or len(made) != len(changes) * len(panels):
            continue
        if any(change not in changes for _, change in made.values()):
            continue
        for arm, (text, change) in made.items():
            panels[text].append((changes.index(change), arm))
        if all(len({hue for hue, _ in held}) == len(changes) for held in panels.values()):
            return PanelLayout(
                tuple(PanelArms(level_title(factor, text), tuple(held)) for text, held in panels.items()),
                tuple(names[arm] for arm in ours), "",
            )  # fmt: skip
    return None
