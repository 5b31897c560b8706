from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def no_collection(monkeypatch):
    """statsmodels' multipletests, an oracle, collects garbage at every call: up to 1 s late in a suite."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240501)
