"""Levels of factors as a reader meets them: short, still true, and told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ablate.levels import Level, expanded, level_name, level_names, restored
from ablate.report.wording import significant

_COMMA = re.compile(r",(?!\s*[\d.]+\s*[,\]])")  # not between the numbers of a list
_LIST = re.compile(r"(?<=[=|])\[[\d.,\s]*\]")
_NUMBER = re.compile(r"(?<==)\d+\.\d+(?:e[+-]?\d+)?(?=\]?$)")
_REAL = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?")
_REALS = re.compile(rf"(?<==)(?:[\w.+-]+\|)*{_REAL.pattern}(?:\|[\w.+-]+)*(?![\w.]*\w)")
_TYPED = 4  # significant digits that a person types: a number with no more of them is shown as it is


def short_levels(levels: Sequence[Level]) -> dict[Level, str]:
    """Return a short text for each level of a factor, short but still true and still distinct.

    Log-spaced levels such as 10**-2.2 are printed as 0.0063: two digits where that is within 1 % (below 1, within 1 %
    of the distance to 1 as well). What a person typed, a number of at most four digits, stays what it is.

    >>> short_levels([10**-2.2, 0.125, "batch", None])
    {0.00630957344480193: '0.0063', 0.125: '0.125', 'batch': 'batch', None: 'null'}
    >>> list(short_levels([0.9, 0.99, 0.999, 0.99999, 0.00119]).values())
    ['0.9', '0.99', '0.999', '0.99999', '0.00119']

    A list of equal numbers is printed as one and how often.

    >>> list(short_levels(["[64]", "[64,64,64]", "[64,32,64]"]).values())
    ['[64]', '[64 ×3]', '[64,32,64]']
    """
    texts = {level: _level(level) for level in levels}
    if len(set(texts.values())) < len(texts):
        texts = level_names(levels)
    return texts


def shortened(text: str) -> str:
    """Shorten the numbers in a text such as a claim's cell, as `short_levels` does.

    >>> shortened("init.std=0.5411695265464637,norm=batch")
    'init.std=0.54, norm=batch'

    >>> shortened("at-depth[model.hidden=[100, 100, 100], norm=none]")
    'at-depth[model.hidden=[100 ×3], norm=none]'
    """
    parts = [short_lists(part.strip()) for part in _COMMA.split(text)]
    return ", ".join(_NUMBER.sub(lambda m: _level(float(m[0])), part) for part in parts)


def short_lists(text: str) -> str:
    """Write the levels in a sentence as tables and figures do: lists of numbers and real numbers shorter.

    >>> short_lists("relu beats identity at model.hidden=[64]|[64,64,64], over 2 cells")
    'relu beats identity at model.hidden=[64]|[64 ×3], over 2 cells'
    >>> short_lists("norm=batch is better at init.std=1.0|0.00630957 (δ = 1.0; tag=1.0.3, v=1.0b)")
    'norm=batch is better at init.std=1|0.0063 (δ = 1.0; tag=1.0.3, v=1.0b)'

    Levels that would look alike stay as they are.

    >>> short_lists("at init.std=0.541169|0.541172")
    'at init.std=0.541169|0.541172'
    """
    return _REALS.sub(_short_reals, _LIST.sub(lambda match: _level(match[0]), text))


def _short_reals(match: re.Match[str]) -> str:
    texts = match[0].split("|")
    short = [_level(float(one)) if _REAL.fullmatch(one) else one for one in texts]
    return "|".join(short if len(set(short)) == len(set(texts)) else texts)


def level_title(factor: str, text: str) -> str:
    """Return a factor at a level, under the name that it has everywhere else.

    >>> level_title("init.std", "0.01")
    'init.std = 0.01'
    """
    return f"{factor} = {text}"


def level_titles(texts: Mapping[str, str]) -> list[str]:
    """Return a title for each of several factors at a level, short enough to stand side by side: without their groups.

    A factor alone keeps its name, and so do two that end alike.

    >>> level_titles({"init.std": "0.01", "norm": "batch"}), level_titles({"init.std": "0.01"})
    (['std = 0.01', 'norm = batch'], ['init.std = 0.01'])
    """
    ends = Counter(factor.rsplit(".", 1)[-1] for factor in texts)
    short = {factor: factor.rsplit(".", 1)[-1] for factor in texts}
    names = {f: end if len(texts) > 1 and ends[end] == 1 else f for f, end in short.items()}
    return [level_title(names[factor], text) for factor, text in texts.items()]


def _level(level: Level) -> str:
    if level is None or isinstance(level, bool):
        return level_name(level)  # `none`, `on` and `off` are texts
    if isinstance(level, float):
        size = abs(level)
        room = 0.01 * (min(size, 1 - size) if 0.9 < size < 1 else size)  # a momentum of 0.99999 is not 1
        for digits in range(2, 17):
            text = significant(size, digits)
            short = abs(float(text) - size) <= room and float(f"{size:.{_TYPED}g}") != size
            if short or float(text) == size:
                return ("−" if level < 0 else "") + (text.rstrip("0").rstrip(".") if "." in text else text)
    parsed = expanded(restored(level))
    if not isinstance(parsed, list) or not all(isinstance(number, int | float) for number in parsed):
        return str(level)
    numbers = [number.strip() for number in str(level)[1:-1].split(",")]
    alike = len(numbers) > 2 and len(set(numbers)) == 1
    return f"[{numbers[0]} ×{len(numbers)}]" if alike else f"[{','.join(numbers)}]"
