"""From verdicts to sentences: numbers, units and reasons as a reader meets them."""
