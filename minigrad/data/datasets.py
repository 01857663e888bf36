"""Data sets by name: digits, which are bundled, MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100.

All but digits are given as `ImageDataset`, with the images as bytes in memory. `data_dir`, or the environment variable
MINIGRAD_DATA_DIR, names a local copy: the folder with the files, or its parent; then nothing is downloaded, and the
files are checked by what they hold instead of a checksum. Where images are missing, a warning is logged that says how
many there are. Without a local copy the published files are downloaded once, into the user's cache directory.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from minigrad.checks import as_flag, shown
from minigrad.data import sources
from minigrad.data.arrays import ArrayDataset, ImageDataset
from minigrad.data.given import as_path
from minigrad.data.readers import PathLike, read_cifar, read_mnist, require_split
from minigrad.data.sources import DatasetInfo
from minigrad.errors import DataError

_FILES = Path(__file__).parent / "files"
_LOG = logging.getLogger(__name__)
_ALL = (sources.DIGITS, sources.MNIST, sources.FASHION_MNIST, sources.CIFAR10, sources.CIFAR100)


def registry() -> dict[str, DatasetInfo]:
    """What there is, by name: how many images, which classes, their shape, licence and source."""
    return {info.name: info for info in _ALL}


def load(name: str, split: str = "train", data_dir: PathLike | None = None, download: bool = True) -> ArrayDataset:
    """Return a data set of the `registry` by its name; the 1,797 digits are all "train"."""
    if not isinstance(name, str) or name not in registry():
        raise DataError(f"load: there is no data set {shown(name)}; there are {', '.join(registry())}")
    if name == "digits":
        if data_dir is not None:
            as_path("load", "data_dir", data_dir)
        as_flag("load", "download", download)
        require_split(sources.DIGITS, split)
        return digits()
    loaders = {"mnist": mnist, "fashion_mnist": fashion_mnist, "cifar10": cifar10, "cifar100": cifar100}
    return loaders[name](split, data_dir, download)


def digits() -> ArrayDataset:
    """The bundled UCI digits: 1,797 handwritten digits, in the order of the source.

    Returns
    -------
    ArrayDataset
        Images, float32 (1797, 1, 8, 8), scaled from 0..16 to [0, 1]; labels, int64 (1797,), 0 to 9.

    Notes
    -----
    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    doi:10.24432/C50P49, CC BY 4.0.
    """
    with np.load(_FILES / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    scaled = images[:, None].astype(np.float32) / 16
    return ArrayDataset(scaled, labels.astype(np.int64), classes=sources.DIGITS.classes)


def mnist(split: str = "train", data_dir: PathLike | None = None, download: bool = True) -> ImageDataset:
    """Handwritten digits: 60,000 to train and 10,000 to test.

    Parameters
    ----------
    split : str
        "train" or "test".
    data_dir : path, optional
        The folder of a local copy, or its parent: the four idx files, gzipped or not.
    download : bool
        Whether files that are neither local nor in the cache may be downloaded.

    Returns
    -------
    ImageDataset
        Images (N, 1, 28, 28), white on black, and labels, int64 (N,), 0 to 9.

    Raises
    ------
    DataError
        For a file that is missing, cannot be downloaded, or is not what it should be.

    Notes
    -----
    Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86.
    """
    return _image_dataset(sources.MNIST, split, *read_mnist(sources.MNIST, split, data_dir, download))


def fashion_mnist(split: str = "train", data_dir: PathLike | None = None, download: bool = True) -> ImageDataset:
    """Articles of clothing in the format of MNIST: 60,000 to train and 10,000 to test.

    Parameters, result and errors are those of `mnist`.

    Notes
    -----
    Source: Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms, arXiv:1708.07747, MIT licence.
    """
    info = sources.FASHION_MNIST
    return _image_dataset(info, split, *read_mnist(info, split, data_dir, download))


def cifar10(split: str = "train", data_dir: PathLike | None = None, download: bool = True) -> ImageDataset:
    """Colour images of ten classes: 50,000 to train and 10,000 to test.

    Parameters
    ----------
    split : str
        "train" or "test".
    data_dir : path, optional
        The folder of a local copy, or its parent: ``cifar-10-binary.tar.gz``, or its unpacked batches, of which some
        may be missing or cut at a record.
    download : bool
        Whether the archive may be downloaded if it is neither local nor in the cache.

    Returns
    -------
    ImageDataset
        Images (N, 3, 32, 32), red, green and blue, and labels, int64 (N,), 0 to 9.

    Raises
    ------
    DataError
        As `mnist`.

    Notes
    -----
    Source: Krizhevsky (2009), Learning multiple layers of features from tiny images, technical report, University of
    Toronto.
    """
    require_split(sources.CIFAR10, split)
    batches = [f"data_batch_{number}.bin" for number in range(1, 6)] if split == "train" else ["test_batch.bin"]
    images, labels = read_cifar(sources.CIFAR10, split, batches, [10], data_dir, download)
    return _image_dataset(sources.CIFAR10, split, images, labels[:, 0])


def cifar100(
    split: str = "train", data_dir: PathLike | None = None, download: bool = True, coarse: bool = False
) -> ImageDataset:
    """Colour images of a hundred classes in twenty superclasses: 50,000 to train and 10,000 to test.

    `coarse` asks for the superclasses as labels, 0 to 19, instead of the classes, 0 to 99. The rest is as in `cifar10`,
    and so is the source.
    """
    require_split(sources.CIFAR100, split)
    images, labels = read_cifar(sources.CIFAR100, split, [f"{split}.bin"], [20, 100], data_dir, download)
    classes = sources.CIFAR100_COARSE if as_flag("cifar100", "coarse", coarse) else sources.CIFAR100.classes
    return _image_dataset(sources.CIFAR100, split, images, labels[:, 0 if coarse else 1], classes)


def _image_dataset(
    info: DatasetInfo, split: str, images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...] | None = None
) -> ImageDataset:
    """Put the arrays together, and say so if images are missing."""
    if len(images) < info.images[split]:
        _LOG.warning("%s: %s of %s images to %s", info.name, f"{len(images):,}", f"{info.images[split]:,}", split)
    return ImageDataset(images, labels.astype(np.int64), classes or info.classes)
