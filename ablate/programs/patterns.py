"""What the patterns of a user find in the output of a command, and whether they took whole numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ablate.errors import UserError

_GOES_ON = re.compile(r"[.,][0-9]")
_EXPONENT = re.compile(r"[eE][-+]?[0-9]")
_THOUSANDS = re.compile(r"['_\u00a0\u2009\u202f][0-9]{3}(?![0-9])")
_BEGUN = re.compile(r"[0-9]\.?$|[0-9][eE][-+]?$")
_MINUS = re.compile(r"(?:^|[\s=:(\[,])[-\N{MINUS SIGN}]$")
_HEAD = re.compile(r"[-+\N{MINUS SIGN}.0-9eE]*$")
_SIGN = re.compile(r"\s*[%％﹪٪](?!\w)")


def from_pattern(text: str, patterns: Sequence[str]) -> dict[str, Any]:
    """Return what patterns find in the output: named groups, the last match of each; curves where one is `step`.

    Raises
    ------
    UserError
        A group begins or ends in the middle of a number.
    """
    metrics: dict[str, Any] = {}
    curves: dict[str, tuple[list[Any], list[Any]]] = {}
    for pattern in patterns:
        for match in re.finditer(pattern, text, re.MULTILINE):
            numbers = {name: read_cell(value) for name, value in match.groupdict().items() if value is not None}
            for name, value in numbers.items():
                if isinstance(value, float):
                    _check_whole(match, name, pattern)
                    if _SIGN.match(text, match.end(name)):
                        numbers[name] = f"{match[name]}%"
            step = numbers.pop("step", None)
            metrics |= numbers
            for name, value in numbers.items() if step is not None else ():
                steps, values = curves.setdefault(name, ([], []))
                steps.append(step)
                values.append(value)
    return {"metrics": metrics, "curves": curves}


def _check_whole(match: re.Match[str], name: str, pattern: str) -> None:
    """Refuse a group that took a part of a number: `9.5` of `9.5e-05`, `3` of `0.93`, `0.5` of `-0.5`."""
    begin, end = match.span(name)
    before, found, rest = match.string[max(0, begin - 20) : begin], match[name].strip(), match.string[end : end + 20]
    # `1,0.9` is a row of a table, so that a step may end there.
    ends = found.lstrip("+-").isdigit() and name != "step" and _GOES_ON.match(rest)
    ends = ends or (not re.search("[a-zA-Z]", found) and _EXPONENT.match(rest))
    ends = ends or (end == match.end() and _THOUSANDS.match(rest))
    begins = found[:1].isdigit() or found[:1] == "."
    # A pattern that has the minus in front of its group means to leave it out.
    negated = _MINUS.search(before) and not re.search(rf"[-\N{{MINUS SIGN}}]\(\?P<{name}>", pattern)
    begins = begins and bool(_BEGUN.search(before) or negated)
    if ends or begins:
        whole = _HEAD.findall(before)[0] + match[name] + rest[:1] + (rest[1:].split() or [""])[0]
        raise UserError(
            f"the pattern {pattern!r} {'ends' if ends else 'begins'} in the middle of a number: {name!r} is "
            f"{match[name]!r} of {whole!r}; expected one that takes the whole number"
        )


def read_cell(text: Any) -> Any:
    """Return a cell as a number, None where it is empty, else as the text it is."""
    text = text.strip() if isinstance(text, str) else text
    if not text:
        return None
    try:
        return float(text)
    except (TypeError, ValueError):
        return text
