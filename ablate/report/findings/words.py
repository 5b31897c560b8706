"""The paragraph in plain words beside a study's findings, its numbers filled in from the verdicts.

`words.md` (and `words.zh.md`) holds three paragraphs: what was found, what it means for the note, what is not
concluded. Numbers stand in it as `{{ claim.field }}`:

| field | of one verdict |
|---|---|
| `effect`, `interval`, `both` | the effect, its interval, both with the unit once |
| `outcome`, `p`, `delta`, `seeds`, `level` | as in the verdict's sentence |
| `supported`, `refuted`, `inconclusive`, `not_tested`, `members` | counts over the levels of `each` |
| `least`, `most` | the smallest and the largest effect over the levels of `each` |
| `held`, `runs` | of a share: in how many of how many runs (or cells) it held |
| `cells`, `cell_least`, `cell_most` | how many cells its average is over, and the range of their values |
| `seed_least`, `seed_most` | the range over the seeds |

A claim is named by its id, with a level of `each` as ``faster[init.std=0.16]``; `study` stands for all claims
(`study.seeds`, `study.members`, counts). A number typed by hand must stand in the study file or in its verdicts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ablate.errors import UserError, unknown
from ablate.judge.verdict import Verdict
from ablate.lang import language, tr
from ablate.report.families import badge_of
from ablate.report.level_texts import shortened
from ablate.report.wording import delta_text, difference, p_value, scaled_number, unit, verdict_effect
from ablate.sweep.study import Study
from ablate.words.amounts import difference_unit, percent
from ablate.words.rulings import ruling_of
from ablate.words.sentence import sentence_of

_PLACE = re.compile(r"\{\{\s*(?P<claim>[^{}]+?)\.(?P<field>[a-z_]+)\s*\}\}")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d[\d,]*(?:\.\d+)?")
_COUNTS = ("supported", "refuted", "inconclusive", "not_tested")
_SINGLE = ("effect", "interval", "both", "outcome", "p", "delta", "seeds", "level")
_HELD = {"held": ("successes", "held", "won"), "runs": ("runs", "cells")}  # as the kinds of claim call them
_RANGES = ("cell_least", "cell_most", "seed_least", "seed_most")
FIELDS = (*_SINGLE, *_COUNTS, *_HELD, *_RANGES, "cells", "members", "least", "most")
PARAGRAPHS = 3


def words_path(folder: Path) -> Path:
    """Return where the paragraphs of a findings folder are, in the current language."""
    return folder / ("words.md" if language() == "en" else f"words.{language()}.md")


def read_words(folder: Path, study: Study, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return the three paragraphs with their numbers filled in; empty where they are not written.

    `study` and `verdicts` are as recorded, in English; outcomes are written in the current language.

    Raises
    ------
    UserError
        Not three paragraphs, a placeholder for what does not exist, or a number that the study and its verdicts do
        not hold.
    """
    path = words_path(folder)
    if not path.is_file():
        return ()
    text = path.read_text(encoding="utf-8")
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    if len(paragraphs) != PARAGRAPHS:
        raise UserError(
            f"{path}: expected three paragraphs (what was found, what it means for the note, what is not concluded), "
            f"got {len(paragraphs)}"
        )
    if wrong := strange_figures(text, study, verdicts):
        raise UserError(
            f"{path}: {', '.join(wrong)} stands neither in the study nor in its verdicts; quote numbers as "
            "{{ claim.effect }}, so that they are filled in"
        )
    return tuple(fill_words(part, verdicts, where=str(path)) for part in paragraphs)


def fill_words(text: str, verdicts: Sequence[Verdict], *, where: str = "words") -> str:
    """Fill the placeholders of a text.

    Raises
    ------
    UserError
        An unknown claim or field, with the nearest match; a field of one verdict asked of several.
    """

    def fill(match: re.Match[str]) -> str:
        name, field = match["claim"].strip(), match["field"]
        if field not in FIELDS:
            raise UserError(f"{where}: {unknown('field', field, FIELDS)}")
        members = _members(name, verdicts)
        if not members:
            ids = [v.claim_id for v in verdicts] + [v.source_id for v in verdicts]
            raise UserError(f"{where}: {unknown('claim', name, sorted({'study', *map(shortened, ids)}))}")
        return _field(field, members, f"{where}: {{{{ {name}.{field} }}}}")

    return _PLACE.sub(fill, text)


def _members(name: str, verdicts: Sequence[Verdict]) -> list[Verdict]:
    if name == "study":
        return list(verdicts)
    # However a list of levels is written: [100, 100, 100], [100,100,100] or [100 ×3].
    return [v for v in verdicts if name in (v.claim_id, v.source_id) or shortened(name) == shortened(v.claim_id)]


def _field(field: str, members: Sequence[Verdict], where: str) -> str:
    if field in _COUNTS:
        return str(sum(v.outcome == field for v in members))
    if field == "members":
        return str(len(members))
    estimated = [v for v in members if v.effect is not None]
    if field in ("least", "most"):
        if not estimated:
            raise UserError(f"{where}: no effect is known")
        at_end = (min if field == "least" else max)(estimated, key=lambda v: v.effect or 0.0)
        return _effect(at_end)
    values = {_single(field, v) for v in members}
    if len(values) > 1:
        raise UserError(f"{where}: {len(members)} verdicts differ in it; name one, as in {members[0].claim_id}")
    value = values.pop()
    if not value:
        raise UserError(f"{where}: it has none")
    return value


def _single(field: str, verdict: Verdict) -> str:
    if field in ("effect", "interval"):
        return _effect(verdict) if field == "effect" else _interval(verdict)
    return {
        "both": lambda: verdict_effect(verdict),
        "outcome": lambda: badge_of(ruling_of(verdict)).word,
        "p": lambda: p_value(verdict.p_adjusted),
        "delta": lambda: delta_text(verdict),
        "seeds": lambda: str(verdict.pairs),
        "level": lambda: percent(verdict.interval_level),
        "held": lambda: _held(verdict, "held"),
        "runs": lambda: _held(verdict, "runs"),
        "cells": lambda: str(len(verdict.per_cell)),
        "cell_least": lambda: _end(verdict.per_cell.values(), min, verdict),
        "cell_most": lambda: _end(verdict.per_cell.values(), max, verdict),
        "seed_least": lambda: _end(verdict.differences.values(), min, verdict),
        "seed_most": lambda: _end(verdict.differences.values(), max, verdict),
    }[field]()


def _held(verdict: Verdict, field: str) -> str:
    values = [verdict.details[name] for name in _HELD[field] if name in verdict.details]
    return str(values[0]) if values else ""


def _end(values: Iterable[float], which: Callable[[list[float]], float], verdict: Verdict) -> str:
    finite = [value for value in values if math.isfinite(value)]
    return shown_value(which(finite), verdict) if finite else ""


def shown_value(value: float, verdict: Verdict) -> str:
    """Return one value of a seed or a cell: on the scale of the effect; of a share, in the unit of its metric."""
    if verdict.scale in ("share", "slope"):
        return difference(value, unit(verdict.unit))
    return scaled_number(value, verdict, signed=True)


def _effect(verdict: Verdict) -> str:
    effect = verdict_effect(verdict).split(" [", 1)[0]
    return effect + _unit(verdict) if effect else ""


def _interval(verdict: Verdict) -> str:
    match = re.search(r"\[[^\]]*\]", verdict_effect(verdict))
    return match[0] + _unit(verdict) if match else ""


def _unit(verdict: Verdict) -> str:
    """Return what stands behind an effect, once, after its interval: nothing for ratios, shares and slopes."""
    if verdict.scale == "decades":
        return tr(" decades")
    return difference_unit(verdict.unit) if verdict.scale == "difference" else ""


def strange_figures(text: str, study: Study, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the numbers typed in a text that neither the study nor its verdicts hold.

    A number counts as held where it stands, digit by digit, in the study file (levels, seeds, words) or in what is
    printed of a verdict (sentence, effect, interval, p, counts).
    """
    printed = [study.model_dump_json(exclude={"zh"}), *(str(len(levels)) for levels in study.factors.values())]
    for verdict in verdicts:
        printed += [
            shortened(verdict.claim_id),
            sentence_of(verdict),
            verdict_effect(verdict),
            p_value(verdict.p_adjusted),
            str(verdict.pairs),
        ]
    for group in ({v.source_id for v in verdicts}, {"study"}):
        for name in group:
            members = _members(name, verdicts)
            printed += [str(len(members)), *(_field(field, members, name) for field in _COUNTS)]
    numbers = {number for part in printed for number in _numbers(part)}
    typed = _PLACE.sub(" ", text)
    return [token for token in _NUMBER.findall(typed) if not _numbers(token) <= numbers]


def _numbers(text: str) -> set[Decimal]:
    numbers = set()
    for token in _NUMBER.findall(text):
        try:
            numbers.add(Decimal(token.replace(",", "")).normalize())
        except InvalidOperation:  # "1,,2"
            continue
    return numbers
