"""Hydra's entry to the study engine."""
