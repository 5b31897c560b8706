"""The same step in PyTorch: one seed eagerly, as a seed is trained there; all seeds at once by hand with `bmm`."""

from __future__ import annotations

from typing import Any

import numpy as np

from contest.dense import CLASSES, EXAMPLES, RATE, Shape, drawn
from contest.timing import Run


def _data(torch: Any, shape: Shape) -> tuple[Any, Any]:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch.rand(EXAMPLES, shape.widths[0]), torch.randint(CLASSES, (EXAMPLES,))


def eager(shape: Shape) -> Run:
    """Return what does eager steps of one seed with autograd and `torch.optim.SGD`."""
    import torch

    images, labels = _data(torch, shape)
    layers: list[Any] = []
    for width, units in shape.layers[:-1]:
        linear = torch.nn.Linear(width, units, bias=not shape.norm)
        layers += [linear, *([torch.nn.BatchNorm1d(units)] if shape.norm else []), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(*shape.layers[-1]))
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)

    def run(steps: int) -> None:
        for rows in torch.from_numpy(drawn(shape, steps).astype(np.int64)):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
            optimizer.step()

    return run


def by_hand(shape: Shape, seeds: int) -> Run:
    """Return what does steps of all seeds at once, forward and backward written out, without autograd."""
    import torch

    images, labels = _data(torch, shape)
    weights = [torch.randn(seeds, w, u) * (2.0 / w) ** 0.5 for w, u in shape.layers]
    biases = [torch.zeros(seeds, 1, u) for _, u in shape.layers]
    gains = [torch.ones(seeds, 1, u) for _, u in shape.layers[:-1]]
    means = [torch.zeros(seeds, 1, u) for _, u in shape.layers[:-1]]
    variances = [torch.ones(seeds, 1, u) for _, u in shape.layers[:-1]]
    last = len(weights) - 1

    def step(rows: Any) -> None:
        x, target = images[rows], labels[rows]
        inputs, kept = [], []
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            inputs.append(x)
            if k == last or not shape.norm:
                y = torch.baddbmm(b, x, w)
            else:
                y = torch.bmm(x, w)
                variance, mean = torch.var_mean(y, 1, correction=0, keepdim=True)
                means[k].lerp_(mean, 0.1)
                variances[k].lerp_(variance, 0.1)
                inverse = torch.rsqrt(variance + 1e-5)
                y.sub_(mean).mul_(inverse)
                kept.append((y, inverse))
                y = torch.addcmul(b, y, gains[k])
            x = y if k == last else y.clamp_(min=0.0)
        dy = torch.softmax(x, 2)
        dy.scatter_add_(2, target[..., None], torch.full((*target.shape, 1), -1.0)).div_(shape.batch)
        for k in range(last, -1, -1):
            if k < last:
                dy.mul_(inputs[k + 1] > 0.0)
            if k < last and shape.norm:
                normed, inverse = kept[k]
                dgain, dshift = (dy * normed).sum(1, keepdim=True), dy.sum(1, keepdim=True)
                dy.sub_(dshift / shape.batch).sub_(normed.mul_(dgain / shape.batch)).mul_(inverse.mul_(gains[k]))
                gains[k].sub_(dgain, alpha=RATE)
            else:
                dshift = dy.sum(1, keepdim=True)
            dw = torch.bmm(inputs[k].transpose(1, 2), dy)
            if k:
                dy = torch.bmm(dy, weights[k].transpose(1, 2))
            weights[k].sub_(dw, alpha=RATE)
            biases[k].sub_(dshift, alpha=RATE)

    def run(steps: int) -> None:
        with torch.no_grad():
            for rows in torch.from_numpy(drawn(shape, steps, seeds).astype(np.int64)):
                step(rows)

    return run
