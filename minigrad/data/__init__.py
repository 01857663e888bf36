"""Data: sets of examples, reproducible splits, and batches that can be resumed."""

from minigrad.data import datasets
from minigrad.data.arrays import ArrayDataset, Dataset, ImageDataset, Subset
from minigrad.data.folder import ImageFolder
from minigrad.data.loader import DataLoader
from minigrad.data.split import split

__all__ = ["ArrayDataset", "DataLoader", "Dataset", "ImageDataset", "ImageFolder", "Subset", "datasets", "split"]
