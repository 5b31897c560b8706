"""Turning what Hydra and OmegaConf raise into one clear line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException
from omegaconf.errors import ValidationError as ValueTypeError

from ablate.errors import AblateError, UserError, cut, unknown

_MOST = 500  # characters of either end of what the parser says
_WANTED = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false", "String": "text"}


def wrong_type(error: OmegaConfBaseException, key: str, value: Any) -> UserError:
    """Say that a value has the wrong type for its key.

    `Value 'fast' of type 'str' could not be converted to Float` becomes
    "`optimizer.lr` must be a number, got 'fast'."
    """
    match = re.search(r"could not be converted to (\w+)", str(error))
    expected = _WANTED.get(match.group(1), match.group(1)) if match else "another type"
    if "is not optional" in str(error) or "not Optional" in str(error) or value is None:
        expected = "given (null is not allowed)"
    return UserError(f"`{key}` must be {expected}, got {cut(repr(value))}.")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what Hydra and OmegaConf raise into one line of ours; what is not theirs goes on as it is."""
    try:
        yield
    except Exception as error:
        ours = explain(error)
        if ours is None or ours is error:
            raise
        raise ours from None


def explain(error: Exception) -> AblateError | None:
    """Return our error for one of Hydra's or OmegaConf's, or None where it is not theirs."""
    if isinstance(error, AblateError):
        return error
    if isinstance(error, OverrideParseException):
        typed = error.override.lstrip("+")  # signs that were put before it
        key, is_one, value = typed.partition("=")
        quoted = is_one and value and not set(value) & set("'\"[]{}()") and cut(typed) == typed and typed.isprintable()
        first = " ".join(value.split(",", 1)[0].split())
        hint = f"; a text with other signs than a-z, 0-9 and -_./:%+@?*| is put in quotes: '{key}=\"{first}\"'"
        return UserError(f"cannot read {cut(typed)!r}{hint if quoted else ': ' + _parsed(error)}")
    if isinstance(error, MissingConfigException):
        missing = error.missing_cfg_file or ""
        group, _, name = missing.rpartition("/")
        if error.options:
            return unknown(group or "configuration", name, error.options)
        return UserError(_line(error))
    if isinstance(error, ValueError) and str(error).startswith("Only one of --run"):
        return UserError(
            "`--cfg`, `--info` and `-m` (`--multirun`) are one at a time: leave out `-m` to see a configuration"
        )
    if isinstance(error, HydraException | OmegaConfBaseException):
        cause = error.__cause__
        if isinstance(cause, ValueTypeError) and cause.full_key:
            got = re.search(r"Value '(.*)' of type '(\w+)'", str(cause))
            return wrong_type(cause, cause.full_key, got.group(1) if got and got.group(2) == "str" else cause.value)
        if isinstance(cause, ConfigKeyError) and cause.full_key:
            return UserError(f"`{cause.full_key}`: {_line(cause)}")
        text = _line(error)
        return UserError(f"{text}: {_line(cause)}" if cause else text)
    return None


def _parsed(error: BaseException) -> str:
    """Return what the parser says without the names of its own errors."""
    return re.sub(r"^\w+Exception: *", "", _line(error))


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    # It repeats what was typed, thousands of signs of it: its end says what is wrong.
    return line if len(line) <= 2 * _MOST else f"{line[:_MOST]}…{line[-_MOST:]}"
