"""Claims about a mean of differences say of which runs: of all, failed ones too, or of those that train."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import (
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from ablate.claims.contract import ClaimKind
from ablate.claims.parts import Population

LEFT_OUT = 0.2
"""Share of its pairs that a claim about runs that train may leave out, where it does not say."""


class MeanClaim(ClaimKind):
    """A claim about a mean over seeds of differences between arms.

    Attributes
    ----------
    population
        `all`: every run counts, a failed one as its metric says. `trained`: the effect among runs that train; pairs in
        which a run failed, stalled or is an outlier are left out, and their shares are told beside it.
    bounded
        With `population: all`: where some runs of an arm do not train and others do, the claim is decided only where
        the bound that holds for any distribution (see `claims.twoparts`) says what the usual test says.
    leaves_out_at_most
        Share of its pairs that may be left out, with `population: trained`; beyond it nothing is decided, for what is
        left out is chosen by how it came out.
    """

    in_parts: ClassVar[bool] = True

    population: Population = "all"
    bounded: bool = False
    leaves_out_at_most: float | None = Field(default=None, ge=0.0, lt=1.0)

    @model_validator(mode="before")
    @classmethod
    def _declared(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if data.get("population", "all") is None:  # as in every key, null is what is not given
            return {**data, "population": "all"}
        if data.get("population") == "trained":
            return {"leaves_out_at_most": LEFT_OUT, **data}
        return data

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """Leave out of JSON what was meant before there were the keys: what is stored and hashed stays what it was."""
        data: dict[str, Any] = handler(self)
        if info.mode != "json":
            return data
        usual = {name: MeanClaim.model_fields[name].default for name in ("population", "bounded", "leaves_out_at_most")}
        return {key: value for key, value in data.items() if key not in usual or value != usual[key]}

    @model_validator(mode="after")
    def _of_trained(self) -> Self:
        if self.leaves_out_at_most is not None and self.population != "trained":
            raise ValueError("given `leaves_out_at_most` together with `population: trained` alone")
        if self.bounded and self.population != "all":
            raise ValueError("given `bounded` together with `population: all` alone")
        return self

    def most_left_out(self) -> float | None:
        """Return `leaves_out_at_most`."""
        return self.leaves_out_at_most

    @property
    def speaks_of(self) -> Population:
        """The population."""
        return self.population

    @property
    def needs_bound(self) -> bool:
        """Where it asks for it."""
        return self.bounded

    def terms(self) -> dict[str, Any]:
        """What it states beside its population, which every verdict holds."""
        terms = super().terms()
        return {name: value for name, value in terms.items() if name not in MeanClaim.model_fields}
