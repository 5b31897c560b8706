"""Exclusions: `norm == 'batch' and batch_size == 1`, read by a small evaluator of our own; nothing is executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ablate.claims.parts import Level, Levels
from ablate.errors import UserError, unknown
from ablate.levels import NO_NAMES, among, compact, level_names, levels_text, same_level

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: same_level,  # 1 and true are two, as everywhere
    ast.NotEq: lambda one, other: not same_level(one, other),
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: among,
    ast.NotIn: lambda value, options: not among(value, options),
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_WORDS: dict[str, Level] = {"null": None, "true": True, "false": False}
_ALLOWED = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.Compare, *_COMPARE, ast.Constant, ast.List, ast.Tuple, ast.Name, ast.Attribute, ast.Load,
)  # fmt: skip
_LONGEST = 500  # characters: an exclusion is one condition, and the parser's own depth is never reached


class Exclusion:
    """One expression over factor names that says which cells are not run.

    Factors are written as they are named, dots included (``init.std``); texts in quotes; `and`, `or`, `not`, `==`,
    `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`, `+`, `-`, `*`, `/`, lists and `null`, `true`, `false`.

    Raises
    ------
    UserError
        The expression does not parse, holds anything else, names an unknown factor or level, or compares a text with
        a number.

    Examples
    --------
    >>> Exclusion("norm == 'batch' and batch_size == 1", {"norm": ["none", "batch"], "batch_size": [1, 8]})(
    ...     {"norm": "batch", "batch_size": 1}
    ... )
    True
    """

    def __init__(self, text: str, factors: Mapping[str, list[Level]]) -> None:
        self.text, self._factors = text, factors
        if len(text) > _LONGEST:
            raise self._error(f"it is {len(text)} characters long, at most {_LONGEST} are read")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = error.msg if isinstance(error, SyntaxError) else str(error)
            raise self._error(
                f"it does not parse ({why}); write it like \"norm == 'batch' and batch_size == 1\""
            ) from None
        self._check()

    def __call__(self, levels: Levels) -> bool:
        """Return whether the cell is excluded."""
        try:
            value = self._value(self._tree, levels)
        except (TypeError, ZeroDivisionError) as error:
            raise self._error(f"{error} at {_cell(levels)}") from None
        if not isinstance(value, bool):
            raise self._error(f"it must be true or false, got {value!r} at {_cell(levels)}")
        return value

    def _value(self, node: ast.expr, levels: Levels) -> Any:
        match node:
            case ast.BoolOp(op=ast.And()):
                return all(self._truth(part, levels) for part in node.values)
            case ast.BoolOp():
                return any(self._truth(part, levels) for part in node.values)
            case ast.UnaryOp(op=ast.Not()):
                return not self._truth(node.operand, levels)
            case ast.UnaryOp(op=ast.USub()):
                return -self._value(node.operand, levels)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                left, right = self._value(node.left, levels), self._value(node.right, levels)
                if not (_is_number(left) and _is_number(right)):
                    raise TypeError(f"{left!r} and {right!r} are not both numbers")
                return _ARITHMETIC[type(node.op)](left, right)
            case ast.Compare():
                return self._compared(node, levels)
            case ast.Constant(value=str() | int() | float() | None):
                return node.value
            case ast.List() | ast.Tuple():
                return [compact(self._value(item, levels)) for item in node.elts]
            case ast.Name() | ast.Attribute():
                name = self._name(node)
                return levels[name] if name in self._factors else _WORDS[name]
        raise self._error(f"cannot read {ast.unparse(node)!r}")

    def _truth(self, node: ast.expr, levels: Levels) -> bool:
        value = self._value(node, levels)
        if not isinstance(value, bool):
            raise TypeError(f"`{ast.unparse(node)}` is neither true nor false")
        return value

    def _compared(self, node: ast.Compare, levels: Levels) -> bool:
        left = self._value(node.left, levels)
        for op, side in zip(node.ops, node.comparators, strict=True):
            right = self._value(side, levels)
            if isinstance(op, ast.In | ast.NotIn):
                if not isinstance(right, list):
                    raise self._error(f"`{ast.unparse(node)}`: `in` needs a list such as ['none', 'batch']")
            elif isinstance(right, list):
                right = compact(right)
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True

    def _name(self, node: ast.expr) -> str:
        name = ast.unparse(node)
        if name not in self._factors and name not in _WORDS:
            error = unknown("factor", name, self._factors)
            raise self._error(f"{error} (a text needs quotes: {name!r})" if name.isidentifier() else str(error))
        return name

    def _check(self) -> None:
        """Check every node, every name, and every text a factor is compared with: a misspelt one excludes nothing."""
        inner = {id(node.value) for node in ast.walk(self._tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(self._tree):
            if not isinstance(node, _ALLOWED):
                shown = f" {ast.unparse(node)!r}" if isinstance(node, ast.expr) else f" `{type(node).__name__}`"
                raise self._error(f"it may not hold{shown}: only factors, values, comparisons and and/or/not")
            if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
                self._name(node)
            if isinstance(node, ast.Compare):
                self._check_texts([node.left, *node.comparators])

    def _check_texts(self, sides: list[ast.expr]) -> None:
        names = [ast.unparse(side) for side in sides if isinstance(side, ast.Name | ast.Attribute)]
        factors = [name for name in names if name in self._factors]
        if len(factors) != 1:
            return
        for text in _texts(sides):
            if text not in self._factors[factors[0]]:
                raise self._error(
                    str(unknown(f"level of {factors[0]}", text, level_names(self._factors[factors[0]]).values()))
                )

    def _error(self, why: str) -> UserError:
        return UserError(f"exclude {self.text!r}: {why}")


def _texts(sides: list[ast.expr]) -> list[str]:
    items = [item for side in sides for item in (side.elts if isinstance(side, ast.List | ast.Tuple) else [side])]
    return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(levels: Levels) -> str:
    return levels_text(levels, NO_NAMES)
