"""What a study calls its factors, levels and metrics where people read: the `labels:` part of a study file.

Labels stand on axes, in tables and in sentences. What is judged, kept, typed and registered has the study's own keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from ablate.claims.parts import Strict
from ablate.errors import UserError, cut, unknown
from ablate.levels import level_name, stored

if TYPE_CHECKING:
    from ablate.sweep.study import Study

MOST_LETTERS = 60
"""Letters of a label; more leave no room on an axis."""

OWN_WORDS = ("fairness",)
"""Factors that ablate adds and has words for, in every language."""


def _label(text: str) -> str:
    """Refuse a label that would read as something else where it stands as ``factor=level``, or as ``claim[…]``."""
    if len(text) > MOST_LETTERS:
        raise ValueError(f"at most {MOST_LETTERS} letters")
    if level_name(text) != text or any(mark in text for mark in "[]{};"):
        raise ValueError('one line of words, not a number, true, false or null, and without any of = , ; | [ ] { } "')
    return text


Label = Annotated[str, AfterValidator(_label)]


class Labels(Strict):
    """What things are called.

    Attributes
    ----------
    factors
        Factor, or setting that is tuned -> its label.
    levels
        Factor -> level, as it is written -> its label. Numbers have none, for axes show them to scale.
    metrics
        Metric -> its label.
    """

    factors: dict[str, Label] = Field(default_factory=dict)
    levels: dict[str, dict[str, Label]] = Field(default_factory=dict)
    metrics: dict[str, Label] = Field(default_factory=dict)

    def over(self, other: Labels | None) -> Labels:
        """Return these labels, and those of `other` where there are none here."""
        if other is None:
            return self
        factors = {*self.levels, *other.levels}
        return Labels.model_construct(
            factors={**other.factors, **self.factors},
            levels={name: {**other.levels.get(name, {}), **self.levels.get(name, {})} for name in factors},
            metrics={**other.metrics, **self.metrics},
        )


def labelled_levels(levels: Iterable[Any]) -> dict[str, Any]:
    """Return the levels that may have a label, by how they are written: all but numbers.

    >>> labelled_levels(["none", True, None, 0.5])
    {'none': 'none', 'true': True, 'null': None}
    """
    named = {level_name(stored(level)): level for level in levels}
    return {text: level for text, level in named.items() if isinstance(level, bool | str) or level is None}


def check_labels(labels: Labels, study: Study, *, where: str) -> None:
    """Refuse labels of what the study does not have, and two things that would be called the same.

    Metrics are not looked up: which there are is known when the runs are in.

    Raises
    ------
    UserError
        A factor or level that the study does not know, with the nearest it knows; a level that is a number; a label
        that two factors, two levels of a factor or two metrics have, or that is the name of another one.
    """
    keys = [*study.factors, *(study.tune.all_keys if study.tune is not None else ())]
    allowed = [key for key in dict.fromkeys(keys) if key not in OWN_WORDS]
    for factor in labels.factors:
        if factor in OWN_WORDS:
            raise UserError(f"{where}: factors: {factor} is a factor of ablate's, which has its words already")
        if factor not in allowed:
            raise UserError(f"{where}: factors: {unknown('factor or tuned setting', factor, allowed)}")
    _check_apart(labels.factors, [*allowed, *study.fixed, *study.metrics], f"{where}: factors")
    for factor, told in labels.levels.items():
        place = f"{where}: levels"
        if factor not in study.factors or factor in OWN_WORDS:
            raise UserError(f"{place}: {unknown('factor', factor, [key for key in study.factors if key in allowed])}")
        names = labelled_levels(study.factors[factor])
        every = [level_name(stored(level)) for level in study.factors[factor]]
        for level in told:
            if level in every and level not in names:
                raise UserError(f"{place}: {factor}: {level} is a number, which axes show to scale; label the factor")
            if level not in names:
                raise UserError(f"{place}: {unknown(f'level of {factor}', level, names)}")
        _check_apart(told, every, f"{place}: {factor}")
    metrics = [*labels.metrics, *study.metrics, *(claim.metric for claim in study.claims)]
    _check_apart(labels.metrics, metrics, f"{where}: metrics")


def _check_apart(told: Mapping[str, str], names: Iterable[str], where: str) -> None:
    seen: dict[str, str] = {}
    others = set(names)
    for name, label in told.items():
        if label in seen:
            raise UserError(f"{where}: {seen[label]} and {name} have the same label, {cut(repr(label))}")
        if label != name and label in others:
            raise UserError(f"{where}: {name} has the label {cut(repr(label))}, which is the name of another one")
        seen[label] = name


def kept_labels(labels: Mapping[str, Any], factors: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    """Return labels as plain data, without those of levels that a study with fewer levels leaves out.

    >>> kept_labels({"levels": {"norm": {"none": "without", "batch": "with"}}}, {"norm": ["batch"]})
    {'levels': {'norm': {'batch': 'with'}}}
    """
    levels = {
        factor: {text: label for text, label in told.items() if text in labelled_levels(factors.get(factor, ()))}
        for factor, told in (labels.get("levels") or {}).items()
    }
    return {**labels, "levels": levels}
