"""Data in memory: data sets, reproducible splits, and batches that can be resumed."""

from minigrad.data import datasets
from minigrad.data.datasets import ArrayDataset
from minigrad.data.loader import DataLoader
from minigrad.data.split import split

__all__ = ["ArrayDataset", "DataLoader", "datasets", "split"]
