"""The rule by which verdicts decide a reading of a sentence: a claim that must come out in a stated way, or a count.

A rule is one of four mappings::

    claim: STUDY/ID            # or one cell of it, STUDY/ID[factor=level,…]
    outcome: supported         # or refuted, or instead of it `sign: positive | negative`
    label: reversed            # of a refutation, where it has to be this one
    cells: all                 # or any, or 15 of 16: of a claim with a verdict per level of `each`

    all: [RULE, …]
    any: [RULE, …]
    {at_least: 6 of 11, of: [RULE, …]}

`sign` is that of every seed's value: in each seed the effect (of an exact claim, the metric) is on this side of 0.
`outcome: not_shown`, anything but supported, says what was shown and not what is so: it is for headlines alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ablate.errors import unknown

Sign = Literal["positive", "negative"]
VerdictOutcome = Literal["supported", "refuted", "not_shown"]
VerdictLabel = Literal[
    "reversed", "harmful", "negligible", "too small", "different", "counterexample", "inferior", "worse"
]

_FORMS = {
    "claim": ("claim", "outcome", "label", "sign", "cells"), "all": ("all",), "any": ("any",),
    "at_least": ("at_least", "of"),
}  # fmt: skip
_CLAIM = re.compile(r"(?P<study>[^/\s]+)/(?P<claim>\S.*)")
_COUNT = re.compile(r"(?P<n>\d+) of (?P<m>\d+)")


@dataclass(frozen=True)
class Decides:
    """One claim that has to come out in a stated way.

    Attributes
    ----------
    claim
        Its id in the study's file, or that of one verdict, with the levels of `each` in brackets.
    outcome, sign
        What it must be; one of the two is empty.
    label
        Of a refutation: what has to be shown instead; empty where any refutation will do.
    cells
        `all`, `any` or ``n of m`` of its verdicts; empty where it has one.
    """

    study: str
    claim: str
    outcome: VerdictOutcome | Literal[""] = ""
    sign: Sign | Literal[""] = ""
    label: VerdictLabel | Literal[""] = ""
    cells: str = ""

    @property
    def name(self) -> str:
        """``STUDY/CLAIM``, as the file writes it."""
        return f"{self.study}/{self.claim}"


@dataclass(frozen=True)
class Counts:
    """Some of several rules: at least `need` of them; `word` is `all`, `any` or ``n of m``."""

    word: str
    need: int
    rules: tuple[Rule, ...]


Rule = Decides | Counts


def read_rule(data: Any) -> Rule:
    """Read a rule from plain data.

    Raises
    ------
    ValueError
        It is none of the four forms, has a key that is unknown or missing, or a value that can never be met; with
        what was expected and the nearest name.
    """
    keys = list(data) if isinstance(data, Mapping) else []
    form = next((name for name in _FORMS if name in keys), None)
    if not keys:
        raise ValueError(f"a rule is a mapping with claim, all, any or at_least, got {data!r}")
    if form is None:
        raise ValueError(str(unknown("key of a rule", str(keys[0]), _FORMS)))
    for key in data:
        if key not in _FORMS[form]:
            raise ValueError(str(unknown(f"key of a rule by `{form}`", str(key), _FORMS[form])))
    return _decides(data) if form == "claim" else _counts(data, form)


def as_data(rule: Rule) -> dict[str, Any]:
    """Return the plain data of a rule: what is hashed.

    >>> as_data(read_rule({"any": [{"claim": "dropout/helps", "outcome": "refuted"}]}))
    {'any': [{'claim': 'dropout/helps', 'outcome': 'refuted'}]}
    """
    if isinstance(rule, Counts):
        rules = [as_data(one) for one in rule.rules]
        return {rule.word: rules} if rule.word in ("all", "any") else {"at_least": rule.word, "of": rules}
    whole = {"claim": rule.name, "outcome": rule.outcome, "sign": rule.sign, "label": rule.label, "cells": rule.cells}
    return {name: value for name, value in whole.items() if value}


def rule_text(rule: Rule) -> str:
    """Return a rule on one line, the same in every language.

    >>> rule_text(Decides("dropout", "half-helps", "refuted", cells="all"))
    'dropout/half-helps: refuted (all)'
    """
    if isinstance(rule, Counts):
        return f"{rule.word} of {{{'; '.join(rule_text(one) for one in rule.rules)}}}"
    must = rule.outcome or f"every seed {rule.sign}"
    label = f", {rule.label}" if rule.label else ""
    return f"{rule.name}: {must}{label}" + (f" ({rule.cells})" if rule.cells else "")


def leaves(rule: Rule) -> Iterator[Decides]:
    """Return the claims a rule names, in its order."""
    if isinstance(rule, Decides):
        yield rule
        return
    for one in rule.rules:
        yield from leaves(one)


def needed(count: str, of: int) -> int:
    """Return how many of `of` a count asks for; `of` is what stands in ``n of m``.

    >>> needed("all", 16), needed("any", 16), needed("15 of 16", 16)
    (16, 1, 15)
    """
    if match := _COUNT.fullmatch(count):
        return int(match["n"])
    return of if count == "all" else 1


def counted_of(count: str) -> int | None:
    """Return the m of ``n of m``; None for `all` and `any`."""
    match = _COUNT.fullmatch(count)
    return int(match["m"]) if match else None


def _decides(data: Mapping[str, Any]) -> Decides:
    name = data["claim"]
    match = _CLAIM.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise ValueError(f"`claim` must be STUDY/ID, as in batchnorm/faster, got {name!r}")
    given = {key: data[key] for key in ("outcome", "sign") if key in data}
    if len(given) != 1:
        both = "both" if given else "neither"
        raise ValueError(f"{name}: expected either `outcome` (supported, refuted) or `sign`, got {both}")
    _one_of("outcome", data, get_args(VerdictOutcome))
    _one_of("sign", data, get_args(Sign))
    _one_of("label", data, get_args(VerdictLabel))
    if "label" in data and data.get("outcome") != "refuted":
        raise ValueError(f"{name}: only a refutation has a label; expected `outcome: refuted` beside it")
    if "cells" in data:
        _check_count(f"{name}: cells", data["cells"])
    return Decides(
        match["study"], match["claim"], data.get("outcome", ""), data.get("sign", ""), data.get("label", ""),
        data.get("cells", ""),
    )  # fmt: skip


def _counts(data: Mapping[str, Any], form: str) -> Counts:
    given = data.get("of") if form == "at_least" else data[form]
    if not isinstance(given, list) or not given:
        raise ValueError(f"`{'of' if form == 'at_least' else form}` must be a list of rules, got {given!r}")
    rules = tuple(read_rule(one) for one in given)
    word = form
    if form == "at_least":
        word = data["at_least"]
        _check_count("at_least", word)
        if counted_of(word) != len(rules):
            raise ValueError(f"`at_least` must be a count of the {len(rules)} rules below it, got {word!r}")
    return Counts(word, needed(word, len(rules)), rules)


def _check_count(where: str, count: Any) -> None:
    """Refuse what no number of cells can meet, or any number would."""
    match = _COUNT.fullmatch(count) if isinstance(count, str) else None
    if match and 1 <= int(match["n"]) <= int(match["m"]):
        return
    words = ("all", "any") if where.endswith("cells") else ()
    if count not in words:
        expected = f"{', '.join(words)} or " if words else ""
        raise ValueError(f"`{where}` must be {expected}n of m with n from 1 to m, as in 15 of 16, got {count!r}")


def _one_of(key: str, data: Mapping[str, Any], choices: tuple[str, ...]) -> None:
    if key in data and data[key] not in choices:
        raise ValueError(str(unknown(key, str(data[key]), choices)))
