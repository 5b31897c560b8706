"""Committed findings: reading a folder back, the paragraph in plain words, writing it."""
