"""Datasets, their splits, and augmentations.

Importing this package registers every dataset and augmentation; data files are read when examples are asked for.
"""

from ablate.data import augment
from ablate.data.base import Dataset, Examples, Split, fingerprint, majority_rate
from ablate.data.digits import Digits
from ablate.data.mnist5k import Mnist5k
from ablate.data.rings import Rings
from ablate.data.stratify import class_counts, stratified

__all__ = [
    "Dataset",
    "Digits",
    "Examples",
    "Mnist5k",
    "Rings",
    "Split",
    "augment",
    "class_counts",
    "fingerprint",
    "majority_rate",
    "stratified",
]
