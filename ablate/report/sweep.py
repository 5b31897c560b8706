"""The first screen of a sweep that claims nothing: what each level changes, which arms differ, how much is noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.claims.comparison import arm_key
from ablate.errors import UserError
from ablate.judge.main_effects import MOST_INTERACTIONS, Effect, Sweep, sweep_effects
from ablate.lang import counted, msg, tr
from ablate.report.answers import Answer, Explained
from ablate.report.arms import arm_levels, arm_title, baseline_arm, varying
from ablate.report.level_texts import short_levels
from ablate.report.metric_names import metric_title
from ablate.report.templating import Column, Table, TextRow
from ablate.report.wording import difference, effect_text, listed, unit_of
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables

MOST_ANSWERS = 6
"""Effects that the first screen names, largest first; all are in the table."""
MOST_NAMED = 4

_DIFFERS = msg("The interval, which holds together with those of all other effects at 95 %, leaves out 0.")
_OPEN = msg(
    "The interval contains 0: these runs show no difference. That is not the same as showing that there is none."
)
_EFFECT = msg(
    "Mean difference within a seed between arms that differ in this level alone. It describes: nobody said beforehand "
    "which difference matters."
)
_FLOOR = msg(
    "The smallest true difference between an arm and the baseline that so many seeds with this spread find with 80 % "
    "power. What is smaller can hide in the noise; more seeds lower it."
)


_LEFT_OUT = msg(
    "More than {most} interactions would be a search, and make every interval wider. Claim the one that matters, or "
    "sweep fewer factors."
)


@dataclass(frozen=True)
class SweepView:
    """What the first screen says: the question, the largest effects, sentences on arms and noise, all effects."""

    question: str
    answers: tuple[Answer, ...]
    notes: tuple[Explained, ...]
    table: Table | None


def effects_of(tables: StudyTables, metric: str) -> Sweep | None:
    """Return the effects of the factors that vary; None where nothing can be compared."""
    base, factors = baseline_arm(tables), varying(tables)
    levels = {arm: {factor: at[factor] for factor in factors} for arm, at in arm_levels(tables).items()}
    if base is None or not factors or len({arm_key(at, factors) for at in levels.values()}) < len(levels):
        return None
    try:
        sweep = sweep_effects(tables, metric, levels, base)
    except UserError:
        return None
    return sweep if sweep.main else None


def sweep_view(
    tables: StudyTables, metric: str | None, sweep: Sweep | None, frame: pd.DataFrame | None
) -> SweepView | None:
    """Return what is said of a sweep on its main metric; None where no two arms can be compared.

    Parameters
    ----------
    sweep, frame
        Its `effects_of` and its `ablation.described`, which figures and tables show, too.
    """
    if sweep is None or frame is None or metric is None:
        return None
    largest = sorted(sweep.main, key=lambda one: -abs(one.effect))
    crossed = [one for one in sorted(sweep.interactions, key=lambda one: -abs(one.effect)) if one.shown]
    notes = [_arms(tables, frame), *_floor(tables, metric, sweep), *_left_out(sweep)]
    return SweepView(
        question=tr("What changes {metric}: {factors}?", metric=metric_title(metric), factors=listed(varying(tables))),
        answers=tuple(_answer(tables, metric, one) for one in [*largest[:MOST_ANSWERS], *crossed[:2]]),
        notes=tuple(notes),
        table=_table(tables, metric, [*largest, *sorted(sweep.interactions, key=lambda one: -abs(one.effect))]),
    )


def effect_title(one: Effect) -> str:
    """Return what an effect compares: `norm: batch − none`, of an interaction both factors."""
    return " × ".join(_changes(one))


def _changes(one: Effect) -> list[str]:
    parts = []
    for factor, level, against in zip(one.factors, one.levels, one.against, strict=True):
        texts = short_levels([level, against])
        parts.append(f"{factor}: {texts[level]} − {texts[against]}")
    return parts


def _number(tables: StudyTables, metric: str, one: Effect) -> str:
    return effect_text(one.effect, one.low, one.high, metrics_in(tables).of(metric).unit)


def _answer(tables: StudyTables, metric: str, one: Effect) -> Answer:
    single = len(one.factors) == 1
    says = effect_title(one) if single else tr("{changes} together, beyond each alone", changes=listed(_changes(one)))
    title = metric_title(metric)
    return Answer(
        anchor="ablation",
        outcome=Explained(tr("differs"), tr(_DIFFERS))
        if one.shown
        else Explained(tr("no difference shown"), tr(_OPEN)),
        css="mixed" if one.shown else "inconclusive",
        glyph="≠" if one.shown else "?",
        says=says,
        number=Explained(_number(tables, metric, one), tr(_EFFECT)),
        metric=Explained(title, tr("Logged as {metric}.", metric=metric) if title != metric else ""),
        more="",
    )


def _arms(tables: StudyTables, frame: pd.DataFrame) -> Explained:
    """Say which arms differ from the baseline by the intervals of the ablation table."""
    rows = [row for row in frame.to_dict("records") if row["arm_id"] != baseline_arm(tables)]
    apart = [arm_title(str(row["arm"])) for row in rows if row["joint_low"] > 0 or row["joint_high"] < 0]
    text = tr("{n} of {arms} differ from the baseline", n=len(apart), arms=counted(len(rows), "arm"))
    if 0 < len(apart) <= MOST_NAMED:
        text += tr(": ") + tr("; ").join(apart)
    return Explained(
        text, tr("By intervals that hold together at 95 %: see the ablation table, which lists every arm.")
    )


def _floor(tables: StudyTables, metric: str, sweep: Sweep) -> tuple[Explained, ...]:
    if sweep.floor is None:
        return ()
    size = difference(sweep.floor, unit_of(tables, metric)).lstrip("+")
    return (Explained(tr("noise floor {size}", size=size), tr(_FLOOR)),)


def _left_out(sweep: Sweep) -> tuple[Explained, ...]:
    if not sweep.left_out:
        return ()
    text = tr("{n} interactions not looked at", n=sweep.left_out)
    return (Explained(text, tr(_LEFT_OUT, most=MOST_INTERACTIONS)),)


def _table(tables: StudyTables, metric: str, effects: Sequence[Effect]) -> Table:
    rows = tuple(
        TextRow((
            effect_title(one), tr("main effect") if len(one.factors) == 1 else tr("interaction"),
            _number(tables, metric, one), tr("differs") if one.shown else tr("no difference shown"),
            str(one.cells), str(one.seeds),
        ))
        for one in effects
    )  # fmt: skip
    columns = (
        Column(tr("effect")), Column(tr("kind")), Column(tr("size [95 % jointly]"), "n"), Column(tr("shown")),
        Column(tr("comparisons"), "n"), Column(tr("seeds"), "n"),
    )  # fmt: skip
    note = tr(
        "Main effect: mean difference within a seed to the baseline's level, over all arms that are the same "
        "otherwise. Interaction: how much more the first change does where the second is made too. Intervals hold "
        "together at 95 %."
    )
    return Table(tr("Effects on {metric}", metric=metric_title(metric)), columns, rows, note)
