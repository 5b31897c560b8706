"""What the kinds of claims that are read off a curve over a numeric factor have in common."""

from __future__ import annotations

from typing import ClassVar

from ablate.claims.contract import ClaimKind, Factors, Pairs
from ablate.claims.parts import Level, Levels
from ablate.errors import UserError, unknown


class OverClaim(ClaimKind):
    """A kind read off a curve: `over` names the factor that varies, whose levels are sides of the claim, not cells."""

    sides: ClassVar[int] = 0

    over: str

    @property
    def over_is_logged(self) -> bool:
        """Whether its levels are logged, and so must be > 0."""
        return True

    @property
    def own_factors(self) -> tuple[str, ...]:
        """The sides' factors and the one that varies."""
        return (*self.arm, self.over)

    def arms_in(self, cell: Levels, over: tuple[Level, ...]) -> tuple[Levels, ...]:
        """Return the arm at every level of `over`, then the same of the other side."""
        sides = ({**cell, **self.arm}, {**cell, **self.against}) if self.against else ({**cell, **self.arm},)
        return tuple({**side, self.over: level} for side in sides for level in over)

    def check_sides(self, factors: Factors) -> None:
        """Refuse an `over` that is not a numeric factor too."""
        if self.over not in factors:
            raise UserError(f"claim {self.id}, `over`: {unknown('factor', self.over, factors)}")
        levels = self.over_levels(factors)
        numbers = [level for level in levels if isinstance(level, int | float) and not isinstance(level, bool)]
        if len(numbers) < len(levels) or len(levels) < 2:
            raise UserError(f"claim {self.id}, `over`: {self.over} must have at least two numeric levels.")
        if self.over_is_logged and min(numbers) <= 0:
            raise UserError(f"claim {self.id}, `over`: the levels of {self.over} are logged, so they must be > 0.")

    def restricts(self, factor: str) -> bool:
        """`where` may choose among the levels of `over`."""
        return factor == self.over

    def over_levels(self, factors: Factors) -> tuple[Level, ...]:
        """Return the levels of `over` in the cells of the claim, ascending."""
        levels = self.where.get(self.over, factors[self.over])
        return tuple(sorted(levels, key=lambda level: float(level) if isinstance(level, int | float) else 0.0))

    def pairs(self, sides: int, over: int) -> list[Pairs]:
        """Every level with the first one of its side; and each level of one side with that of the other."""
        along = [(first, first + i) for first in range(0, sides, over) for i in range(1, over)]
        return [along, [(i, over + i) for i in range(over)]] if self.against else [along]
