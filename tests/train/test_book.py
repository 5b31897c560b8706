"""The book's network, written as the book writes it, against the core: Deep Learning from Scratch 6.3.

A plain restatement of its `MultiLayerNetExtend` with `BatchNormalization`, `Affine`, `Relu` and `SGD`, for one
network at a time. Sizes, eps, running rule and order of layers are the book's.
"""

import numpy as np

from ablate.nn import BatchNorm, Normal
from ablate.optim import SGD
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.numpy_program import network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper


class BookNet:
    """Affine → BatchNorm → ReLU, twice, then Affine; every Affine has a bias, as in the book."""

    def __init__(self, weights):
        self.W = [w.copy() for w in weights]
        self.b = [np.zeros(w.shape[1]) for w in weights]
        self.gamma = [np.ones(w.shape[1]) for w in weights[:-1]]
        self.beta = [np.zeros(w.shape[1]) for w in weights[:-1]]
        self.running_mean = [np.zeros(w.shape[1]) for w in weights[:-1]]
        self.running_var = [np.zeros(w.shape[1]) for w in weights[:-1]]

    def forward(self, x, *, train):
        self.memory = []
        for i in range(len(self.gamma)):
            z = x @ self.W[i] + self.b[i]
            if train:
                mu = z.mean(axis=0)
                xc = z - mu
                var = np.mean(xc**2, axis=0)
                std = np.sqrt(var + 10e-7)
                xn = xc / std
                self.running_mean[i] = 0.9 * self.running_mean[i] + (1 - 0.9) * mu
                self.running_var[i] = 0.9 * self.running_var[i] + (1 - 0.9) * var
            else:
                xc, std = z - self.running_mean[i], None
                xn = xc / np.sqrt(self.running_var[i] + 10e-7)
            out = self.gamma[i] * xn + self.beta[i]
            self.memory.append((x, xc, xn, std, out <= 0))
            x = np.where(out <= 0, 0.0, out)
        self.last = x
        return x @ self.W[-1] + self.b[-1]

    def step(self, x, t, lr):
        scores = self.forward(x, train=True)
        y = np.exp(scores - scores.max(axis=1, keepdims=True))
        y /= y.sum(axis=1, keepdims=True)
        dout = y.copy()
        dout[np.arange(len(t)), t] -= 1
        dout /= len(t)
        gW, gb = [self.last.T @ dout], [dout.sum(axis=0)]
        ggamma, gbeta = [], []
        dout = dout @ self.W[-1].T
        for i in reversed(range(len(self.gamma))):
            x_in, xc, xn, std, mask = self.memory[i]
            dout = np.where(mask, 0.0, dout)
            gbeta.insert(0, dout.sum(axis=0))
            ggamma.insert(0, np.sum(xn * dout, axis=0))
            dxn = self.gamma[i] * dout
            dxc = dxn / std
            dstd = -np.sum((dxn * xc) / (std * std), axis=0)
            dvar = 0.5 * dstd / std
            dxc += (2.0 / len(t)) * xc * dvar
            dout = dxc - np.sum(dxc, axis=0) / len(t)
            gW.insert(0, x_in.T @ dout)
            gb.insert(0, dout.sum(axis=0))
            dout = dout @ self.W[i].T
        for params, grads in ((self.W, gW), (self.b, gb), (self.gamma, ggamma), (self.beta, gbeta)):
            for i, g in enumerate(grads):
                params[i] -= lr * g


def test_training_follows_the_books_code_step_by_step(config):
    arm = config(
        norm=BatchNorm(eps=1e-6, old_weight=0.9, running="book"),
        init=Normal(0.3),
        optimizer=SGD(0.1),
        sampling="replacement",
        dtype="float64",
    )
    seeds = [0, 5]
    source, parts = PartSource.of(arm.dataset, arm.dtype), Parts.of(arm.dataset, seeds)
    stepper = Stepper(arm, network_of(arm), source, seeds)
    replicas = stepper.replicas
    weights = [[views["W"][block] for views in replicas.views if "W" in views] for block in range(2)]
    books = [BookNet(w) for w in weights]
    batches = minibatches(arm, parts.train, streams(seeds, "shuffle"))
    for _ in range(12):
        positions = next(batches)
        stepper(positions)
        for block, book in enumerate(books):
            book.step(source.images[positions[block]], source.labels[positions[block]], lr=0.1)
    evaluated = replicas.forward(source.images[parts.train], train=False)
    for block, book in enumerate(books):
        for w, expected in zip(weights[block], book.W, strict=True):
            np.testing.assert_allclose(w, expected, rtol=1e-9, atol=1e-12)
        expected = book.forward(source.images[parts.train[block]], train=False)
        np.testing.assert_allclose(evaluated[block], expected, rtol=1e-8, atol=1e-10)
        assert max(np.abs(b).max() for b in book.b[:-1]) < 1e-12  # a bias before BatchNorm never moves
