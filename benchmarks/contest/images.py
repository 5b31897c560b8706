"""The same convolutional nets in PyTorch, one seed eagerly, with images in either order in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.nn import BatchNorm, Inception, ResNet
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import network_of
from contest.timing import Run


def eager(config: TrainConfig, *, channels_last: bool) -> Run:
    """Return what does eager steps of one seed with autograd and `torch.optim.SGD`.

    Raises
    ------
    SystemExit
        PyTorch's net has another number of parameters than ours.
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = _net(torch, config)
    parameters = sum(p.numel() for p in net.parameters())
    if parameters != network_of(config).parameters:
        raise SystemExit(f"not the same net: PyTorch's has {parameters:,} parameters")
    examples = config.dataset.examples()
    images, labels = torch.from_numpy(np.array(examples.images)), torch.from_numpy(np.array(examples.labels))
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

    def run(steps: int) -> None:
        for rows in torch.randint(len(labels), (steps, config.batch_size)):
            minibatch = images[rows]
            if channels_last:
                minibatch = minibatch.contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(minibatch), labels[rows]).backward()
            optimizer.step()

    return run


def _net(torch: Any, config: TrainConfig) -> Any:
    nn, model, norm = torch.nn, config.model, isinstance(config.norm, BatchNorm)

    def unit(channels: int, filters: int, kernel: int, padding: int, *, stride: int = 1, end: bool = True) -> list[Any]:
        conv = nn.Conv2d(channels, filters, kernel, stride=stride, padding=padding, bias=not norm)
        return [conv, *([nn.BatchNorm2d(filters)] if norm else []), *([nn.ReLU()] if end else [])]

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        """Four ways side by side."""

        def __init__(self, channels: int, w: int) -> None:
            super().__init__()
            self.ways = nn.ModuleList(
                [
                    nn.Sequential(*unit(channels, 2 * w, 1, 0)),
                    nn.Sequential(*unit(channels, 3 * w, 1, 0), *unit(3 * w, 4 * w, 3, 1)),
                    nn.Sequential(*unit(channels, w // 2, 1, 0), *unit(w // 2, w, 5, 2)),
                    nn.Sequential(nn.MaxPool2d(3, 1, 1), *unit(channels, w, 1, 0)),
                ]
            )

        def forward(self, x: Any) -> Any:
            return torch.cat([way(x) for way in self.ways], 1)

    class Around(nn.Module):  # type: ignore[misc, name-defined]
        """A residual block."""

        def __init__(self, channels: int, filters: int, stride: int) -> None:
            super().__init__()
            last = unit(filters, filters, 3, 1, end=False)
            self.body = nn.Sequential(*unit(channels, filters, 3, 1, stride=stride), *last)
            same = stride == 1 and channels == filters
            around = [] if same else unit(channels, filters, 1, 0, stride=stride, end=False)
            self.around = nn.Sequential(*around)

        def forward(self, x: Any) -> Any:
            return torch.relu(self.body(x) + self.around(x))

    if isinstance(model, Inception):
        layers, channels = unit(1, model.stem, 3, 1), model.stem
        for number, width in enumerate(model.widths):
            layers += [*([nn.MaxPool2d(2)] if number else []), Block(channels, width)]
            channels = 8 * width
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    elif isinstance(model, ResNet):
        layers, channels = unit(1, model.channels[0], 3, 1), model.channels[0]
        for stage, filters in enumerate(model.channels):
            for number in range(model.blocks):
                layers.append(Around(channels, filters, 2 if stage and number == 0 else 1))
                channels = filters
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    else:  # the book's
        head = [nn.Flatten(), nn.Linear(4320, 100), nn.ReLU(), nn.Linear(100, 10)]
        layers = [*unit(1, 30, 5, 0), nn.MaxPool2d(2), *head]
    return nn.Sequential(*layers)
