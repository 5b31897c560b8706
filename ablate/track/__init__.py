"""Tracking: what is kept of every run, where, and how it is read back as tables."""
