"""Your own training function, in any framework, as a Program: `program=function program.target=my_module:train`."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from ablate.errors import UserError, must
from ablate.identity import digest
from ablate.programs.calling import check_settings
from ablate.programs.logged import CurveLog, with_curves
from ablate.programs.per_seed import PerSeed
from ablate.programs.place import code_of, code_shown, modules_of, source_file
from ablate.programs.recorded import Recorded, introduce
from ablate.programs.returned import outcome_reads, to_result
from ablate.programs.source import read_source
from ablate.programs.target import find, importing, used_code
from ablate.programs.watched import watched
from ablate.registry import register
from ablate.train.contained import contained
from ablate.train.metric import Metric, by_name, metric_from
from ablate.train.program import ProgramConfig, RunResult
from ablate.train.reads import compact_reads
from ablate.train.vouched import Fact

Train = Callable[..., Any]


@dataclass(frozen=True)
class FunctionConfig(ProgramConfig):
    """The target, where the study sets one: it says which runs have reached it."""

    target_accuracy: float | None = None
    target_split: str = "validation"


@register("program", "function")
@dataclass(frozen=True)
class Function(PerSeed):
    """Calls a training function once per seed and tracks what it returns.

    Either by the names of its settings, ``train(lr=0.1, seed=3)``, checked against its signature when a study is
    planned; or as ``train(config, seed)`` (see `ablate.programs.calling`). `config` is a plain dict of what the
    function owns: ``config["params"]`` holds `params`, beside it are ``config["target_accuracy"]`` (None where the
    study sets none) and ``config["target_split"]``. The settings of the NumPy net are not there. It must draw
    everything random from `seed`, so that arms of one seed are paired and a run can be repeated. What it may return:
    see `ablate.programs.returned`; where its signature asks for `log`, it gets a `programs.logged.CurveLog`. What it
    raises, and what it must not return, makes that seed's run `crashed`, with its traceback; the others go on. Which
    metrics it returns is said by its attribute ``metrics``, or else by the study (`metrics:`).

    A change to its code makes new runs: to its module, or to any of the project's that this imports. Comments,
    docstrings and layout do not count. What no import shows (a script it starts, data it reads) is named in `watch`.
    So does a change to a setting that it looked at; one that no run looked at changes nothing (see `train.reads`).

    Attributes
    ----------
    target
        ``module:function``, importable from the current folder, or ``path/to/file.py:function``.
    params
        The function's own settings, free-form: ``program.params.width=8`` sets one and can be a factor.
    watch
        Files, folders and patterns (``data/*.csv``) whose content makes new runs as well.
    timeout
        Seconds that a run may take; None for no limit. Importing its code may take 600 s, or this where it is longer.
    """

    config_class = FunctionConfig
    traced = True
    vouches = frozenset({Fact.SECONDS})
    has_target = False
    isolated = True
    former_fields: ClassVar[Mapping[str, str]] = {
        "logs": "a study says which metrics its function returns: `metrics: {accuracy: higher}`"
    }

    target: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    watch: list[str] = field(default_factory=list, metadata={"unsaid": []})
    timeout: float | None = field(default=None, metadata={"identity": False})

    def __post_init__(self) -> None:
        if self.timeout is not None and not self.timeout > 0:
            raise must("program.timeout", "be > 0 seconds", self.timeout)

    @property
    def seconds_allowed(self) -> float | None:
        """Its `timeout`."""
        return self.timeout

    def seconds_per_run(self, config: Any, seeds: int) -> None:
        """Return None: nobody's own training is run untracked, for hours perhaps, to tell how long it takes."""
        del config, seeds

    @classmethod
    def of(cls, train: Train, **params: Any) -> Function:
        """Return the Program of a function at hand.

        Raises
        ------
        UserError
            It is not at the top of a module in a file, so that a worker process could not find it again.
        """
        return cls(target=function_target(train), params=params)

    def function(self) -> Train:
        """Return the function; see `target.find` for the errors."""
        return find(self.target)

    def imports(self) -> Any:
        """Return its target."""
        return self.target

    def load(self, config: Any) -> None:
        """Import the function's module."""
        del config
        with contextlib.suppress(UserError):  # the run says it
            self.function()

    def facts(self, config: Any) -> dict[str, Any]:
        """Return where the function stands, and digests of its code and of what it watches."""
        del config
        check_settings(self.target, self.function(), self.params)
        sources, files = code_of(self.target), watched(self.watch)
        said = {"target": self.target, "sources": sources, **({"watched": files} if files else {})}
        return {
            "dataset": f"chosen by {self.target}",
            "fingerprint": digest(said),
            "sources": sources,
            **({"watched": files} if files else {}),
            **({"metrics": {name: one.as_dict() for name, one in self.metrics().items()}} if self._declared() else {}),
        }

    def former(self, config: Any) -> tuple[tuple[str, float], ...]:
        """Return the digests of its file alone, and of the modules found before it was imported, which runs had.

        They must be later than the last change elsewhere.
        """
        del config
        file, shown = Path(source_file(self.target)), code_shown(self.target)
        modules = modules_of(self.target)
        others = {name: m.path.stat().st_mtime for name, m in modules.items() if m.path != file}
        unshown = [when for name, when in others.items() if shown.get(name) != read_source(modules[name].path).shape]
        files = watched(self.watch)
        said = {"target": self.target, "sources": shown, **({"watched": files} if files else {})}
        digests = ((digest(said), max(unshown, default=0.0)),) if shown != code_of(self.target) else ()
        if self.watch:
            return digests
        code = hashlib.sha256(file.read_bytes()).hexdigest()
        return (*digests, (digest({"target": self.target, "code": code}), max(others.values(), default=0.0)))

    def planned(self, facts: Mapping[str, Any]) -> Function:
        """Return the same, which refuses to run where its code or what it watches is not as it was planned."""
        code_facts = {key: facts.get(key) for key in ("sources", "watched")}
        declared = tuple(facts.get("metrics", ()))
        return FunctionInStudy(self.target, self.params, self.watch, self.timeout, declared=declared, **code_facts)

    def told(self, metrics: Mapping[str, Metric]) -> Function:
        """Return the same, which returns these metrics where the function does not say what it returns."""
        return FunctionInStudy(self.target, self.params, self.watch, self.timeout, declared=tuple(metrics))

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
                f"{self.target} does not say which metrics it returns: say so on the command line, `--metric "
                "accuracy:higher`; in the study, `metrics: {accuracy: higher, loss: lower}`; or write "
                f"`{name}.metrics = {{'accuracy': 'higher', 'loss': 'lower'}}` below the function"
            )
        return by_name(one if isinstance(one, Metric) else Metric(str(one)) for one in declared)

    def _declared(self) -> Any:
        return getattr(self.function(), "metrics", None)

    def one(self, config: FunctionConfig, seed: int) -> RunResult:
        """Call the function for one seed and check what it returned."""
        function, declared = self.function(), self.metrics()  # asked before it runs: its files may change while it does
        introduce()
        reads, log = set[str](), CurveLog()
        how = check_settings(self.target, function, self.params)
        logging = {"log": log} if how.log else {}
        with importing(self.target), contained(source_file(self.target)):
            if how.by_name:
                reads.update(how.reads)
                returned = function(**copy.deepcopy(self.params), seed=seed, **logging)
            else:
                returned = function(Recorded(settings(config, self.params), reads), seed, **logging)
            returned = with_curves(returned, log, declared)
        seen = compact_reads(reads | outcome_reads(returned, declared, config))
        try:
            result = to_result(returned, seed, declared, config)
        except UserError as error:
            error.kept = f"It had returned {returned!r}\n"  # type: ignore[attr-defined]
            raise
        used = used_code(self.target)
        return replace(
            result, reads=tuple(seen), used=used, notes=tuple(f"{self.target} {note}" for note in result.notes)
        )


@dataclass(frozen=True)
class FunctionInStudy(Function):
    """A function as a study knows it: not an option of its own; a run is described by the function's settings alone.

    Attributes
    ----------
    declared
        The metrics that the study declares: what the function returns, where it does not say so itself.
    sources, watched
        Its code and what it watches, as they were planned (see `Function.facts`): it runs with nothing else. None:
        with what there is.
    """

    declared: tuple[str, ...] = ()
    sources: Mapping[str, str] | None = None
    watched: Mapping[str, str] | None = None

    def function(self) -> Train:
        """Return the function, of the code that was planned."""
        return find(self.target, code=self.sources)

    def imports(self) -> Any:
        """Return its target, and the code that was planned."""
        return self.target, self.sources

    def one(self, config: FunctionConfig, seed: int) -> RunResult:
        """Call the function for one seed, unless what it watches has changed."""
        if self.watched is not None and watched(self.watch) != self.watched:
            raise UserError(f"a file of `program.watch` changed while the study was running: {', '.join(self.watch)}")
        return super().one(config, seed)

    def _declared(self) -> Any:
        return super()._declared() or self.declared


def function_target(train: Any) -> str:
    """Return the target that names a function at hand.

    Raises
    ------
    UserError
        No other process could find it: it is not a function, is nested, or was typed into a notebook or a prompt.
    """
    module, name = getattr(train, "__module__", None), getattr(train, "__qualname__", "")
    if not inspect.isroutine(train) or module is None or not name.isidentifier():
        raise must("train", "be a function at the top of a module (what a partial fixes is given as `params`)", train)
    try:
        file = inspect.getfile(train)
    except (TypeError, OSError):
        file = ""
    if not Path(file).is_file():
        raise UserError(
            f"`train` must be a function in a file, which other processes can import; {name} was typed into a notebook "
            "or a prompt: write it into my_training.py and import it from there"
        )
    if module == "__main__":
        return f"{file}:{name}"
    if getattr(sys.modules.get(module), name, None) is not train:
        raise UserError(f"`train`: {module}:{name} is another function than the one given; is it decorated?")
    return f"{module}:{name}"


def settings(config: FunctionConfig, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain dict a function is called with; a fresh one each time, free to be changed."""
    return {**asdict(config), "params": copy.deepcopy(dict(params))}


def try_out(train: Train, seeds: int = 2, **params: Any) -> list[RunResult]:
    """Call a function as a study would, without one, and return its results; raises what a study would record.

    For a first look at a function of your own: ``print(try_out(train, width=8))``.

    Raises
    ------
    UserError
        No metrics are declared, or it returned something else than it may.
    """
    program = Function.of(train, **params)
    return [program.one(FunctionConfig(), seed) for seed in range(seeds)]
