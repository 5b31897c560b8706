"""Your own training function, in any framework, as a Program: `program=function program.target=my_module:train`."""

from __future__ import annotations

import copy
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, must
from ablate.identity import describe, digest
from ablate.programs.per_seed import PerSeed
from ablate.programs.returned import to_result
from ablate.programs.target import find, source_file
from ablate.registry import register
from ablate.train.metric import Metric, by_name, metric_from
from ablate.train.program import RunResult
from ablate.train.vouched import Fact

Train = Callable[[dict[str, Any], int], Any]


@register("program", "function")
@dataclass(frozen=True)
class Function(PerSeed):
    """Calls ``train(config, seed)`` once per seed and tracks what it returns.

    `config` is a plain dict of all settings of the arm: ``config["params"]`` holds `params`, the rest is as
    `ablate --cfg job` shows it (``config["epochs"]``, ``config["optimizer"]["lr"]``, components with their option
    as ``"name"``). The function uses what it likes of it. It must draw everything random from `seed`, so that arms
    of one seed are paired and a run can be repeated. What it may return: see `ablate.programs.returned`. What it
    raises, and what it must not return, makes that seed's run `crashed`, with its traceback; the others go on.

    A change to the file the function stands in makes new runs: its SHA-256 is the run's fingerprint. Files it
    imports and data it reads are not seen; put a version of them into `params`.

    Attributes
    ----------
    target
        ``module:function``, importable from the current folder, or ``path/to/file.py:function``.
    params
        The function's own settings, free-form: ``program.params.width=8`` sets one and can be a factor.
    logs
        The names of the metrics it returns, so that claims can be checked before anything runs; by default the
        function's attribute ``metrics``.
    """

    vouches = frozenset({Fact.SECONDS})
    has_target = False

    target: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)

    def seconds_per_run(self, config: Any, seeds: int) -> None:
        """Return None: nobody's own training is run untracked, for hours perhaps, to tell how long it takes."""
        del config, seeds

    @classmethod
    def of(cls, train: Train, **params: Any) -> Function:
        """Return the Program of a function at hand.

        Raises
        ------
        UserError
            It is not at the top of a module, so that a worker process could not find it again.
        """
        module, name = getattr(train, "__module__", None), getattr(train, "__qualname__", "")
        if module is None or not name.isidentifier():
            raise must("train", "be a function at the top of a module", train)
        place = f"{inspect.getfile(train)}:{name}" if module == "__main__" else f"{module}:{name}"
        return cls(target=place, params=params)

    def function(self) -> Train:
        """Return the function; see `target.find` for the errors."""
        return find(self.target)

    def facts(self, config: Any) -> dict[str, Any]:
        """Return where the function stands and the digest of that file."""
        del config
        self.function()
        code = hashlib.sha256(Path(source_file(self.target)).read_bytes()).hexdigest()
        return {
            "dataset": f"chosen by {self.target}",
            "fingerprint": digest({"target": self.target, "code": code}),
            **({"metrics": {name: one.as_dict() for name, one in self.metrics().items()}} if self._declared() else {}),
        }

    def metrics(self) -> dict[str, Metric]:
        """Return what the function says it returns.

        Its attribute ``metrics`` is a list of names, a dict of name -> `higher`, `lower` or a mapping of what is known
        of the metric, or a list of `Metric`. What it does not say, the study can (`metrics:`).

        Raises
        ------
        UserError
            None are declared, or one is declared wrongly.
        """
        declared = self._declared()
        where = f"{self.target}.metrics"
        if isinstance(declared, Mapping) and declared:
            return {str(name): metric_from(str(name), said, where=where) for name, said in declared.items()}
        if isinstance(declared, str) or not isinstance(declared, Sequence | set | frozenset) or not declared:
            name = self.target.rpartition(":")[2]
            raise UserError(
                f"{self.target} does not say which metrics it returns: set `program.logs=[accuracy,loss]`, or write "
                f"`{name}.metrics = {{'accuracy': 'higher', 'loss': 'lower'}}` below the function"
            )
        return by_name(one if isinstance(one, Metric) else Metric(str(one)) for one in declared)

    def _declared(self) -> Any:
        return self.logs or getattr(self.function(), "metrics", None)

    def one(self, config: Any, seed: int) -> RunResult:
        """Call the function for one seed and check what it returned."""
        returned = self.function()(settings(config, self.params), seed)
        return to_result(returned, seed, self.metrics(), config)


def settings(config: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain dict a function is called with; a fresh one each time, free to be changed."""
    plain = {}
    if is_dataclass(config):
        plain = {
            f.name: describe(getattr(config, f.name)) for f in fields(config) if f.name not in ("program", "seeds")
        }
    elif isinstance(config, Mapping):
        plain = copy.deepcopy(dict(config))
    return {**plain, "params": copy.deepcopy(dict(params))}


def try_out(train: Train, seeds: int = 2, **params: Any) -> list[RunResult]:
    """Call a function as a study would, without one, and return its results; raises what a study would record.

    For a first look at a function of your own::

        from ablate.programs.function import try_out
        from my_module import train

        print(try_out(train, width=8))

    Raises
    ------
    UserError
        No metrics are declared, or it returned something else than it may.
    """
    program = Function.of(train, **params)
    return [program.one({}, seed) for seed in range(seeds)]
