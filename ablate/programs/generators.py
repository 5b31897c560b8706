"""The global generators that code of others draws from: Python's, NumPy's, and PyTorch's where a run has it.

Each run begins with its seed in them. To leave them as they are would make a run depend on those before it; to restore
one state would give every run that does not seed them the same numbers.
"""

from __future__ import annotations

import contextlib
import importlib.util
import random
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

_SEEDS = 2**32  # NumPy's generator takes no larger one
_TORCH = "torch"


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Begin a run with its seed in every global generator; where it imports PyTorch only now, it is seeded then."""
    random.seed(seed)
    np.random.seed(seed % _SEEDS)  # noqa: NPY002 - the global generator is what code of others draws from
    if _TORCH in sys.modules:
        _seed_torch(sys.modules[_TORCH], seed)
    finder = _Finder(seed)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(finder)


def _seed_torch(torch: ModuleType, seed: int) -> None:
    seeds = getattr(torch, "manual_seed", None)  # of the processor and of every accelerator
    if callable(seeds):
        seeds(seed)


class _Finder(MetaPathFinder):
    """Finds PyTorch as it is found without this, and lets it be seeded once it is imported."""

    def __init__(self, seed: int) -> None:
        self._seed, self._asked = seed, False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return what the finders after this one say of PyTorch, and nothing of other modules."""
        del path, target
        if name != _TORCH or self._asked:
            return None
        self._asked = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asked = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._seed)
        return spec


class _Loader(Loader):
    """Loads a module by its own loader, which is all that the module sees, and seeds it."""

    def __init__(self, own: Any, seed: int) -> None:
        self._own, self._seed = own, seed

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what its own loader makes."""
        made: ModuleType | None = self._own.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Run its code, then seed it."""
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        _seed_torch(module, self._seed)
