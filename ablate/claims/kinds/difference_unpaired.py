"""The same comparison of runs that share no seeds: means of two groups, by Welch's t."""

from __future__ import annotations

from typing import Literal

from ablate.claims.kinds.difference import ExploratoryClaim
from ablate.claims.unpaired import UnpairedClaim


class DifferenceUnpairedClaim(UnpairedClaim, ExploratoryClaim):
    """How far `arm` is from `against` on `metric`, where runs of the two share nothing; see `UnpairedClaim`."""

    kind: Literal["difference_unpaired"] = "difference_unpaired"
