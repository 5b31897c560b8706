"""The quick budget of a study: its `quick:` part laid over the rest, under a name of its own.

`fixed` and `baseline` are merged key by key; `factors` keeps the levels it names; `claims` changes or drops (null)
claims by id; every other key replaces what the study says. What claims range over shrinks with the levels. Where a
claim would change its meaning by that, it is an error: a quick run answers the same claims with less, or says so.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ablate.errors import UserError, cut, unknown
from ablate.levels import among, compact, level_name, level_names
from ablate.sweep.labels import kept_labels

SUFFIX = "-quick"

# What a budget is not made of: words, quotes, and forecasts, which are scored by the verdict of record only.
_NOT_A_BUDGET = frozenset(
    {
        "title",
        "question",
        "background",
        "quotes",
        "forecasts",
        "not_concluded",
        "confounds",
        "quick",
        "budget",
        "zh",
        "labels",
        "uses",
    }
)
_SIDES = ("arm", "against", "at", "than_at")


def quick_name(name: str) -> str:
    """Return the name a quick run is tracked under, so that it never mixes with the default budget.

    >>> quick_name("batchnorm")
    'batchnorm-quick'
    """
    return name if name.endswith(SUFFIX) else name + SUFFIX


def merged(data: Mapping[str, Any], *, fields: list[str], where: str) -> dict[str, Any]:
    """Lay the `quick` part of a study over the rest.

    Parameters
    ----------
    data
        A study as plain data, its levels typed as `Study` types them.
    fields
        The keys a study knows.
    where
        Names the source in errors.

    Returns
    -------
    dict
        The study of the quick budget as plain data, to be parsed as any other.

    Raises
    ------
    UserError
        The study has no quick budget; a key, factor, level or claim it does not know (with the nearest name); a claim
        left without anything to be judged by.
    """
    quick = data.get("quick")
    if quick is None:
        raise UserError(f"{where}: this study has no `quick` budget; give it one, as in `quick: {{seeds: 3}}`")
    if not isinstance(quick, Mapping):
        raise UserError(f"{where}: `quick` must be a mapping such as {{seeds: 3}}, got {quick!r}")
    where = f"{where}: quick"
    allowed = [name for name in fields if name not in _NOT_A_BUDGET]
    for key in quick:
        if key not in allowed:
            raise UserError(f"{where}: {unknown('key', str(key), allowed)}")
    made = {k: copy.deepcopy(v) for k, v in data.items() if k != "quick"}
    for key, value in quick.items():
        if key in ("factors", "claims"):
            continue
        if key == "fairness":
            made.get("factors", {}).pop("fairness", None)  # what `both` added; it is added again if asked for
        both = isinstance(value, Mapping) and isinstance(made.get(key), Mapping)
        made[key] = {**made[key], **value} if both else copy.deepcopy(value)
    dropped = _shrink_factors(made, _mapping(quick.get("factors"), where, "factors"), where)
    _shrink_spaces(made, dropped)
    _change_claims(made, _mapping(quick.get("claims"), where, "claims"), where)
    for claim in made.get("claims", []):
        _shrink_claim(claim, dropped, _mapping(quick.get("claims"), where, "claims").get(claim["id"]), where)
    if made.get("zh") and "figures" in quick:
        made["zh"]["figures"] = []
    for part in (made, made.get("zh") or {}):
        if part.get("labels"):
            part["labels"] = kept_labels(part["labels"], made.get("factors", {}))
    made |= {"forecasts": {}, "budget": "quick"}
    if "looks" not in quick:
        made["looks"] = []  # looks are counted in the seeds of the default budget
    return made


def _mapping(value: Any, where: str, key: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UserError(f"{where}: `{key}` must be a mapping, got {value!r}")
    return dict(value)


def _shrink_factors(made: dict[str, Any], wanted: dict[str, Any], where: str) -> dict[str, list[Any]]:
    """Keep the named levels, in the study's order; return factor -> levels left out."""
    factors, dropped = made.get("factors", {}), {}
    for factor, given in wanted.items():
        if factor not in factors:
            raise UserError(f"{where}: factors: {unknown('factor', factor, factors)}")
        levels = [compact(level) for level in (given if isinstance(given, list) else [given])]
        for level in levels:
            if not among(level, factors[factor]):
                error = unknown(f"level of {factor}", level_name(level), level_names(factors[factor]).values())
                raise UserError(f"{where}: factors: {error} (a quick budget leaves levels out, it adds none)")
        if not levels:
            raise UserError(f"{where}: factors: {factor} is left without a level")
        dropped[factor] = [level for level in factors[factor] if not among(level, levels)]
        factors[factor] = [level for level in factors[factor] if among(level, levels)]
    return {factor: levels for factor, levels in dropped.items() if levels}


def _shrink_spaces(made: dict[str, Any], dropped: Mapping[str, list[Any]]) -> None:
    """Leave out of `tune.spaces` the levels that are left out, and an entry about none that is left."""
    tune = made.get("tune")
    if not isinstance(tune, Mapping) or not isinstance(tune.get("spaces"), list):
        return
    kept = []
    for space in tune["spaces"]:
        where = {}
        for factor, given in space["where"].items():
            levels = [compact(level) for level in (given if isinstance(given, list) else [given])]
            where[factor] = [level for level in levels if not among(level, dropped.get(factor, []))]
        if all(where.values()):
            kept.append({**space, "where": where})
    made["tune"] = {**tune, "spaces": kept}


def _change_claims(made: dict[str, Any], changes: dict[str, Any], where: str) -> None:
    ids = [claim["id"] for claim in made.get("claims", [])]
    for claim_id, change in changes.items():
        if claim_id not in ids:
            raise UserError(f"{where}: claims: {unknown('claim', str(claim_id), ids)}")
        if change is not None and not isinstance(change, Mapping):
            raise UserError(
                f"{where}: claims: {claim_id} must be null (left out) or a mapping, got {cut(repr(change))}"
            )
    gone = {claim_id for claim_id, change in changes.items() if change is None}
    made["claims"] = [
        {**claim, **(changes.get(claim["id"]) or {})} for claim in made.get("claims", []) if claim["id"] not in gone
    ]
    for claim in made["claims"]:
        for gate in claim.get("gates", []):
            if gate.get("claim") in gone:
                raise UserError(
                    f"{where}: claims: {gate['claim']} is the positive control of {claim['id']}; keep it, or leave "
                    "both out"
                )
    for quote in made.get("quotes", []):
        quote["claims"] = [claim_id for claim_id in quote.get("claims", []) if claim_id not in gone]
    drawn = [figure.get("claim") not in gone for figure in made.get("figures", [])]
    titles = (made.get("zh") or {}).get("figures", [])
    if len(titles) == len(drawn) and not all(drawn):
        made["zh"]["figures"] = [title for title, kept in zip(titles, drawn, strict=True) if kept]
    made["figures"] = [figure for figure, kept in zip(made.get("figures", []), drawn, strict=True) if kept]
    if made.get("zh"):
        made["zh"]["claims"] = {k: v for k, v in made["zh"].get("claims", {}).items() if k not in gone}


def _shrink_claim(claim: dict[str, Any], dropped: Mapping[str, list[Any]], change: Any, where: str) -> None:
    claim_id = claim["id"]
    for side in _SIDES:
        for factor, level in (claim.get(side) or {}).items():
            if among(compact(level), dropped.get(factor, [])):
                told = f"{factor}={level_name(level)}"
                raise UserError(
                    f"{where}: claim {claim_id} compares {told}, which `factors` leaves out; keep the level, or leave "
                    f"the claim out: `claims: {{{claim_id}: null}}`"
                )
    for holder in (claim, *claim.get("gates", [])):
        for factor, given in (holder.get("where") or {}).items():
            levels = [compact(level) for level in (given if isinstance(given, list) else [given])]
            kept = [level for level in levels if not among(level, dropped.get(factor, []))]
            if not kept:
                raise UserError(
                    f"{where}: claim {claim_id} is about {factor}={'|'.join(map(level_name, levels))}, which `factors` "
                    f"leaves out; keep a level, or leave the claim out: `claims: {{{claim_id}: null}}`"
                )
            holder["where"][factor] = kept
    ranges = {factor for factor in dropped if not any(factor in (claim.get(side) or {}) for side in _SIDES)}
    counted = claim.get("kind") == "proportion" and claim.get("of") == "cells"
    if counted and ranges and "at_least" not in (change or {}):
        raise UserError(
            f"{where}: claim {claim_id} counts cells and {', '.join(sorted(ranges))} has fewer levels now: say "
            f"how many of those that are left, `claims: {{{claim_id}: {{at_least: …}}}}`"
        )
