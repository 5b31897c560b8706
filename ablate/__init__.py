"""Ablation studies that answer with evidence: sweeps, tracking, statistics and reports."""

__version__ = "0.1.0"
