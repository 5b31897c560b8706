"""The parts of a study from Python, as a study file would hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ablate.claims.parts import Strict
from ablate.errors import UserError, cut, must
from ablate.train.metric import Metric, by_name
from ablate.values import check_value


def check_named(key: str, value: Any, expected: str, *, values: bool = False) -> None:
    """Refuse what is not a mapping with texts as names; None stands for an empty one.

    Parameters
    ----------
    expected
        What it must do, for the error.
    values
        Whether what it holds must be what a study may hold: no NaN, say (`values.check_value`).

    Raises
    ------
    UserError
        It is not a mapping, a name is not a text, or a value is refused.
    """
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise must(key, expected, value)
    for name, held in value.items():
        if not isinstance(name, str):
            raise must(key, f"{expected}; the names are texts", name)
        try:
            check_value(plain(held) if values else None)
        except ValueError as error:
            raise UserError(f"`{key}.{name}`: {cut(str(error))}") from None


def declared(metrics: Iterable[Metric] | Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics as name -> what is declared of it; raises `UserError` for anything else."""
    if isinstance(metrics, Mapping):
        check_named("metrics", metrics, "be a mapping of names to what is known of them")
        return {str(name): plain(said) for name, said in metrics.items()}
    given: list[Any] = list(metrics) if isinstance(metrics, Iterable) else [None]
    if not all(isinstance(one, Metric) for one in given):
        raise must("metrics", 'be a list such as [ablate.Metric("accuracy", better="higher")]', metrics)
    return {name: one.as_dict() for name, one in by_name(given).items()}


def listed(claims: Iterable[Any]) -> list[Any]:
    """Return claims as mappings; raises `UserError` for anything but a list of them."""
    if isinstance(claims, Strict | Mapping | str):
        raise must("claims", "be a list of ablate.claim(…)", claims)
    return [plain(claim) for claim in claims]


def plain(value: Any) -> Any:
    """Return a part of a study as a study file would hold it: claims as mappings, NumPy's numbers as Python's."""
    if isinstance(value, Strict):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        return {**kind, **value.model_dump(exclude_unset=True)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value  # an array as a list, a scalar as a number
