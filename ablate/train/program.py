"""The contract between training and everything else: `Program.run(config, seeds) -> one result per seed`.

Planning, tracking, statistics and reports see only this; the NumPy trainer is one Program among others.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, unknown
from ablate.nn.graph import Graph
from ablate.train.metric import Metric
from ablate.train.outcome import Outcome
from ablate.train.vouched import Fact

Observe = Callable[[int, int], None]  # (steps done, steps in all), called now and then while training


@dataclass(frozen=True)
class Curve:
    """One metric over the run.

    Attributes
    ----------
    steps
        Optimizer steps done at each evaluation, int64, strictly increasing.
    values
        The metric there, float64; NaN from the step at which the run diverged.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class RunResult:
    """What one seed of one arm produced.

    Attributes
    ----------
    metrics
        Finite scalars, named as they are logged: `final/test_accuracy` (at the last step),
        `best/validation_accuracy`, `aulc/train_accuracy` (normalised area under the curve),
        `ttt/steps` (only where the target was reached). A diverged run has no `final/…` entry: its NaN logits
        would read as class 0, that is as chance.
    curves
        Metric -> curve: `train/loss`, `train/accuracy`, `validation/accuracy`, …
    test_correct
        Per-example correctness on the test part, bool (test examples,), or None.
    seconds
        Wall-clock share of this seed: the arm's training time over its number of seeds; NaN where nobody measured it.
    error
        Traceback of a crashed run.
    arrays
        Whatever else was recorded, by name (`activations/counts`): numbers, truth values or text of any shape.
    reads
        What the run looked at of its settings (see `train.reads`); None where that is not known.
    used
        The project's files that were imported and that no import statement shows, from the current folder on -> digest
        of what each said; a change to one makes the run count no more.
    notes
        Sentences for the user about what this run did, said once however many runs did it.
    texts
        Files that are kept beside the arm, name -> text: what a command has printed.
    arithmetic
        What computed it (see `ablate.train.arithmetic`); empty where nobody vouches for that.
    absent
        Declared metrics that it did not name, not even as None, though it came to its end.

    Raises
    ------
    TypeError
        An array holds Python objects, which could only be stored by pickling them.
    """

    seed: int
    outcome: Outcome
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    first_nonfinite_step: int | None = None
    test_correct: NDArray[np.bool_] | None = None
    seconds: float = math.nan
    error: str | None = None
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    reads: tuple[str, ...] | None = None
    used: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    arithmetic: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    @property
    def took(self) -> float:
        """The seconds that are known of, to be added up: 0 where nobody measured."""
        return 0.0 if math.isnan(self.seconds) else self.seconds

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            if array.dtype.hasobject:
                raise TypeError(
                    f"array {name!r} holds Python objects; what is stored are numbers, truth values and text"
                )


class NotOwnedError(UserError, AttributeError):
    """A Program looked for a setting that it does not own."""


@dataclass(frozen=True)
class ProgramConfig:
    """What a Program owns of the composed configuration beside its own fields; this one owns nothing.

    A subclass has a field for every group or key that is the Program's own, named as in `conf/config.yaml`. Looking
    for anything else raises `NotOwnedError`.
    """

    if not TYPE_CHECKING:  # a type checker is to see that a field does not exist

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            owned = ", ".join(entry.name for entry in fields(self)) or "nothing"
            raise NotOwnedError(
                f"a Program with the configuration {type(self).__name__} looks for {name!r}, but owns {owned}: give "
                f"its `config_class` a field `{name}`"
            )


@dataclass(frozen=True)
class Program(ABC):
    """Something that can be trained once per seed; its fields are its settings, an arm names it as `program`.

    What it owns of the composed configuration beside them is declared by its `config_class`. It gets that and nothing
    else, and that is what is logged of its runs.

    Attributes
    ----------
    config_class
        A frozen dataclass whose fields are the groups and keys that it owns; by default none.
    METRICS
        What it measures, where that does not depend on its settings.
    vouches
        What is true of every run, so that a page may say it. Nothing by default: a page then says less.
    has_target
        Every run has a target: the configuration's `target_accuracy`, or one of the Program's own. Without it, a run
        has a target only where the configuration sets `target_accuracy`.
    """

    config_class: ClassVar[type] = ProgramConfig
    METRICS: ClassVar[Mapping[str, Metric]] = {}
    vouches: ClassVar[frozenset[Fact]] = frozenset()
    has_target: ClassVar[bool] = True

    flat: ClassVar[bool] = False
    """A key of `params` is one name, dots and all: `program.params.optimizer` and `program.params.optimizer.lr`.

    What an arm is follows from them in a way that only the Program knows: its study run is named by what is fixed.
    """

    unnamed: ClassVar[frozenset[str]] = frozenset()
    """Of a `flat` Program: its fields that may change while the study run goes on."""

    traced: ClassVar[bool] = False
    """Its runs say what they looked at (`RunResult.reads`), so that a setting none looked at makes no new run."""

    isolated: ClassVar[bool] = False
    """It runs somebody else's code in the process it is in, so that a study gives it a process of its own."""

    vouched: ClassVar[bool] = False
    """Every setting that `reads` names has its effect: arms that agree to the last bit are a result, and no mistake."""

    @classmethod
    def owns(cls) -> frozenset[str]:
        """Return the groups and keys of the composed configuration that are its own, itself and the seeds apart."""
        return frozenset(one.name for one in fields(cls.config_class)) - {"program", "seeds"}

    def own(self, composed: Any) -> Any:
        """Return what it owns of a composed configuration, as its `config_class`.

        Raises
        ------
        UserError
            It owns a key that does not exist.
        """
        cls = type(self).config_class
        if type(composed) is cls:
            return composed
        there, names = ([one.name for one in fields(holder)] for holder in (composed, cls))
        for name in names:
            if name not in there:
                raise unknown(f"key that {type(self).__name__} owns", name, there)
        return cls(**{name: getattr(composed, name) for name in names})

    @property
    def seconds_allowed(self) -> float | None:
        """The seconds that one run of it may take where it is isolated; None for no limit."""
        return None

    def load(self, config: Any) -> None:
        """Import what a run needs, before its time is taken; asked where it is isolated. What fails, fails the run."""
        del config

    def imports(self) -> Any:
        """Return what decides what `load` imports, to be compared: those that import the same may share a process."""
        return None

    def reads(self, config: Any) -> frozenset[str] | None:
        """Return what of its own it looks at under this configuration; None where its runs say so themselves."""
        del config
        return None if self.traced else self.owns()

    def former(self, config: Any) -> tuple[tuple[str, float], ...]:
        """Return fingerprints that earlier versions gave the same arm, each with the time its runs must be later than.

        Times are seconds since 1970.
        """
        del config
        return ()

    def planned(self, facts: Mapping[str, Any]) -> Program:
        """Return the Program as it is to run where it was planned by these facts of its own; by default as it is."""
        del facts
        return self

    @abstractmethod
    def facts(self, config: Any) -> dict[str, Any]:
        """Return what is known of an arm before it runs, without training.

        Must hold `fingerprint` (of the data, or of what stands in for it) and `dataset`; may hold `majority_rate`
        (what an accuracy of a failed run counts as), `parameters`, `multiply_adds` (of one example's forward pass),
        `train_size`, `classes`, `steps`, `data_notes` (what the user is told of the data before anything runs).
        `fingerprint` is part of a run's identity.
        """

    def metrics(self) -> Mapping[str, Metric]:
        """Return the scalars its runs may log, name -> what it means: what a claim can be about."""
        return self.METRICS

    def told(self, metrics: Mapping[str, Metric]) -> Self:
        """Return the same Program, told which metrics the study declares; most know by themselves what they log."""
        del metrics
        return self

    def seconds_per_run(self, config: Any, seeds: int) -> float | None:
        """Return a rough wall-clock time of one of `seeds` seed runs on one core, or None where that is unknown."""
        del config, seeds
        return None

    def ready(self, config: Any) -> None:
        """Do what is done once per machine and process before an arm is trained, or raise a `Failure` if it fails.

        Asked of every arm before the first is given to a process: what is stored then is found by all of them.
        """
        del config

    def graph(self, config: Any, *, seed: int) -> Graph | None:
        """Return the computation graph of an arm, measured on the first minibatch of a seed; None where there is none.

        Nothing is trained.
        """
        del config, seed
        return None

    @abstractmethod
    def run(self, config: Any, seeds: Sequence[int], observe: Observe | None = None) -> list[RunResult]:
        """Train every seed and return one result each, in the order of `seeds`."""
