"""A study's own words in another language: the `zh:` part of a study file. What is judged does not change by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ablate.claims.parts import Strict
from ablate.errors import UserError, unknown
from ablate.lang import msg, tr
from ablate.sweep.labels import Labels, check_labels

if TYPE_CHECKING:
    from ablate.sweep.study import Study

_LISTS = ("not_concluded", "confounds", "figures")
_TEXTS = ("title", "question", "background")
_MADE = (
    (re.compile(r"How (?P<arm>.+) compares with (?P<against>.+?) at (?P<where>.+)"),
     msg("How {arm} compares with {against} at {where}")),
    (re.compile(r"How (?P<arm>.+) compares with (?P<against>.+)"), msg("How {arm} compares with {against}")),
    (re.compile(r"(?P<name>.+): every level against the baseline"), msg("{name}: every level against the baseline")),
    (re.compile(r"(?P<arm>.+) is not worse than (?P<against>.+) by more than (?P<margin>[\d.e+-]+)"),
     msg("{arm} is not worse than {against} by more than {margin}")),
    (re.compile(r"(?P<arm>.+) is better than (?P<against>.+) by more than (?P<delta>[\d.e+-]+)"),
     msg("{arm} is better than {against} by more than {delta}")),
    (re.compile(r"(?P<name>.+), from (?P<tool>[A-Z]\S*)"), msg("{name}, from {tool}")),
    (re.compile(r"Ad-hoc sweep over (?P<over>.+)"), msg("Ad-hoc sweep over {over}")),
    (re.compile(r"(?P<name>.+): sweep over (?P<over>.+)"), msg("{name}: sweep over {over}")),
    (re.compile(r"Single arm"), msg("Single arm")),
    (re.compile(r"What changes with (?P<over>.+)\?"), msg("What changes with {over}?")),
    (re.compile(r"Noise floor of (?P<name>.+)"), msg("Noise floor of {name}")),
    (re.compile(r"How far apart are runs of the baseline that differ in their seeds only\?"),
     msg("How far apart are runs of the baseline that differ in their seeds only?")),
    (re.compile(r"Tuning of (?P<space>.+) for (?P<name>.+)"), msg("Tuning of {space} for {name}")),
    (re.compile(r"Which values give the best mean (?P<metric>.+) over the tuning seeds\? Judges no claim\."),
     msg("Which values give the best mean {metric} over the tuning seeds? Judges no claim.")),
)  # fmt: skip
"""What ablate makes itself of levels and names, where nobody stated a claim -> its message."""


def made_by_us(text: str) -> str:
    """Return a text of a study that ablate made, in the current language; empty for one that somebody wrote.

    >>> made_by_us("Does it help?")
    ''
    """
    name, colon, says = text.partition(": ")
    if colon and (inner := _of_form(says)):  # the name of runs, and what is compared in them
        said = tr("{name}: {says}", name=_of_form(name) or name, says=inner)
    else:
        said = _of_form(text) or tr(text)
    return said if said != text else ""


def _of_form(text: str) -> str | None:
    for form, message in _MADE:
        if match := form.fullmatch(text):
            parts = match.groupdict()
            if name := parts.get("name"):
                parts["name"] = _of_form(name) or name
            return tr(message, **parts)
    return None


class ClaimWords(Strict):
    """A claim's words."""

    says: str = ""
    why_delta: str = ""


class Words(Strict):
    """The words of a study.

    Attributes
    ----------
    not_concluded, confounds
        As many items as the study has, in its order.
    figures
        The titles of the study's own figures.
    claims
        Claim id -> its words.
    labels
        What factors, levels and metrics are called; those that are left out are called what `labels` of the study says.
    """

    title: str = ""
    question: str = ""
    background: str = ""
    not_concluded: list[str] = Field(default_factory=list)
    confounds: list[str] = Field(default_factory=list)
    figures: list[str] = Field(default_factory=list)
    claims: dict[str, ClaimWords] = Field(default_factory=dict)
    labels: Labels | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `labels` that are empty: what is stored is what it was before there was the key."""
        data: dict[str, Any] = handler(self)
        if not data.get("labels"):
            data.pop("labels", None)
        return data


def check_words(study: Study, *, where: str) -> None:
    """Refuse labels, and words in another language, for what the study does not have.

    Raises
    ------
    UserError
        A list that is longer or shorter than the study's, a claim the study does not know, or wrong labels.
    """
    if study.labels is not None:
        check_labels(study.labels, study, where=f"{where}: labels")
    if (words := study.zh) is None:
        return
    for name in _LISTS:
        given, count = len(getattr(words, name)), len(getattr(study, name))
        if given not in (0, count):
            raise UserError(f"{where}: zh: {name} must have {count} items as the study has, got {given}")
    for claim_id in words.claims:
        if claim_id not in [claim.id for claim in study.claims]:
            raise UserError(f"{where}: zh: {unknown('claim', claim_id, [claim.id for claim in study.claims])}")
    if words.labels is not None:
        check_labels(words.labels, study, where=f"{where}: zh: labels")


def translated(study: Study, words: Words | None) -> tuple[Study, list[str]]:
    """Return the study in other words, and what is left in its own: `claims.faster.says`.

    >>> from ablate.sweep.study import Study
    >>> made, left = translated(Study(title="Depth", question="Is it?"), Words(title="深度"))
    >>> made.title, left
    ('深度', ['question'])
    """
    words = words or Words()
    left: list[str] = []
    changes: dict[str, object] = {}
    for name in _TEXTS:
        if (text := getattr(words, name)) or (text := made_by_us(getattr(study, name))):
            changes[name] = text
        elif getattr(study, name):
            left.append(name)
    for name in ("not_concluded", "confounds"):
        items = getattr(words, name)
        if not items and getattr(study, name) and all(made := [made_by_us(text) for text in getattr(study, name)]):
            items = made
        if items and len(items) == len(getattr(study, name)):  # words of a later version of the file may not fit
            changes[name] = items
        elif getattr(study, name):
            left.append(name)
    if words.figures and len(words.figures) == len(study.figures):
        changes["figures"] = [
            figure.model_copy(update={"title": title})
            for figure, title in zip(study.figures, words.figures, strict=True)
        ]
    elif any(figure.title for figure in study.figures):
        left.append("figures")
    claims = []
    for claim in study.claims:
        claim_words = words.claims.get(claim.id, ClaimWords())
        if not claim_words.says and (says := made_by_us(claim.says)):
            claim_words = claim_words.model_copy(update={"says": says})
        update = {key: text for key in ("says", "why_delta") if (text := getattr(claim_words, key))}
        left += [
            f"claims.{claim.id}.{key}"
            for key in ("says", "why_delta")
            if getattr(claim, key) and not getattr(claim_words, key)
        ]
        claims.append(claim.model_copy(update=update))
    return study.model_copy(update={**changes, "claims": claims}), left
