"""Data: sets of examples, reproducible splits, and batches that can be resumed."""

from minigrad.data import datasets, preprocess
from minigrad.data.arrays import ArrayDataset, Dataset, ImageDataset, Subset
from minigrad.data.augment import Augmented, PCAColorJitter, RandomCrop, RandomHorizontalFlip
from minigrad.data.folder import ImageFolder
from minigrad.data.loader import DataLoader
from minigrad.data.preprocess.views import Preprocessed
from minigrad.data.split import split

__all__ = [
    "ArrayDataset",
    "Augmented",
    "DataLoader",
    "Dataset",
    "ImageDataset",
    "ImageFolder",
    "PCAColorJitter",
    "Preprocessed",
    "RandomCrop",
    "RandomHorizontalFlip",
    "Subset",
    "datasets",
    "preprocess",
    "split",
]
