"""From claims and tables of runs to verdicts: endpoints, evidence, gates, looks."""
