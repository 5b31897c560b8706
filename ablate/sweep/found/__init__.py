"""A table of runs that comes without a study: what its columns are, which runs count, and the study it is judged as."""
