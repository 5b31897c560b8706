"""Studies: their files, their plans, and running them."""
