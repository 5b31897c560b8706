"""What a check is, and how two arrays are held against each other in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class Broken(AssertionError):
    """A contract is not kept; the message says where, in one line."""


@dataclass(frozen=True)
class Check:
    """One promise of a contract.

    Attributes
    ----------
    says
        What must be true, in words.
    run
        Raises where it is not.
    """

    says: str
    run: Callable[[], None]

    def __call__(self) -> None:
        """Run the check; NumPy's warnings do not fail it, what is not finite does."""
        with np.errstate(all="ignore"):
            self.run()

    def __str__(self) -> str:
        """Return what must be true."""
        return self.says


def require(truth: object, wrong: str) -> None:
    """Raise `Broken` unless something holds."""
    if not truth:
        raise Broken(wrong)


def close(
    got: ArrayLike, wanted: ArrayLike, what: str, *, rtol: float = 0.0, atol: float = 0.0, at: ArrayLike | None = None
) -> None:
    """Raise `Broken` unless two arrays agree; the message shows the worst entry, and `at` which input it is for."""
    one, other = np.broadcast_arrays(np.asarray(got, np.float64), np.asarray(wanted, np.float64))
    gap = np.abs(one - other) - rtol * np.abs(other)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    wrong = ~same & ~(gap <= atol)
    if not wrong.any():
        return
    worst = np.unravel_index(int(np.argmax(np.where(wrong, np.nan_to_num(gap, nan=np.inf), -np.inf))), one.shape)
    where = "" if at is None else f" at {np.broadcast_to(np.asarray(at), one.shape)[worst]:g}"
    raise Broken(f"{what}{where}: got {one[worst]:.9g}, expected {other[worst]:.9g}")


def generators(seed: int, blocks: int) -> list[np.random.Generator]:
    """Return a generator per block, the same ones every time."""
    return [np.random.default_rng([seed, block]) for block in range(blocks)]


def suite(*checks: tuple[str, Callable[..., None]], of: Any) -> list[Check]:
    """Return checks that are all about one thing."""
    return [Check(says, lambda run=run: run(of)) for says, run in checks]  # type: ignore[misc]


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, Broken) else f"{type(error).__name__}: {text}" if text else type(error).__name__


def failures(checks: Sequence[Check]) -> list[tuple[Check, str | None]]:
    """Run checks and return each with why it fails, or None. Whatever is raised fails the check."""
    results: list[tuple[Check, str | None]] = []
    for check in checks:
        try:
            check()
        except Exception as error:  # noqa: BLE001
            results.append((check, first_line(error)))
        else:
            results.append((check, None))
    return results
