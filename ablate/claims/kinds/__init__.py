"""The kinds of claims, one file each: adding a file here adds a kind.

Every kind states a region for one number, its effect: `supported` if the interval lies inside the region, `refuted` if
it lies entirely outside, `inconclusive` otherwise. The region is fixed beforehand by δ or by bounds.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Discriminator, Tag

from ablate.claims.contract import ClaimKind


def _kinds() -> dict[str, type[ClaimKind]]:
    """Return the kind that each module of this folder defines, by its name in a study file."""
    kinds: dict[str, type[ClaimKind]] = {}
    for module in pkgutil.iter_modules(__path__):
        for kind in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(kind, type) and issubclass(kind, ClaimKind):
                name = kind.model_fields["kind"].default
                if name == module.name:
                    kinds[name] = kind
    return kinds


KINDS: dict[str, type[ClaimKind]] = _kinds()
"""Name in a study file -> kind."""


def _kind(value: Any) -> Any:
    return value.get("kind", "effect") if isinstance(value, dict) else getattr(value, "kind", None)


if TYPE_CHECKING:
    Claim = ClaimKind
else:
    Claim = Annotated[
        Union[tuple(Annotated[kind, Tag(name)] for name, kind in KINDS.items())],  # noqa: UP007
        Discriminator(_kind),
    ]
