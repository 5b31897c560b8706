"""The contract between training and everything else, and the NumPy trainer."""
