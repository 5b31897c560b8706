"""The application: Hydra's side of a sweep, and the steps behind each command."""
