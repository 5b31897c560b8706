"""A claim from Python, with the keys that it has in a study file."""

from __future__ import annotations

from typing import Any

from ablate.sweep.study import Claim
from ablate.sweep.study_file import parse_study


def claim(id: str, says: str, *, kind: str = "effect", **keys: Any) -> Claim:  # noqa: A002  # the key's own name
    """Return a claim, checked; every kind and key of docs/study-files.md, by the same name.

    Parameters
    ----------
    id
        Lower-case letters, digits and hyphens: its name in tables.
    says
        The claim in words.
    kind
        `effect` (`arm` beats `against` on `metric` by more than `by_at_least`), or any other kind of a study file:
        `equivalence`, `interaction`, `trend`, `time_to_target`, …
    keys
        The keys of its kind: `metric`, `arm`, `against`, `by_at_least`, `within`, `where`, `each`, …

    Raises
    ------
    UserError
        The kind, a key or a value is not known: what was expected, what was got, and the nearest valid name.

    Examples
    --------
    >>> claim("helps", "Dropout helps", metric="accuracy", arm={"p": 0.5}, against={"p": 0.0}, by_at_least=0.005).delta
    0.005
    """
    data = {"title": str(id), "claims": [{"id": id, "says": says, "kind": kind, **keys}]}
    return parse_study(data, where=f"claim({id!r})").claims[0]
