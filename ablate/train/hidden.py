"""Which parameters are hidden, and what became of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.nn.arrays import Floats
from ablate.nn.network import Network


def hidden_mask(network: Network) -> NDArray[np.bool_]:
    """Return which parameters of a block come before the last layer that has weights, bool (parameters,).

    >>> from ablate.nn import Mlp, NoDropout, NoNorm, ReLU
    >>> network = Mlp([3]).build((1, 1, 2), 2, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    >>> hidden_mask(network).sum(), network.parameters  # 2 * 3 weights and 3 biases of 17
    (np.int64(9), 17)
    """
    layout = network.layout
    last = max((i for i, parameters in enumerate(layout.nodes) if any(p.fans for p in parameters)), default=-1)
    hidden = np.zeros(layout.size, np.bool_)
    for index, places in enumerate(parameter_positions(network)):
        if index < last:
            for place in places.values():
                hidden[place.reshape(-1)] = True
    return hidden


def parameter_positions(network: Network) -> list[dict[str, NDArray[np.int64]]]:
    """Return, for each node, where its parameters lie in a block's flat vector, by name, (1, …) each."""
    numbers: Floats = np.arange(network.layout.size, dtype=np.float64)[None]
    return [{name: view.astype(np.int64) for name, view in views.items()} for views in network.layout.views(numbers)]


def largest_change(params: Floats, start: Floats, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the largest |w - w₀| among the parameters of `mask`, float64 (blocks,); NaN where there is none."""
    if not mask.any():
        return np.full(len(params), np.nan)
    # Block by block: the copies of all blocks at once would be the largest arrays of a run.
    return np.array([np.abs(p[mask].astype(np.float64) - s[mask]).max() for p, s in zip(params, start, strict=True)])
