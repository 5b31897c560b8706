"""The same claim of runs that share no seeds: means of two groups, by Welch's t."""

from __future__ import annotations

from typing import Literal

from ablate.claims.kinds.noninferiority import NotWorseClaim
from ablate.claims.unpaired import UnpairedClaim


class NoninferiorityUnpairedClaim(NotWorseClaim, UnpairedClaim):
    """`arm` is not worse than `against` on `metric` by more than `margin`; see `UnpairedClaim` and `noninferiority`."""

    kind: Literal["noninferiority_unpaired"] = "noninferiority_unpaired"
