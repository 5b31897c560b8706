"""Observers: what goes on inside a net while it trains, seen without touching it."""

from ablate.train.lens.lens import METRICS, Lens

__all__ = ["METRICS", "Lens"]
