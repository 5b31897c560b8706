"""Studies on an MLflow server that several people share: written and read through MLflow's public client alone."""
