"""One claim after `each`: the arms it compares in every matched cell, and how levels are told apart and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ablate.claims.parts import Level, Levels
from ablate.levels import EXACT, NO_NAMES, Names, level_key, level_name, levels_text

if TYPE_CHECKING:
    from ablate.claims.contract import ClaimKind

Key = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Comparison:
    """One claim after `each`: two arms in every matched cell.

    Attributes
    ----------
    id
        The claim's id, with the levels of `each`: ``bn-faster[init.std=0.1]``.
    where
        Factor -> the levels it ranges over, `each` included.
    cells
        The levels of the other factors, one entry per matched cell; one empty entry where there are none.
    over
        Of a trend, an exchange rate or the width of a basin: the levels of the factor that varies, ascending.
    names
        How each level of the study is written, so that no two look alike.
    """

    id: str
    claim: ClaimKind
    where: dict[str, tuple[Level, ...]]
    cells: tuple[Levels, ...]
    over: tuple[Level, ...] = ()
    names: Names = field(default_factory=dict)

    def arms(self, cell: Levels) -> tuple[Levels, ...]:
        """Return the full levels of every side in one cell.

        (arm, against) for a comparison; for an interaction the same pair at `at`, then at `than_at`; for a trend the
        arm at every level of `over`; for an exchange rate and a basin that, then the same for `against`; else the arm
        alone.
        """
        return self.claim.arms_in(cell, self.over)


def arm_key(levels: Mapping[str, Level], factors: Collection[str]) -> Key:
    """Return a hashable key of an arm by which levels read back from a table equal those of the study file.

    1 and 1.0 are one level, None and NaN (how a table holds None) too; True and 1 are two.
    """
    return tuple((factor, level_key(levels.get(factor))) for factor in factors)


def arm_text(levels: Mapping[str, Level], names: Names = NO_NAMES, *, exact: bool = False) -> str:
    """Write levels the way the command line takes them, numbers to six significant digits.

    Parameters
    ----------
    names
        How the study's levels are told apart (`Comparison.names`).
    exact
        Keep every digit: for ids, which must stay apart.

    >>> arm_text({"norm": "batch", "init.std": 0.541169527})
    'norm=batch, init.std=0.54117'
    """
    if exact:
        return ", ".join(f"{factor}={level_name(level, EXACT)}" for factor, level in levels.items())
    return levels_text(levels, names)


def where_text(where: Mapping[str, Sequence[Level]], names: Names = NO_NAMES) -> str:
    """Write the levels a claim ranges over: ``init.std=0.1|1.0``."""
    told = {f: [names.get(f, {}).get(level) or level_name(level) for level in levels] for f, levels in where.items()}
    return ", ".join(f"{factor}={'|'.join(texts)}" for factor, texts in told.items())


def metrics_used(claim: ClaimKind, *, gates: bool = True) -> list[str]:
    """Return the metrics a claim and its gates read; `outcome`, which every run has, is none."""
    used = list(claim.metrics)
    return used + [gate.metric for gate in claim.gates if gate.kind == "manipulation_check"] if gates else used
