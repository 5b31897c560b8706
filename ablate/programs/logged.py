"""What a training function says while it runs: `log(step, **metrics)`, or pairs `(step, metrics)` that it yields."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from ablate.errors import UserError, must
from ablate.programs.returned import number_of, parted


class CurveLog:
    """Collects the curves of one run: called with a step and the values there.

    Names that are not Python names are given in a dict: ``log(3, {"val/acc": 0.9}, loss=0.1)``.
    """

    def __init__(self) -> None:
        self._curves: dict[str, tuple[list[int], list[float]]] = {}

    def __call__(self, step: Any, values: Mapping[str, Any] | None = None, /, **metrics: Any) -> None:
        """Note values at a step, a whole number >= 0 that is larger than the last one of each of these metrics.

        Raises
        ------
        UserError
            It is not, or a value is not a number.
        """
        at = number_of(step)
        if at is None or at < 0 or at != int(at):
            raise must("log: step", "be a whole number >= 0", step)
        for name, value in {**(values or {}), **metrics}.items():
            number = number_of(value)
            if number is None:
                raise must(f"log: {name}", "be a number", value)
            steps, numbers = self._curves.setdefault(str(name), ([], []))
            if steps and at <= steps[-1]:
                raise must(f"log: step of {name}", f"be larger than the last one, {steps[-1]}", step)
            steps.append(int(at))
            numbers.append(number)

    @property
    def curves(self) -> dict[str, tuple[list[int], list[float]]]:
        """Name -> steps and values."""
        return dict(self._curves)

    @property
    def last(self) -> dict[str, float]:
        """Name -> the last value."""
        return {name: values[-1] for name, (_, values) in self._curves.items()}


def with_curves(returned: Any, log: CurveLog, declared: Collection[str]) -> Any:
    """Return what a function returned with what it yielded and logged, for `returned.to_result`.

    A number is the value of the one metric that is declared. What was logged are curves; a declared metric that is not
    returned has its last value there.

    Raises
    ------
    UserError
        It yields something else than steps with metrics, or returns a number where more than one metric is declared.
    """
    if inspect.isgenerator(returned):
        returned = _drained(returned, log)
    number = number_of(returned)
    if number is not None:
        if len(declared) != 1:
            raise UserError(
                f"the function returned one number, {returned!r}, but {len(declared)} metrics are declared: return a "
                f"dict with {', '.join(declared)}"
            )
        returned = {next(iter(declared)): returned}
    if not log.curves:
        return returned
    if returned is not None and not isinstance(returned, Mapping):
        return returned  # refused by who reads it
    parts = parted(returned or {}, declared)
    last = {name: value for name, value in log.last.items() if name in declared}
    curves = parts.get("curves")
    return {
        **parts,
        "metrics": {**last, **parts["metrics"]},
        "curves": {**log.curves, **curves} if isinstance(curves, Mapping) else log.curves,
    }


def _drained(generator: Any, log: CurveLog) -> Any:
    """Run a generator to its end, log what it yields, and return what it returns."""
    while True:
        try:
            said = next(generator)
        except StopIteration as end:
            return end.value
        pair = said if isinstance(said, tuple | list) and len(said) == 2 else (None, None)
        if not isinstance(pair[1], Mapping):
            raise must("yield", 'give a step and its metrics, `yield step, {"accuracy": 0.9}`', said)
        log(pair[0], pair[1])
