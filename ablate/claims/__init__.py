"""The kinds of claim a study file makes, and what each reads off the runs: arrays in, estimates out."""
