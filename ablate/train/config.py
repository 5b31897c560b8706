"""The configuration of one arm: components by their slot, and the plain settings of training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from ablate.data.augment.base import Augmentation
from ablate.data.base import Dataset
from ablate.errors import must, unknown
from ablate.nn import Activation, Dropout, Initializer, Loss, Model, Norm
from ablate.optim import Constant, Optimizer, Schedule
from ablate.train.program import Program

COMPONENTS: dict[str, type] = {
    "model": Model,
    "dataset": Dataset,
    "activation": Activation,
    "optimizer": Optimizer,
    "init": Initializer,
    "norm": Norm,
    "dropout": Dropout,
    "augment": Augmentation,
    "loss": Loss,
    "program": Program,
    "schedule": Schedule,
}
"""Configuration group -> the base class of its components."""

DTYPES = ("float16", "float32", "float64")
SAMPLINGS = ("replacement", "shuffle")
SPLITS = ("train", "validation")
KEEPS = ("last", "best")
FREEZES = ("none", "hidden")
OBSERVERS = ("activations", "gradients", "dead_units", "steps")

NO_IDENTITY = frozenset({"seeds", "memory_gb", "compiled"})
"""Settings on which no seed's result depends, but for rounding."""

MOST_SEED = 2**63 - 1
"""The largest seed: tables and stored arrays hold 64-bit integers."""

MOST_SEEDS = 100_000
"""The most seeds of an arm: far beyond any study, and still planned within a minute."""

_MISSING: Any = "???"  # what OmegaConf reads as "must be given"; this package's core does not import it


@dataclass(frozen=True)
class TrainConfig:
    """How one arm is trained.

    Attributes
    ----------
    model, dataset, activation, optimizer, init, norm, dropout, augment, loss, program
        The components. Every one must be given. The program is what trains: the NumPy core, or something else.
    schedule
        What the learning rate is multiplied by at each step; by default 1.
    epochs
        Passes over the training part; an epoch is ``max(train_size // batch_size, 1)`` steps.
    steps
        Optimizer steps; where given, `epochs` is not used.
    batch_size
        Examples per minibatch and block.
    sampling
        `shuffle`: a new order each epoch, what does not fill a minibatch is left out of it. `replacement`: each
        minibatch is drawn afresh with replacement, as the book does.
    evaluate_from, evaluate_every
        Steps done at the first evaluation, and between evaluations (None: an epoch). The last step is always
        evaluated. The book evaluates from 1.
    target_accuracy, target_split
        The accuracy that has to hold at two consecutive evaluations, and the part it is measured on. None: no target is
        set, which only a Program without a target of its own may be given (see `Program.has_target`).
    keep
        Which parameters `final/…` and the test part are about: `last`, those after the last step, or `best`, those of
        the evaluation with the best validation accuracy (early stopping).
    l2
        λ: adds ½ λ ‖W‖² to the loss, λ W to the weights' gradients; biases and norm parameters are left alone.
        Reported losses are without it.
    clip_norm
        Where a block's whole gradient is longer than this, it is scaled down to it; None: never.
    dtype
        `float32` or `float64`: of everything. `float16` is simulated, because NumPy multiplies half-precision matrices
        a number at a time: parameters and each update are rounded to float16; activations, gradients and the
        optimizer's running quantities are float32, so neither their overflow nor their underflow is reproduced.
    ensemble
        Nets that are trained for each seed, on its one training subset, each with its own initial weights, minibatch
        order, dropout and augmentation (see `ablate.train.loop`). What is evaluated is the mean of their predicted
        probabilities. The first is the net that a run without `ensemble` trains. 1 is not part of a run's identity.
    redraw
        Which draw of all that training draws beside the data: initial weights, minibatch order, dropout, augmentation.
        0: the seed's first; another number: drawn anew, with the training, validation and test part of the same seed.
        0 is not part of a run's identity.
    freeze
        `hidden`: only the last layer with weights learns; everything before it stays as it was drawn, to the bit
        (random features). Running statistics of norms still follow the data. `none`: everything learns.
    change_at
        Epochs after which the task changes: each seed's labels are renamed by its own permutation of the classes that
        leaves none in place. Training then goes on for `epochs` (or `steps`), so that every arm has the same time to
        recover, and target, outcome and curve areas are those from the change on. None: no change.
    observe
        What is looked at while training, without changing it (see `ablate.train.lens`): `activations`, `gradients`,
        `dead_units`, `steps`.
    memory_gb
        GiB (2³⁰ bytes) that the blocks trained at a time may hold; an arm whose seeds need more trains them in
        groups. A single block that needs more is trained all the same. No part of a run's identity.
    compiled
        Whether steps are done by compiled code, the same to rounding: `auto`, in arms of 1,000 steps or more
        (`ablate.train.path`) all parts of which have a compiled form; True, in all arms; False, in none. No part of a
        run's identity.
    seeds
        How many seeds (0 … n-1), or a list of them.
    """

    model: Model = _MISSING
    dataset: Dataset = _MISSING
    activation: Activation = _MISSING
    optimizer: Optimizer = _MISSING
    init: Initializer = _MISSING
    norm: Norm = _MISSING
    dropout: Dropout = _MISSING
    augment: Augmentation = _MISSING
    loss: Loss = _MISSING
    program: Program = _MISSING
    schedule: Schedule = _MISSING
    epochs: int = 20
    steps: int | None = None
    batch_size: int = 100
    sampling: str = "shuffle"
    evaluate_from: int = 0
    evaluate_every: int | None = None
    target_accuracy: float | None = 0.9
    target_split: str = "validation"
    keep: str = "last"
    l2: float = 0.0
    clip_norm: float | None = None
    dtype: str = "float32"
    ensemble: int = field(default=1, metadata={"unsaid": 1})
    redraw: int = field(default=0, metadata={"unsaid": 0})
    freeze: str = "none"
    change_at: int | None = None
    observe: list[str] = field(default_factory=list)
    memory_gb: float = 1.0
    compiled: Any = "auto"
    seeds: Any = 8

    def __post_init__(self) -> None:
        if self.schedule == _MISSING:  # OmegaConf would bind the slot to the class of a default
            object.__setattr__(self, "schedule", Constant())
        for slot in fields(self):
            base = COMPONENTS.get(slot.name)
            value = getattr(self, slot.name)
            if base is not None and not isinstance(value, base):
                got = None if value == _MISSING else value
                raise must(slot.name, f"be a registered {slot.name} component", got)
        for name in ("epochs", "batch_size", "ensemble"):
            _at_least(1, name, getattr(self, name))
        for name in ("steps", "evaluate_every", "change_at"):
            if getattr(self, name) is not None:
                _at_least(1, name, getattr(self, name))
        for name in ("evaluate_from", "redraw"):
            _at_least(0, name, getattr(self, name))
        named = {"sampling": SAMPLINGS, "target_split": SPLITS, "keep": KEEPS, "dtype": DTYPES, "freeze": FREEZES}
        for name, choices in named.items():
            if getattr(self, name) not in choices:
                raise unknown(name, str(getattr(self, name)), choices)
        unset = self.target_accuracy is None and not self.program.has_target
        if not unset and not (self.target_accuracy is not None and 0.0 < self.target_accuracy <= 1.0):
            raise must("target_accuracy", "be > 0 and <= 1", self.target_accuracy)
        if not 0.0 <= self.l2 < math.inf:
            raise must("l2", "be >= 0", self.l2)
        if not 0.0 < self.memory_gb < math.inf:
            raise must("memory_gb", "be > 0", self.memory_gb)
        if self.compiled != "auto" and not isinstance(self.compiled, bool):
            raise must("compiled", "be auto, true or false", self.compiled)
        if self.clip_norm is not None and not 0.0 < self.clip_norm < math.inf:
            raise must("clip_norm", "be > 0, or null for no clipping", self.clip_norm)
        if self.change_at is not None and self.augment.needs_training_set:
            raise must("change_at", "be null with an augmentation that is prepared before training", self.change_at)
        if self.keep == "best" and self.change_at is not None:
            raise must("keep", "be `last` where the task changes: the best before it is of another task", self.keep)
        for name in self.observe:
            if name not in OBSERVERS:
                raise unknown("observe", str(name), OBSERVERS)
        if len(set(self.observe)) < len(self.observe):
            raise must("observe", "name each observer once", list(self.observe))
        if self.observe and self.ensemble > 1:
            raise must("observe", "be [] with an ensemble: an observer looks into one net", list(self.observe))
        seed_list(self.seeds)

    @property
    def target(self) -> float:
        """`target_accuracy`, of a Program that has a target."""
        assert self.target_accuracy is not None
        return self.target_accuracy

    @property
    def arithmetic(self) -> str:
        """The dtype that is computed in: `dtype`, or float32 where that is simulated."""
        return "float32" if self.dtype == "float16" else self.dtype


def _at_least(low: int, name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise must(name, f"be a whole number >= {low}", value)


def seed_list(seeds: Any, where: str = "seeds") -> list[int]:
    """Return the seeds that `seeds` stands for; `where` names it in errors.

    >>> seed_list(3), seed_list([4, 7])
    ([0, 1, 2], [4, 7])

    Raises
    ------
    UserError
        It is neither a count >= 1 nor a list of different numbers >= 0; there are more than `MOST_SEEDS`, or one is
        above `MOST_SEED`.
    """
    if _whole(seeds) and seeds >= 1:
        check_seed_count(seeds, where)
        return list(range(seeds))
    if isinstance(seeds, list | tuple) and seeds:
        check_seed_count(len(seeds), where)
        if all(_whole(seed) and seed >= 0 for seed in seeds) and len(set(seeds)) == len(seeds):
            check_seed(max(seeds), where)
            return list(seeds)
    raise must(where, "be a count >= 1 or a list of different whole numbers >= 0", _Shown(seeds))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def check_seed_count(count: int, where: str = "seeds") -> None:
    """Refuse more seeds than any study has, before a list of them is made."""
    if count > MOST_SEEDS:
        raise must(where, f"ask for at most {MOST_SEEDS:,} seeds per arm", _Shown(count))


def check_seed(seed: int, where: str = "seeds") -> None:
    """Refuse a seed that cannot be kept in tables: everything would be trained, and nothing could be read."""
    if seed > MOST_SEED:
        raise must(where, f"hold no seed above {MOST_SEED} (2^63 - 1)", _Shown(seed))


class _Shown:
    """A value as an error shows it: cut, and also where Python refuses to write out a number of thousands of digits."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        try:
            text = repr(self._value)
        except ValueError:
            return "a number of thousands of digits"
        return text if len(text) <= 80 else f"{text[:79]}…"
