r"""Levels for many tests in a row, of which nobody knows how many there will be: the chance of even one error stays α.

Test k gets the level

    α_k = α γ_k + r_{k-1} α_{k-1},        Σ γ_k ≤ 1,

with r = 1 after a rejection: a test that rejects passes its level to the next (online fallback: Tian & Ramdas 2021,
*Online control of the familywise error rate*, Stat. Methods Med. Res. 30:976, the form of their package
onlineFDR; without the second term it is α-spending). For any dependence between the tests

    P(any true null rejected) ≤ Σ over true nulls of α_k, and ≤ α

holds strongly: levels that were handed on by true discoveries are spent at most once. Procedures that are called online
as well (LORD, SAFFRON, α-investing) keep a false discovery *rate*, or a ratio of expectations: after enough true
discoveries they allow false ones, which is not what "this edit stays" may rest on. e-values need no other rule here:
e ≥ 1/α_k is a p-value of at most α_k (Markov).

With a number of tests that is fixed beforehand γ_k = 1/n. Without, γ_k = k^{-1.6}/ζ(1.6), as there: later tests get
less, none gets nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ablate.errors import must

POWER = 1.6
ZETA = 2.2857657  # ζ(1.6), rounded up: the shares sum to less than 1


def share(number: int, *, tests: int | None = None) -> float:
    """Return γ_k of the test with a number, counted from 1; with `tests` there is nothing left after that many.

    >>> round(share(1), 4), round(share(100), 6), share(3, tests=100), share(101, tests=100)
    (0.4375, 0.000276, 0.01, 0.0)

    Raises
    ------
    UserError
        A number below 1.
    """
    if number < 1:
        raise must("number", "be at least 1", number)
    if tests is None:
        return float(number**-POWER / ZETA)
    if tests < 1:
        raise must("tests", "be at least 1", tests)
    return 1.0 / tests if number <= tests else 0.0


def next_level(rejected: Sequence[bool], *, alpha: float = 0.05, tests: int | None = None) -> float:
    """Return the level of the next test, after these.

    Parameters
    ----------
    rejected
        Of every test so far, in their order, whether it rejected.
    alpha
        Chance of even one false rejection among all tests, whatever they depend on.
    tests
        How many there will be, fixed beforehand; None: any number.

    Examples
    --------
    >>> next_level([], tests=100), next_level([False] * 7, tests=100), next_level([False, True], tests=100)
    (0.0005, 0.0005, 0.001)

    Raises
    ------
    UserError
        α does not lie between 0 and 1.
    """
    if not 0.0 < alpha < 1.0:
        raise must("alpha", "lie between 0 and 1", alpha)
    level = alpha * share(1, tests=tests)
    for number, hit in enumerate(rejected, start=2):
        handed_on = level if hit else 0.0
        level = alpha * share(number, tests=tests) + handed_on
    return level


def rejects(p: float, rejected: Sequence[bool], *, alpha: float = 0.05, tests: int | None = None) -> bool:
    """Return whether the next test, after these, rejects: its p is at most `next_level`, of which there is some left.

    A p that is the level but for rounding is at the level.

    >>> rejects(0.0005, [], tests=100), rejects(0.0006, [], tests=100), rejects(0.0, [False], tests=1)
    (True, False, False)

    Raises
    ------
    UserError
        As `next_level`.
    """
    level = next_level(rejected, alpha=alpha, tests=tests)
    return level > 0.0 and p <= level * (1.0 + 1e-12)
