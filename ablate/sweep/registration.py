"""What is fixed before the first judging run, as one canonical text with a hash; what changed of it since.

The text is the study as it will be judged: factors, design, baseline, seeds, looks, claims with δ and gates, forecasts,
everything but prose. YAML with sorted keys, so that the same study gives the same bytes.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import yaml
from pydantic import ValidationError

from ablate.claims.kinds import KINDS
from ablate.claims.parts import STORED
from ablate.sweep.study import Study

PROSE = (
    "title", "question", "background", "quotes", "figures", "not_concluded", "confounds", "zh", "labels", "quick",
    "uses",
)  # fmt: skip
"""Keys of a study that no verdict depends on; the code in `uses` is part of every run."""

CLAIM_PROSE = ("quote",)
"""The same of a claim."""

_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Changes:
    """How a study differs from what was registered.

    Attributes
    ----------
    diff
        Unified diff of the two texts, empty where nothing changed.
    post_hoc
        Claims whose verdict is not the registered one any more: those that were edited or added, those whose positive
        control was; all of them where the design changed, or where a claim was dropped (which leaves the rest a larger
        share of α).
    forecasts
        Forecasts were changed.
    delta
        The smallest difference that matters, before and now (0: none), where nothing else changed of a sweep that
        claims nothing and is compared level by level; else None.
    """

    diff: str = ""
    post_hoc: frozenset[str] = frozenset()
    forecasts: bool = False
    delta: tuple[float, float] | None = None


def definition(study: Study) -> dict[str, Any]:
    """Return what a study is judged by, JSON-ready, seeds and prose left out.

    What is empty is left out too: a key that a later version adds does not read as an edit.
    """
    data = study.model_dump(mode="json", exclude={*PROSE, "seeds"})
    data["claims"] = [
        {name: value for name, value in claim.items() if name not in CLAIM_PROSE and value not in _EMPTY}
        for claim in data["claims"]
    ]
    return {name: value for name, value in data.items() if value not in _EMPTY}


def canonical_text(what: Mapping[str, Any], seeds: Sequence[int]) -> str:
    """Return the canonical text.

    >>> print(canonical_text({"looks": [2, 4], "factors": {"norm": ["none", "batch"]}}, range(4)), end="")
    factors:
      norm: [none, batch]
    looks: [2, 4]
    seeds: [0, 1, 2, 3]
    """
    whole = {**what, "seeds": list(seeds)}
    return yaml.safe_dump(whole, sort_keys=True, allow_unicode=True, width=110, default_flow_style=None)


def registration_document(
    study: Study,
    seeds: Sequence[int],
    *,
    command: str,
    runs_before: int = 0,
    sentences: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the document that is kept: the text, its SHA-256, the time (UTC, now), and what was there already.

    Parameters
    ----------
    runs_before
        Finished runs of the study: where there are any, this comes too late to be a registration before the runs, and
        the report says so.
    sentences
        Sentence id -> hash of the rule by which the study's verdicts decide it (`sentences.hashes_for`). They stand in
        the text, so its hash covers them; they are not part of the definition, because no verdict depends on them.
    """
    what = definition(study)
    decides = {"sentences": dict(sentences)} if sentences else {}
    text = canonical_text({**what, **decides}, seeds)
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": text_hash(text),
        "text": text,
        "definition": what,
        "seeds": list(seeds),
        "command": command,
        "runs_before": runs_before,
        **decides,
    }


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text, hex."""
    return sha256(text.encode()).hexdigest()


def changes(registered: Mapping[str, Any], study: Study, *, idle: Collection[str] = ()) -> Changes:
    """Compare a study with what was registered; seeds are not part of it (more seeds are an extension).

    `idle`: keys that no run looked at. Fixing them otherwise is not a change: every run is what it would have been.
    """
    seeds = registered["seeds"]
    before, after = _as_now(registered["definition"], study), definition(study)
    for part in (before, after):
        if "fixed" in part:
            part["fixed"] = {key: value for key, value in part["fixed"].items() if key not in idle}
    if before == after:
        return Changes()
    lines = difflib.unified_diff(
        canonical_text(before, seeds).splitlines(),
        canonical_text(after, seeds).splitlines(),
        "registered",
        "now",
        lineterm="",
        n=2,
    )
    old, new = ({claim["id"]: claim for claim in part.get("claims", [])} for part in (before, after))
    rest = {*before, *after} - {"claims", "forecasts"}
    if any(before.get(key) != after.get(key) for key in rest) or old.keys() - new.keys():
        touched = set(new)
    else:
        touched = {name for name, claim in new.items() if old.get(name) != claim}
        touched |= {claim.id for claim in study.claims if _controls(claim) & touched}
    edited = before.get("forecasts") != after.get("forecasts")
    return Changes("\n".join(lines), frozenset(touched), edited, _delta(before, after))


def _delta(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return δ before and now where two definitions of exploratory claims differ in nothing else; see `Changes`."""
    plain, thresholds = [], []
    for part in (before, after):
        claims = part.get("claims", [])
        deltas = {claim.get("by_at_least", 0.0) for claim in claims}
        if len(deltas) != 1 or not all(KINDS[claim["kind"]].exploratory for claim in claims):
            return None
        thresholds.append(float(deltas.pop()))
        rest = [{name: value for name, value in claim.items() if name != "by_at_least"} for claim in claims]
        plain.append({**part, "claims": rest})
    return (thresholds[0], thresholds[1]) if plain[0] == plain[1] else None


def _controls(claim: Any) -> set[str]:
    return {gate.claim for gate in claim.gates if gate.kind == "positive_control"}


def _as_now(registered: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """Read what was registered with today's schema, so that a default added since is not an edit."""
    try:
        return definition(Study.model_validate({"title": study.title, **registered}, context=STORED))
    except ValidationError:
        return dict(registered)
