"""Batches in an order that is a pure function of (seed, epoch), so that it can be resumed in mid-epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.data.integers import require_integer, require_seed
from minigrad.data.shuffle import permutation
from minigrad.errors import DataError
from minigrad.random import SHUFFLING, initial_seed
from minigrad.tensor import Tensor, from_numpy


class DataLoader:
    """Iterate over a data set in batches; each iteration is the next epoch.

    Parameters
    ----------
    dataset : Dataset
        N examples, such as an `ArrayDataset`.
    batch_size : int or None
        Examples in a batch; None puts all N into one.
    shuffle : bool
        Take the examples of every epoch in a new order, otherwise as they come.
    drop_last : bool
        Leave out the last batch if it is smaller than the others.
    seed : int, optional
        Equal seeds give equal orders. By default that of `manual_seed` when the loader is made.

    Yields
    ------
    tuple of Tensor
        A copy of one batch of each array, on the CPU.

    Raises
    ------
    DataError
        For a batch size that is no positive integer, for a bad seed, and if there would be no batch at all.

    Examples
    --------
    >>> for images, labels in DataLoader(datasets.digits(), batch_size=64, shuffle=True, seed=0):
    ...     loss = F.cross_entropy(model(images), labels)
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int | None = None,
    ) -> None:
        length = len(dataset)
        if not length:
            raise DataError("DataLoader: needs a data set with examples, got an empty one")
        self.dataset = dataset
        self.batch_size = length if batch_size is None else require_integer("DataLoader: batch_size", batch_size, 1)
        self.shuffle = shuffle
        self.seed = require_seed("DataLoader: seed", initial_seed() if seed is None else seed)
        self._stop = length - length % self.batch_size if drop_last else length
        if not self._stop:
            raise DataError(
                f"DataLoader: drop_last leaves no batch of {self.batch_size} out of {length} examples; "
                "make batch_size smaller, or keep the last batch"
            )
        self._next = self._reached = (0, 0)  # (epoch, examples handed out): where to begin, and where we are

    def __len__(self) -> int:
        return -(-self._stop // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        epoch, start = self._next
        self._next = (epoch + 1, 0)
        return self._batches(epoch, start)

    def state_dict(self) -> dict[str, int]:
        """Return the seed, the epoch, and the position: how many of its examples have been handed out."""
        epoch, position = self._reached
        return {"seed": self.seed, "epoch": epoch, "position": position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Make the next iteration go on from where `state` was taken; DataError, and no change, if it cannot."""
        if set(state) != {"seed", "epoch", "position"}:
            raise DataError(f"DataLoader: a state has seed, epoch and position, got {sorted(state)}")
        seed = require_seed("DataLoader: seed of the state", state["seed"])
        epoch = require_integer("DataLoader: epoch of the state", state["epoch"], 0, 2**64 - 1)
        position = require_integer("DataLoader: position of the state", state["position"], 0, self._stop)
        self.seed = seed
        self._next = self._reached = (epoch, position)

    def _batches(self, epoch: int, start: int) -> Iterator[tuple[Tensor, ...]]:
        order = self._order(epoch)
        for begin in range(start, self._stop, self.batch_size):
            end = min(begin + self.batch_size, self._stop)
            self._reached = (epoch, end)
            yield tuple(from_numpy(array) for array in self.dataset[order[begin:end]])
        self._reached = (epoch + 1, 0)

    def _order(self, epoch: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return permutation(len(self.dataset), seed=self.seed, stream=SHUFFLING, epoch=epoch)
