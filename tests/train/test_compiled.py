"""The compiled step against the NumPy form it is derived from, over everything that is registered."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ablate.data.augment.base import MixedLabels
from ablate.errors import UserError
from ablate.nn import (
    AvgPool,
    BatchNorm,
    BernoulliDropout,
    Conv2d,
    ConvNet,
    CrossEntropy,
    DeepConvNet,
    Dense,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    He,
    Identity,
    Inception,
    LayerNorm,
    MaxPool,
    Mlp,
    NoDropout,
    NoNorm,
    Parallel,
    ReLU,
    Replicas,
    Residual,
    ResNet,
    Sigmoid,
    SinglePath,
)
from ablate.nn.arrays import Cache
from ablate.nn.network import Network
from ablate.optim import SGD
from ablate.registry import options
from ablate.train.compiled.engine import Engine
from ablate.train.compiled.lower import NoKernelError, lower
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.path import COMPILED_FROM, compiled_program
from ablate.train.step import Stepper

BLOCKS = 3
ROUNDING = {"float64": 1e-12, "float32": 2e-5}
NETS = {
    "mlp": Mlp([8, 6]),
    "convnet": ConvNet([4], kernel=3, padding=1, hidden=[6]),
    "deep_convnet": DeepConvNet([3], hidden=[5]),
    "resnet": ResNet([3, 4]),
    "inception": Inception(3, 1, [2]),
    "single_path": SinglePath(3, 1, [4]),
}
COMPONENTS = [
    *((group, name) for group in ("activation", "norm", "dropout", "loss") for name in options(group)),
]


def generators(key):
    return [np.random.default_rng([key, block]) for block in range(BLOCKS)]


def both(config, network, *, batch=7, dtype="float64", loss=None, mixed=False, spoil=None):
    """Return (loss, gradients, running state) of one pass in the NumPy form, and compiled."""
    loss = loss or CrossEntropy()
    rng = np.random.default_rng(0)
    reference = Replicas(network, blocks=BLOCKS, dtype=dtype)
    reference.init(He(), generators(0))
    reference.params += (0.1 * rng.standard_normal(reference.params.shape)).astype(dtype)
    if spoil is not None:
        spoil(reference.params)
    compiled = Replicas(network, blocks=BLOCKS, dtype=dtype)
    compiled.copy_from(reference)
    x = rng.random((BLOCKS, batch, int(np.prod(network.in_shape)))).astype(dtype)
    own, other = rng.integers(network.out_shape[0], size=(2, BLOCKS, batch))
    labels = MixedLabels(own, other, rng.random(BLOCKS)) if mixed else own
    with np.errstate(all="ignore"):
        scores = reference.forward(x.copy(), train=True, rngs=generators(1))
        cache = Cache({}, dtype=reference.dtype, train=True, overwrite=True)
        value, dscores = loss.train_on(scores, labels, cache)
        reference.backward(dscores)
    arm = config(dtype=dtype, batch_size=batch, loss=loss)
    engine = Engine(arm, lower(network, loss, batch), compiled, SGD().init(compiled.params), None)
    losses = engine(range(1, 2), labels, examples=x[0], given=x, rngs=generators(1), move=False)
    return (value, reference.grads, reference.flat_state), (losses[0], compiled.grads, compiled.flat_state)


def assert_equal(found, expected, dtype):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
        np.testing.assert_array_equal(np.isinf(one), np.isinf(other))
        finite = np.isfinite(other)
        if finite.any():
            scale = max(1.0, np.abs(other[finite]).max())
            np.testing.assert_allclose(one[finite], other[finite], rtol=ROUNDING[dtype], atol=ROUNDING[dtype] * scale)


def build(model, *, activation=None, norm=None, dropout=None, shape=(1, 6, 5)):
    return model.build(
        shape, 3, activation=activation or ReLU(), norm=norm or NoNorm(), dropout=dropout or NoDropout()
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("group", "name"), COMPONENTS)
def test_every_component_is_what_numpy_makes_it(config, group, name, dtype):
    component = options(group)[name]()
    for model in ("mlp", "convnet"):
        network = build(NETS[model], **({} if group == "loss" else {group: component}))
        numpy, compiled = both(config, network, dtype=dtype, loss=component if group == "loss" else None)
        assert_equal(compiled, numpy, dtype)


@pytest.mark.parametrize("dropout", [NoDropout(), BernoulliDropout(0.3)])
@pytest.mark.parametrize("norm", [NoNorm(), BatchNorm(), GroupNorm(2), LayerNorm()])
@pytest.mark.parametrize("name", list(options("model")))
def test_every_model_is_what_numpy_makes_it(config, name, norm, dropout):
    for dtype in ("float64", "float32"):
        numpy, compiled = both(config, build(NETS[name], norm=norm, dropout=dropout), dtype=dtype)
        assert_equal(compiled, numpy, dtype)


@pytest.mark.parametrize("loss", [cls() for cls in options("loss").values()], ids=lambda loss: type(loss).__name__)
def test_mixed_labels_are_what_numpy_makes_them(config, loss):
    numpy, compiled = both(config, build(NETS["mlp"]), loss=loss, mixed=True)
    assert_equal(compiled, numpy, "float64")


# Layers in places where no model puts them: other strides and frames, vectors that lie with the batch last.
CHAINS = {
    "stride 2": [("c", Conv2d(3, 3, stride=2, padding=1)), ("f", Flatten()), ("d", Dense(3))],
    "stride 2, no frame": [("a", Conv2d(3, 2)), ("c", Conv2d(2, 2, stride=2)), ("f", Flatten()), ("d", Dense(3))],
    "wide frame": [("a", Conv2d(2, 1)), ("c", Conv2d(2, 2, padding=3)), ("f", Flatten()), ("d", Dense(3))],
    "1x1 with stride": [("a", Conv2d(2, 1)), ("c", Conv2d(3, 1, stride=2)), ("f", Flatten()), ("d", Dense(3))],
    "overlapping pools": [
        ("a", Conv2d(2, 1)), ("p", MaxPool(3, 2, 1)), ("q", AvgPool(2, 1)), ("f", Flatten()), ("d", Dense(3))
    ],
    "pool of the data": [("p", MaxPool(2)), ("q", AvgPool(2)), ("f", Flatten()), ("d", Dense(3))],
    "norm of flattened images": [
        ("c", Conv2d(3, 2)), ("f", Flatten()), ("n", BatchNorm()), ("r", ReLU()), ("o", BernoulliDropout()),
        ("d", Dense(3)),
    ],
    "layer norm of flattened images": [("c", Conv2d(3, 2)), ("f", Flatten()), ("n", LayerNorm()), ("d", Dense(3))],
    "norms first": [("n", BatchNorm()), ("m", GroupNorm(1)), ("c", Conv2d(2, 2)), ("f", Flatten()), ("d", Dense(3))],
    "mean of pixels, dropped": [
        ("c", Conv2d(3, 2)), ("g", GlobalAvgPool()), ("o", BernoulliDropout()), ("n", BatchNorm()), ("d", Dense(3))
    ],
    "norm before the branches": [
        ("c", Conv2d(3, 1)),
        ("r", Residual((("n", BatchNorm()), ("s", Sigmoid()), ("c", Conv2d(3, 3, padding=1))))),
        ("p", Parallel((("a", (("n", BatchNorm()), ("s", ReLU()))), ("b", ()), ("c", (("p", MaxPool(3, 1, 1)),))))),
        ("q", Residual((("s", ReLU()),), (("c", Conv2d(9, 1)),))),
        ("f", Flatten()), ("d", Dense(3)),
    ],
    "dropout of the data": [("o", BernoulliDropout()), ("f", Flatten()), ("e", Dense(4)), ("d", Dense(3))],
    "activation of the data": [("s", Sigmoid()), ("f", Flatten()), ("d", Dense(3))],
    "vectors around": [
        ("f", Flatten()), ("e", Dense(3)), ("r", Residual((("d", Dense(3)), ("s", Sigmoid())))), ("d", Dense(3))
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", list(CHAINS))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_layers_in_any_place_are_what_numpy_makes_them(config, name, dtype):
    numpy, compiled = both(config, Network((2, 6, 5), CHAINS[name]), dtype=dtype)
    assert np.abs(numpy[1]).max() > 0.0
    assert_equal(compiled, numpy, dtype)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200, -1e200])
@pytest.mark.parametrize("activation", list(options("activation")))
def test_what_is_not_finite_is_so_in_both(config, activation, value):
    def spoil(params):
        params[1, 0] = value  # one weight of the second block, and no other block

    network = build(Mlp([8, 6]), activation=options("activation")[activation]())
    numpy, compiled = both(config, network, spoil=spoil)
    for one, other in zip(compiled, numpy, strict=True):
        np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
        assert np.isfinite(one[[0, 2]]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("norm", [NoNorm(), BatchNorm(), GroupNorm(2), LayerNorm()])
@pytest.mark.parametrize("name", list(options("model")))
def test_what_is_not_finite_in_images_is_so_in_both(config, name, norm, value):
    def spoil(params):
        params[1, 0] = value

    numpy, compiled = both(config, build(NETS[name], norm=norm), spoil=spoil)
    for one, other in zip(compiled, numpy, strict=True):
        np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))
        assert np.isfinite(one[[0, 2]]).all()


def trained(arm, *, seeds=(0, 1), form):
    """Return the runs of an arm, trained by one form."""
    return NumpyProgram().run(replace(arm, compiled=form == "compiled", dtype="float64"), list(seeds))


SETTINGS = [
    *({"optimizer": cls()} for cls in options("optimizer").values()),
    *({"schedule": cls()} for cls in options("schedule").values()),
    *({"optimizer": cls(), "schedule": options("schedule")["inverse_sqrt"](), "freeze": "hidden"}
      for cls in options("optimizer").values()),
    *({"augment": cls()} for cls in options("augment").values()),
    {"l2": 0.1},
    {"l2": 0.1, "clip_norm": 0.05},
    {"freeze": "hidden", "l2": 0.1, "clip_norm": 0.05},
    {"sampling": "replacement", "batch_size": 1},
    {"change_at": 2},
    {"ensemble": 2, "dropout": BernoulliDropout(0.2)},
]  # fmt: skip


@pytest.mark.parametrize("changed", SETTINGS, ids=str)
def test_whole_runs_are_the_same_to_rounding(config, changed):
    arm = config(norm=BatchNorm(), **changed)
    one, other = (trained(arm, form=form) for form in ("compiled", "numpy"))
    for compiled, numpy in zip(one, other, strict=True):
        assert compiled.outcome == numpy.outcome
        for name, curve in numpy.curves.items():
            np.testing.assert_allclose(compiled.curves[name].values, curve.values, rtol=1e-7, atol=1e-9)


def test_half_precision_rounds_the_same_updates(config):
    arm = config(dtype="float16", steps=3, optimizer=options("optimizer")["adamw"]())
    one, other = (NumpyProgram().run(replace(arm, compiled=form), [0])[0] for form in (True, False))
    # An update that lies between two halves may be rounded to either.
    np.testing.assert_allclose(one.curves["train/loss"].values, other.curves["train/loss"].values, rtol=1e-3)


def test_everything_registered_has_a_compiled_form(config):
    for group in ("activation", "norm", "dropout", "loss", "model", "optimizer", "schedule", "augment"):
        for name, component in options(group).items():
            arm = config(**{group: NETS[name] if group == "model" else component()}, compiled=True)
            assert compiled_program(arm, network_of(arm)) is not None, (group, name)


@dataclass(frozen=True)
class Doubled(ReLU):
    """One of a user's own, derived from one that is compiled."""

    def value(self, x):
        return 2.0 * super().value(x)

    def apply(self, x, out, cache):
        out[...] = self.value(x)

    def slope(self, x, y):
        return 2.0 * super().slope(x, y)

    def chain(self, dy, x, y, cache):
        dy *= self.slope(x, y)


def test_what_has_no_compiled_form_is_trained_by_its_numpy_form(config):
    arm = config(activation=Doubled(), steps=COMPILED_FROM)
    with pytest.raises(NoKernelError, match="Doubled"):
        lower(network_of(arm), arm.loss, arm.batch_size)
    assert not NumpyProgram().facts(arm)["compiled"]
    one, other = (NumpyProgram().run(replace(arm, compiled=form), [0])[0] for form in ("auto", False))
    np.testing.assert_array_equal(one.curves["train/loss"].values, other.curves["train/loss"].values)
    plain = NumpyProgram().run(config(steps=COMPILED_FROM), [0])[0]
    assert not np.array_equal(one.curves["train/loss"].values, plain.curves["train/loss"].values)
    with pytest.raises(UserError, match="`compiled` must be auto or false with Doubled, which has no compiled form"):
        NumpyProgram().facts(replace(arm, compiled=True))


@dataclass(frozen=True)
class Reversed(SGD):
    """An optimizer of a user's own."""

    def update(self, grads, slots, params, step):
        params += self.lr * grads


def test_an_optimizer_without_a_rule_moves_what_compiled_passes_found(config):
    one, other = (
        trained(config(optimizer=Reversed(0.01), l2=0.1, clip_norm=1.0), form=form) for form in ("compiled", "numpy")
    )
    losses = one[0].curves["train/loss"].values
    np.testing.assert_allclose(losses, other[0].curves["train/loss"].values, rtol=1e-9)
    assert losses[-1] > losses[0]


def form(arm):
    return NumpyProgram().facts(arm)["compiled"]


def test_an_arm_is_compiled_from_so_many_steps_on_and_by_nothing_else(config, monkeypatch):
    few, many = config(steps=COMPILED_FROM - 1), config(steps=COMPILED_FROM)
    # What the machine, its cache or Numba's settings are like does not count.
    for name, value in [("NUMBA_DISABLE_JIT", "1"), ("NUMBA_CACHE_DIR", "/nowhere")]:
        monkeypatch.setenv(name, value)
    assert (form(few), form(many)) == (False, True)
    assert (form(config(epochs=142)), form(config(epochs=143))) == (False, True)  # 7 steps each
    for seeds in (1, [7], 100):
        assert form(replace(many, seeds=seeds))
        assert not form(replace(few, seeds=seeds))


def test_a_setting_decides_for_all_arms(config):
    assert form(config(compiled=True))
    assert not form(config(steps=COMPILED_FROM, compiled=False))


@pytest.mark.parametrize("wrong", ["True", "yes", 1, 0, None, "of"])
def test_the_setting_has_three_values(config, wrong):
    with pytest.raises(UserError, match="`compiled` must be auto, true or false, got"):
        config(compiled=wrong)


@pytest.mark.parametrize("steps", [COMPILED_FROM - 1, COMPILED_FROM])
def test_all_steps_of_a_run_are_done_by_the_form_that_is_announced(config, monkeypatch, steps):
    arm, done = config(steps=steps), []
    numpy, compiled = Stepper.__call__, Engine.__call__

    def by_numpy(self, positions):
        done.append((False, 1))
        return numpy(self, positions)

    def by_engine(self, ahead, *rest, **named):
        done.append((True, len(ahead)))
        return compiled(self, ahead, *rest, **named)

    monkeypatch.setattr(Stepper, "__call__", by_numpy)
    monkeypatch.setattr(Engine, "__call__", by_engine)
    NumpyProgram().run(arm, [0])
    assert {form for form, _ in done} == {form(arm)}
    assert sum(count for _, count in done) == steps


FAULTS = {
    "switched off": ("numba.config", "DISABLE_JIT", True, "NUMBA_DISABLE_JIT switches Numba off"),
    "does not compile": (
        "ablate.train.compiled.load", "loaded", None, r"\(ValueError: a pass failed\); `compiled=false` trains by NumPy"
    ),
    "no BLAS to call": (
        "ablate.train.compiled.blas", "gemm_address", None, r"\(ValueError: a pass failed\); `compiled=false`"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", list(FAULTS))
def test_what_cannot_be_compiled_is_one_line_before_anything_is_trained(config, monkeypatch, fault):
    def failing(*_, **__):
        raise ValueError("a pass failed\nwith many lines to say why")

    module, name, value, said = FAULTS[fault]
    monkeypatch.setattr(f"{module}.{name}", failing if value is None else value)
    monkeypatch.setattr(Stepper, "__init__", None)  # nobody gets so far
    arm = config(compiled=True)
    for asked in (NumpyProgram().ready, lambda arm: NumpyProgram().run(arm, [0])):
        with pytest.raises(NotCompiledError, match=said) as found:
            asked(arm)
        assert "\n" not in str(found.value)
    NumpyProgram().ready(config())  # an arm that needs nothing compiled asks for nothing


def test_a_network_that_only_passes_data_on_has_no_program():
    with pytest.raises(NoKernelError):
        lower(Network((2, 2, 2), [("i", Identity()), ("g", GlobalAvgPool())]), CrossEntropy(), 4)


SHORT = """
import sys
sys.path.insert(0, {folder!r})
from conftest import Blobs
from ablate.data.augment.none import NoAugmentation
from ablate.nn import CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram
arm = TrainConfig(
    model=Mlp([8]), dataset=Blobs(), activation=ReLU(), optimizer=SGD(0.1), init=He(), norm=NoNorm(),
    dropout=NoDropout(), augment=NoAugmentation(), loss=CrossEntropy(), program=NumpyProgram(), steps={steps},
    batch_size=16,
)
NumpyProgram().ready(arm)
NumpyProgram().run(arm, [0])
print("numba" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.parametrize("steps", [COMPILED_FROM - 1, COMPILED_FROM])
def test_an_arm_trained_by_numpy_waits_for_no_compiler(steps):
    code = SHORT.format(folder=str(Path(__file__).parent), steps=steps)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(steps == COMPILED_FROM)]
