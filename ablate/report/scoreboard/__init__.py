"""The scoreboard: every sentence of the notes with the verdicts on it, built from committed findings alone."""
