"""Placeholders in the arguments of a command: `--lr {lr}`, `{amp?--amp}`; `{{` and `}}` are braces."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ablate.errors import UserError, unknown

OWN = ("seed", "out", "slot")
"""What ablate fills in itself: the number of the replicate, a fresh folder of the run, a slot of the pool."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_FLAG = re.compile(r"\{([^{}?]+)\?([^{}]*)\}")


def placeholders(text: str) -> Iterator[str]:
    """Yield the names in a text.

    >>> list(placeholders("--lr={lr} {{x}} {amp?--amp}"))
    ['lr', 'amp']

    Raises
    ------
    UserError
        A brace stands by itself.
    """
    for match in _PART.finditer(text):
        if match[0] in ("{", "}"):
            raise UserError(f"{text!r} has a single {match[0]}: a placeholder is {{name}}, a brace is written twice")
        if match[1] is not None:
            yield match[1].partition("?")[0]


def fill_template(text: str, values: Mapping[str, Any]) -> str:
    """Return a text with its placeholders filled in.

    >>> fill_template("lr={lr},bn={bn},{{}}", {"lr": 1e-05, "bn": True})
    'lr=1e-05,bn=true,{}'
    """
    return _PART.sub(lambda match: match[0][0] if match[1] is None else argument_text(match[1], values), text)


def filled_all(arguments: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Return arguments, filled in.

    `{amp?--amp}` is `--amp` where `amp` is true, and is left out where it is false. A list that is a whole argument
    becomes several.

    >>> filled_all(["{amp?--amp}", "{deep?--deep}", "--sizes", "{sizes}"], {"amp": True, "deep": False, "sizes": [1]})
    ['--amp', '--sizes', '1']

    Raises
    ------
    UserError
        A value of `{name?text}` is neither true nor false.
    """
    words: list[str] = []
    for argument in arguments:
        flag, whole = _FLAG.fullmatch(argument), re.fullmatch(r"\{([^{}]+)\}", argument)
        if flag is not None:
            value = values[flag[1]]
            if not isinstance(value, bool):
                raise UserError(f"`{argument}` asks whether `{flag[1]}` is true or false, got {value!r}")
            words += [flag[2]] if value else []
        elif whole is not None and isinstance(values.get(whole[1]), list):
            words += [argument_text(whole[1], {whole[1]: item}) for item in values[whole[1]]]
        else:
            words.append(fill_template(argument, values))
    return words


def argument_text(name: str, values: Mapping[str, Any]) -> str:
    """Return a value as a command gets it: numbers as Python writes them, `true` and `false`, lists as JSON.

    Raises
    ------
    UserError
        It is null, or `{name?text}` is not a whole argument.
    """
    if "?" in name:
        raise UserError(f"`{{{name}}}` must be a whole argument")
    value = values[name]
    if value is None:
        raise UserError(f"`{name}` is null, which no command can be given: write a text, or use {{{name}?--flag}}")
    if isinstance(value, bool | list | dict):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def flat_params(params: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested settings by their whole names.

    >>> flat_params({"lr": 0.1, "opt": {"beta": 0.9}})
    {'lr': 0.1, 'opt.beta': 0.9}
    """
    flat: dict[str, Any] = {}
    for name, value in params.items():
        flat |= flat_params(value, f"{above}{name}.") if isinstance(value, Mapping) else {f"{above}{name}": value}
    return flat


def check_names(used: Collection[str], params: Collection[str]) -> None:
    """Refuse a placeholder that stands for nothing, and a setting that stands nowhere.

    Raises
    ------
    UserError
        Names it, and the nearest.
    """
    for name in params:
        if name in OWN:
            raise UserError(f"`{name}` is filled in by ablate ({{{name}}}), and cannot be a setting; seeds: seeds=8")
    for name in used:
        if name not in params and name not in OWN:
            raise unknown("placeholder", f"{{{name}}}", [f"{{{word}}}" for word in (*params, *OWN)])
    for name in params:
        if name not in used:
            raise UserError(f"`{name}` would have no effect: the command has no {{{name}}}; write it where it belongs")
