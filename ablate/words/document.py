"""A verdict as `verdicts.json` holds it: its numbers and codes, and beside them sentences in English; and read back.

| key | is written of |
|---|---|
| `sentence`, `statement`, `in_words` | the verdict |
| `why`, `next_step`, `fill_rule`, `speaks_of`, `why_stopped` | `reason`, `advice`, `fill`, `scope`, `stop` |
| `in_two_parts` | `parts` |
| `for_which_delta` | `sizes` |
| `interval_method` | `method` |
| `why` of a gate, `choice` of another choice | its `reason` |

Sentences are not read back where there is a code. Files of earlier releases hold sentences alone, which are kept as
they are written (`claims.reason.AS_WRITTEN`).
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

from ablate.claims.kinds import KINDS
from ablate.claims.reason import AS_WRITTEN, FLOATS, Reason, because
from ablate.errors import UserError, unknown
from ablate.judge.verdict import Verdict
from ablate.lang import speaking
from ablate.stats.mean import Method
from ablate.words.because import method_text
from ablate.words.choices import choice_words
from ablate.words.kinds import statement
from ablate.words.reasons import said
from ablate.words.rulings import ruled
from ablate.words.sentence import sentence_of, why_of
from ablate.words.sizes import for_which_delta
from ablate.words.twoparts import two_parts

TEXTS = {"why": "reason", "next_step": "advice", "fill_rule": "fill", "speaks_of": "scope", "why_stopped": "stop"}
"""Key of a sentence -> the code it is made of."""

ROWS = {"gates": "why", "sensitivity": "choice"}
"""Lists of a verdict -> the sentence of each of their entries."""

OTHERS = ("interval_method", "statement", "sentence", "in_words", "in_two_parts", "for_which_delta")
"""Keys of the other sentences."""


def document_of(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict JSON-ready: infinities as ``"inf"`` and ``"-inf"``, NaN as None, keys as strings."""
    with speaking("en"):
        ready: dict[str, Any] = _json_ready(dataclasses.asdict(verdict))
        for one in dataclasses.fields(verdict):
            if not one.metadata.get("kept", True):
                del ready[one.name]
        ready |= {text: said(getattr(verdict, code)) for text, code in TEXTS.items()} | {"why": why_of(verdict)}
        told = {"gates": [said(gate.reason) for gate in verdict.gates],
                "sensitivity": [choice_words(verdict, row) for row in verdict.sensitivity]}  # fmt: skip
        for rows, text in ROWS.items():
            ready[rows] = [{**row, text: words} for row, words in zip(ready[rows], told[rows], strict=True)]
        texts = (method_text(verdict.method), statement(verdict), sentence_of(verdict), ruled(verdict),
                 two_parts(verdict), for_which_delta(verdict))  # fmt: skip
        return {**ready, **dict(zip(OTHERS, texts, strict=True))}


def verdict_from(data: Mapping[str, Any], *, where: str = "verdicts.json") -> Verdict:
    """Return the verdict that `document_of` wrote; what an older version did not write has its default.

    Raises
    ------
    UserError
        A field that every verdict has is missing.
    """
    hints = typing.get_type_hints(Verdict)
    try:
        if (kind := data.get("kind", "effect")) not in KINDS:
            raise ValueError(unknown("kind", str(kind), KINDS))  # noqa: TRY301 - told as any other damage
        data = _with_codes(data)
        values = {f.name: _restored(hints[f.name], data[f.name]) for f in dataclasses.fields(Verdict) if f.name in data}
        if "terms" in values:
            values["terms"] = {name: _number(name, value) for name, value in values["terms"].items()}
        return Verdict(**values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # cut short, edited, or of another release
        raise UserError(
            f"{where}: the verdict {data.get('claim_id')!r} is not complete, or of another release ({error}); write it "
            "again: `ablate report STUDY`, or `ablate report --csv FOLDER` for a folder with its runs.csv"
        ) from None


def _with_codes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file holds with a code for every sentence that has none, or one of another release."""
    codes: dict[str, Any] = {
        code: _known(data.get(code), data[text]) if data[text] or data.get(code) or text == "why" else None
        for text, code in TEXTS.items()
        if text in data
    }
    if "interval_method" in data:
        codes["method"] = dataclasses.asdict(Method(data["interval_method"]))
    if "statement" in data:
        codes["terms"] = {AS_WRITTEN: data["statement"]}
    rows = {
        name: [{**row, "reason": _known(row.get("reason"), row[text])} for row in data[name]]
        for name, text in ROWS.items()
        if name in data
    }
    return {**codes, **{name: value for name, value in data.items() if name not in TEXTS.values()}, **rows}


def _known(reason: Any, text: str) -> Any:
    """Return a reason as it is stored, or its sentence where its code or its numbers are those of another release."""
    try:
        _restored(Reason, reason)
    except (TypeError, ValueError, KeyError, AttributeError):
        return _as_written(text)
    return reason


def _as_written(text: str) -> dict[str, Any]:
    return {"code": AS_WRITTEN, "numbers": {"text": text}}


def _restored(hint: Any, value: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _restored(next(arg for arg in inner if arg is not types.NoneType), value)
    if hint is float:
        return math.nan if value is None else float(value)  # "inf" and "-inf" are texts there
    if origin is typing.Literal and value not in inner:
        raise ValueError(f"{value!r} is not one of {', '.join(map(str, inner))}")
    if hint is Reason:
        return because(value["code"], **{name: _number(name, one) for name, one in value["numbers"].items()})
    if origin is tuple:
        each = [inner[0]] * len(value) if len(inner) == 2 and inner[1] is Ellipsis else inner
        return tuple(_restored(kind, item) for kind, item in zip(each, value, strict=True))
    if origin is dict:
        return {int(k) if inner[0] is int else k: _restored(inner[1], item) for k, item in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        fields = typing.get_type_hints(hint)
        return hint(**{name: _restored(fields[name], item) for name, item in value.items() if name in fields})
    return value


def _number(name: str, value: Any) -> Any:
    """Return what a reason or the terms of a claim hold under a name."""
    if isinstance(value, dict):
        if value.keys() == {"code", "numbers"}:
            return _restored(Reason, value)
        return {key: _number(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_number("", item) for item in value)
    return float(value) if name in FLOATS and value is not None else value


def _json_ready(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
