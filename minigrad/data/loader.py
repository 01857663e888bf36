"""Batches in an order that is a pure function of (seed, epoch), so that it can be resumed in mid-epoch."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from minigrad.backends.base import get_backend
from minigrad.checks import as_state, require_callable, require_flags
from minigrad.data.arrays import Dataset, at_epoch
from minigrad.data.given import require_dataset
from minigrad.data.integers import require_integer, require_seed
from minigrad.data.prefetch import map_ahead, one_ahead
from minigrad.data.shuffle import permutation
from minigrad.errors import DataError
from minigrad.ops.transfer import to_device
from minigrad.random import SHUFFLING, initial_seed
from minigrad.tensor import Tensor, from_numpy

MOST_WORKERS: Final = 64


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
        Equal seeds give equal orders, and equal augmentation. By default that of `manual_seed` when the loader is made.
    num_workers : int
        How many threads read batches ahead, two each; 0 reads a batch when it is asked for. The batches and their order
        do not depend on it. Threads help where reading waits for files or decodes images.
    transform : callable, optional
        ``transform(*arrays)`` gives the arrays to hand out instead of those of a batch. It must depend on nothing else,
        and leave tensors alone: with workers it runs in their threads.

    Yields
    ------
    tuple of Tensor
        A copy of one batch of each array, on the CPU.

    Raises
    ------
    DataError
        For a batch size that is no positive integer, for a bad seed or number of workers, and if there would be no
        batch at all. What a worker raises is raised when its batch is due.

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
        num_workers: int = 0,
        transform: Callable[..., tuple[np.ndarray, ...]] | None = None,
    ) -> None:
        length = len(require_dataset("DataLoader", "dataset", dataset))
        require_flags("DataLoader", shuffle=shuffle, drop_last=drop_last)
        if transform is not None:
            require_callable("DataLoader", "transform", transform)
        if not length:
            raise DataError("DataLoader: needs a data set with examples, got an empty one")
        self.dataset = dataset
        self.batch_size = length if batch_size is None else require_integer("DataLoader: batch_size", batch_size, 1)
        self.shuffle = shuffle
        self.seed = require_seed("DataLoader: seed", initial_seed() if seed is None else seed)
        self.num_workers = require_integer("DataLoader: num_workers", num_workers, 0, MOST_WORKERS)
        self.transform = transform
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
        return self.batches_on("cpu")

    def batches_on(self, device: str) -> Iterator[tuple[Tensor, ...]]:
        """Iterate over the next epoch in the memory of a device.

        Other devices than the CPU are given each batch one ahead: while a GPU computes with one, the next is read, and
        copied beside that. Its place in the epoch counts from when it is handed out.
        """
        get_backend(device, "batches_on")
        epoch, start = self._next
        self._next = (epoch + 1, 0)
        return self._batches(epoch, start, device)

    def state_dict(self) -> dict[str, int]:
        """Return the seed, the epoch, and the position: how many of its examples have been handed out."""
        epoch, position = self._reached
        return {"seed": self.seed, "epoch": epoch, "position": position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Make the next iteration go on from where `state` was taken; DataError, and no change, if it cannot."""
        as_state("DataLoader", state, "seed", "epoch", "position")
        seed = require_seed("DataLoader: seed of the state", state["seed"])
        epoch = require_integer("DataLoader: epoch of the state", state["epoch"], 0, 2**64 - 1)
        position = require_integer("DataLoader: position of the state", state["position"], 0, self._stop)
        self.seed = seed
        self._next = self._reached = (epoch, position)

    def _batches(self, epoch: int, start: int, device: str) -> Iterator[tuple[Tensor, ...]]:
        order = self._order(epoch)
        cuts = [*range(start, self._stop, self.batch_size), self._stop]
        parts = (order[begin:end] for begin, end in itertools.pairwise(cuts))
        read = functools.partial(self._read, at_epoch(self.dataset, epoch, self.seed))
        batches = _on(device, map_ahead(read, parts, self.num_workers))
        for end, batch in zip(cuts[1:], batches if device == "cpu" else one_ahead(batches), strict=True):
            self._reached = (epoch, end)
            yield batch
        self._reached = (epoch + 1, 0)

    def _read(self, dataset: Dataset, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        arrays = dataset[indices]
        return arrays if self.transform is None else self.transform(*arrays)

    def _order(self, epoch: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return permutation(len(self.dataset), seed=self.seed, stream=SHUFFLING, epoch=epoch)


def _on(device: str, batches: Iterable[tuple[np.ndarray, ...]]) -> Iterator[tuple[Tensor, ...]]:
    return (tuple(to_device(from_numpy(array), device) for array in batch) for batch in batches)
