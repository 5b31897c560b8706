"""Datasets, their splits, and augmentations.

Importing this package registers every dataset and augmentation; data files are read when examples are asked for.
"""

from ablate.data import augment
from ablate.data.base import Dataset, Examples, Split, fingerprint, majority_rate
from ablate.data.cifar import Cifar10, Cifar100
from ablate.data.digits import Digits
from ablate.data.image_folder import ImageFolder
from ablate.data.keel import Letter, Optdigits, Penbased, Satimage, Texture
from ablate.data.mnist import FashionMnist, Kmnist, Mnist
from ablate.data.mnist5k import Mnist5k
from ablate.data.npz import Npz
from ablate.data.rings import Rings
from ablate.data.stratify import class_counts, stratified

__all__ = [
    "Cifar10",
    "Cifar100",
    "Dataset",
    "Digits",
    "Examples",
    "FashionMnist",
    "ImageFolder",
    "Kmnist",
    "Letter",
    "Mnist",
    "Mnist5k",
    "Npz",
    "Optdigits",
    "Penbased",
    "Rings",
    "Satimage",
    "Split",
    "Texture",
    "augment",
    "class_counts",
    "fingerprint",
    "majority_rate",
    "stratified",
]
