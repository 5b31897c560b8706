"""Designs: which combinations of levels a study runs."""
