"""Small models of handwritten digits."""
