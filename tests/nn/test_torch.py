"""The same numbers as PyTorch, an independent implementation (`pip install ablate-studies[torch]`)."""

import numpy as np
import pytest

from ablate.nn import (
    AvgPool,
    BatchNorm,
    Conv2d,
    ConvNet,
    CrossEntropy,
    Dense,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    He,
    Inception,
    LayerNorm,
    MaxPool,
    Mlp,
    NoDropout,
    NoNorm,
    ReLU,
    Replicas,
    Residual,
)
from ablate.nn.arrays import Cache
from ablate.nn.network import Network
from ablate.optim import Momentum
from ablate.registry import options

torch = pytest.importorskip("torch")
nn = torch.nn

IMAGE, VECTOR = (3, 9, 7), (6,)
BATCH = 5


class Joined(nn.Module):
    """Ways side by side, joined on channels."""

    def __init__(self, *ways):
        super().__init__()
        self.ways = nn.ModuleList(ways)

    def forward(self, x):
        return torch.cat([way(x) for way in self.ways], 1)


class Around(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


LAYERS = {
    "dense": (VECTOR, Dense(4), lambda: nn.Linear(6, 4)),
    "conv": (IMAGE, Conv2d(4, 3), lambda: nn.Conv2d(3, 4, 3)),
    "conv, same": (IMAGE, Conv2d(4, 5, padding=2), lambda: nn.Conv2d(3, 4, 5, padding=2)),
    "conv, strided": (IMAGE, Conv2d(4, 3, stride=2, padding=1), lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1)),
    "conv 1x1": (IMAGE, Conv2d(4, 1, bias=False), lambda: nn.Conv2d(3, 4, 1, bias=False)),
    "max pool": (IMAGE, MaxPool(2), lambda: nn.MaxPool2d(2)),
    "max pool, same": (IMAGE, MaxPool(3, stride=1, padding=1), lambda: nn.MaxPool2d(3, 1, 1)),
    "max pool, overlapping": (IMAGE, MaxPool(3, stride=2), lambda: nn.MaxPool2d(3, 2)),
    "average pool": (IMAGE, AvgPool(2), lambda: nn.AvgPool2d(2)),
    "average pool, same": (IMAGE, AvgPool(3, stride=1, padding=1), lambda: nn.AvgPool2d(3, 1, 1)),
    "global average": (IMAGE, GlobalAvgPool(), lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
    "flatten": (IMAGE, Flatten(), nn.Flatten),
    "batch norm": (VECTOR, BatchNorm(), lambda: nn.BatchNorm1d(6)),
    "batch norm of images": (IMAGE, BatchNorm(), lambda: nn.BatchNorm2d(3)),
    "layer norm": (VECTOR, LayerNorm(), lambda: nn.LayerNorm(6)),
    "layer norm of images": (IMAGE, LayerNorm(), lambda: nn.GroupNorm(1, 3)),
    "group norm": (VECTOR, GroupNorm(2), lambda: nn.GroupNorm(2, 6)),
    "group norm of images": (IMAGE, GroupNorm(3), lambda: nn.GroupNorm(3, 3)),
    "residual": (
        IMAGE,
        Residual([("c", Conv2d(4, 3, padding=1)), ("n", BatchNorm())], [("p", Conv2d(4, 1))]),
        lambda: Around(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)), nn.Conv2d(3, 4, 1)),
    ),
    **{
        f"activation {name}": (VECTOR, options("activation")[name](), make)
        for name, make in {
            "relu": nn.ReLU,
            "leaky_relu": nn.LeakyReLU,
            "sigmoid": nn.Sigmoid,
            "tanh": nn.Tanh,
            "elu": nn.ELU,
            "silu": nn.SiLU,
            "softplus": nn.Softplus,
            "hard_sigmoid": nn.Hardsigmoid,
            "gelu": nn.GELU,
        }.items()
    },
}


def pairs(network, flat, module):
    """Yield each of our parameters (one block, in PyTorch's orientation) with PyTorch's, both in order of use."""
    ours = [
        view[0].T if name == "W" and view[0].ndim == 2 else view[0]
        for views in network.layout.views(flat)
        for name, view in views.items()
    ]
    theirs = list(module.parameters())
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        yield one.reshape(tuple(other.shape)), other


def side_by_side(network, module):
    """Return one replica of `network` and `module` with its weights, float64."""
    replicas = Replicas(network, blocks=1, dtype="float64")
    replicas.init(He(), [np.random.default_rng(0)])
    replicas.params += 0.1 * np.random.default_rng(1).standard_normal(replicas.params.shape)
    module = module.double()
    for ours, theirs in pairs(network, replicas.params, module):
        theirs.data[...] = torch.from_numpy(ours.copy())
    return replicas, module


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_and_its_gradients_agree(name):
    shape, layer, make = LAYERS[name]
    network = Network(shape, [("layer", layer)])
    replicas, module = side_by_side(network, make())
    rng = np.random.default_rng(2)
    x = rng.standard_normal((1, BATCH, *shape))
    y = replicas.forward(x, train=True)
    dy = rng.standard_normal(y.shape)
    at = torch.from_numpy(x[0].copy()).requires_grad_()
    expected = module(at)
    np.testing.assert_allclose(y[0], expected.detach(), rtol=1e-5, atol=1e-10)
    expected.backward(torch.from_numpy(dy[0].copy()))
    dx = replicas.backward(dy.copy(), need_dx=True)
    np.testing.assert_allclose(dx[0], at.grad, rtol=1e-5, atol=1e-10)
    for ours, theirs in pairs(network, replicas.grads, module):
        np.testing.assert_allclose(ours, theirs.grad, rtol=1e-5, atol=1e-10)


def torch_conv(channels, filters, kernel):
    conv = nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(filters), nn.ReLU()]


def torch_inception(channels, width):
    return Joined(
        nn.Sequential(*torch_conv(channels, 2 * width, 1)),
        nn.Sequential(*torch_conv(channels, 3 * width, 1), *torch_conv(3 * width, 4 * width, 3)),
        nn.Sequential(*torch_conv(channels, width // 2, 1), *torch_conv(width // 2, width, 5)),
        nn.Sequential(nn.MaxPool2d(3, 1, 1), *torch_conv(channels, width, 1)),
    )


NETS = {
    "mlp with BatchNorm": (
        Mlp([9, 8]),
        BatchNorm(),
        lambda: [
            *(nn.Flatten(), nn.Linear(64, 9, bias=False), nn.BatchNorm1d(9), nn.ReLU()),
            *(nn.Linear(9, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)),
        ],
    ),
    "convnet": (
        ConvNet([6], hidden=[9]),
        NoNorm(),
        lambda: [
            *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(24, 9), nn.ReLU(), nn.Linear(9, 3)),
        ],
    ),
    "inception with BatchNorm": (
        Inception(4, 1, [2, 2]),
        BatchNorm(),
        lambda: [
            *torch_conv(1, 4, 3),
            *(torch_inception(4, 2), nn.MaxPool2d(2), torch_inception(16, 2)),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3)),
        ],
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_ten_training_steps_agree(name):
    model, norm, make = NETS[name]
    network = model.build((1, 8, 8), 3, activation=ReLU(), norm=norm, dropout=NoDropout())
    replicas, module = side_by_side(network, nn.Sequential(*make()))
    optimizer = Momentum(0.05)
    slots = optimizer.init(replicas.params, decayed=network.layout.decayed)
    theirs = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    rng = np.random.default_rng(3)
    cache = Cache({}, dtype=np.dtype("float64"), train=True, overwrite=True)
    start = replicas.params.copy()
    for step in range(1, 11):
        x, labels = rng.standard_normal((1, 8, 1, 8, 8)), rng.integers(3, size=(1, 8))
        loss, dscores = CrossEntropy().train(replicas.forward(x, train=True), labels, cache)
        replicas.backward(dscores)
        optimizer.update(replicas.grads, slots, replicas.params, step)
        theirs.zero_grad()
        expected = nn.functional.cross_entropy(module(torch.from_numpy(x[0])), torch.from_numpy(labels[0]))
        expected.backward()
        theirs.step()
        np.testing.assert_allclose(loss[0], expected.item(), rtol=1e-6)
    assert np.abs(replicas.params - start).max() > 0.01
    for ours, other in pairs(network, replicas.params, module):
        np.testing.assert_allclose(ours, other.detach(), rtol=1e-6, atol=1e-9)
