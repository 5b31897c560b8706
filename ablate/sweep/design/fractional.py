"""Two-level fractions for screening, and what they cannot tell apart."""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError
from ablate.sweep.design.parts import Fractional

MOST_FACTORS = 20  # 2^20 contrasts are looked at for the resolution
RESOLUTION = 4

Signs = NDArray[np.int8]  # (arms, factors): -1 the baseline's level, +1 the other


@dataclass(frozen=True)
class Fraction:
    """A fraction of a two-level factorial.

    Attributes
    ----------
    signs
        int8 (arms, factors): -1 for the baseline's level, +1 for the other.
    resolution
        Length of the shortest word of the defining relation; None for a full factorial, in which nothing is aliased.
    aliasing
        Effects of one or two factors that the arms cannot tell apart, as ``d = a x b``; ``-`` where with opposite sign.
    """

    signs: Signs
    resolution: int | None
    aliasing: tuple[str, ...]


def fraction(part: Fractional, factors: Sequence[str]) -> Fraction:
    """Build a fraction for the named factors.

    By resolution, signs are chosen so that the arm with every factor at the baseline's level is part of it; with
    generators they are as written.

    Raises
    ------
    UserError
        There is no such fraction, or the generators do not fit the factors.
    """
    if not 2 <= len(factors) <= MOST_FACTORS:
        raise UserError(f"design: a fractional design takes 2 to {MOST_FACTORS} two-level factors, got {len(factors)}")
    if part.generators is not None:
        signs = _generated(part.generators, factors)
    else:
        signs = _by_resolution(len(factors), part.resolution or RESOLUTION)
        signs *= -signs[0]
    return Fraction(signs, resolution_of(signs), aliases(signs, factors))


def _generated(generators: str, factors: Sequence[str]) -> Signs:
    from pyDOE3 import fracfact

    words = generators.lower().split()
    if len(words) != len(factors):
        raise UserError(
            f"design: `generators` must hold one word per factor ({', '.join(factors)}), "
            f"got {len(words)} for {len(factors)}: {generators!r}"
        )
    base = [word for word in words if len(word.lstrip("+-")) == 1]
    letters = "".join(chr(ord("a") + i) for i in range(len(base)))
    plain = [word.lstrip("+-") for word in words]
    if [word.lstrip("+-") for word in base] != list(letters) or any(
        not re.fullmatch(f"[{letters or 'a'}]+", word) or len(set(word)) < len(word) for word in plain
    ):
        raise UserError(
            f"design: `generators` must name base factors a, b, c … in order and words made of them, such as "
            f"'a b c abc', got {generators!r}"
        )
    return np.asarray(fracfact(" ".join(words)), dtype=np.int8)


def _by_resolution(count: int, resolution: int) -> Signs:
    from pyDOE3 import fracfact

    # The fewest arms that have the resolution, and of these fractions the one with the highest.
    wanted = range(max(resolution, 6), resolution - 1, -1)
    words = next((w for base in range(2, count) for better in wanted if (w := _words(base, count, better))), None)
    if words is None:
        raise UserError(
            f"design: no smaller fraction of {count} two-level factors has resolution {resolution}; "
            "ask for a lower one, or for the full design"
        )
    letters = ["".join(chr(ord("a") + i) for i in range(word.bit_length()) if word >> i & 1) for word in words]
    return np.asarray(fracfact(" ".join(letters)), dtype=np.int8)


def _words(base: int, count: int, resolution: int) -> list[int] | None:
    """Return generators for `count` factors from `base` of them, as sets of bits; None where they do not suffice.

    Greedy, short words first: a word is taken if no fewer than `resolution` columns, it among them, multiply to a
    constant. pyDOE3's own `fracfact_by_res` leaves the longest word out (no half fraction of three factors), and from
    resolution 5 on it returns less than it was asked for (abcd and abce differ in two letters only).
    """
    words = [1 << i for i in range(base)]
    rest = sorted(set(range(1, 2**base)) - set(words), key=lambda word: (word.bit_count(), word))
    sums = _sums(words, resolution - 2)
    for word in rest:
        if len(words) == count:
            break
        if word not in sums:
            words.append(word)
            sums = _sums(words, resolution - 2)
    return words if len(words) == count else None


def _sums(words: list[int], most: int) -> set[int]:
    sums = {0}
    for size in range(1, most + 1):
        sums |= {functools.reduce(operator.xor, chosen) for chosen in itertools.combinations(words, size)}
    return sums


def resolution_of(signs: Signs) -> int | None:
    """Return the length of the shortest product of columns that is constant; None where there is none.

    >>> resolution_of(np.array([[-1, -1, 1], [-1, 1, -1], [1, -1, -1], [1, 1, 1]], dtype=np.int8))
    3
    """
    arms, count = signs.shape
    if arms >= 2**count:
        return None
    for size in range(1, count + 1):
        for chosen in itertools.combinations(range(count), size):
            if abs(int(signs[:, chosen].prod(axis=1).sum())) == arms:
                return size
    return None


def aliases(signs: Signs, factors: Sequence[str]) -> tuple[str, ...]:
    """Return the sets of main effects and two-factor interactions that the arms cannot tell apart.

    pyDOE3's own listing misses effects aliased with opposite sign, and names columns by letters.

    >>> aliases(np.array([[-1, -1, -1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]], dtype=np.int8), ["a", "b", "c"])
    ('a = -b x c', 'b = -a x c', 'c = -a x b')
    """
    groups: dict[bytes, list[str]] = {}
    for size in (1, 2):
        for chosen in itertools.combinations(range(len(factors)), size):
            contrast = signs[:, chosen].prod(axis=1).astype(np.int8)
            name = " x ".join(factors[i] for i in chosen)
            # A contrast and its opposite are one group, told apart by the sign of the first arm.
            positive = contrast * contrast[0]
            groups.setdefault(positive.tobytes(), []).append(name if contrast[0] > 0 else f"-{name}")
    return tuple(_relation(names) for names in groups.values() if len(names) > 1)


def _relation(names: list[str]) -> str:
    if names[0].startswith("-"):
        names = [name[1:] if name.startswith("-") else f"-{name}" for name in names]
    return " = ".join(names)
