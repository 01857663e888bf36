"""What is done to images before a network sees them: preprocessing, and augmentation of those it is trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import click

from minigrad.data import Augmented, Dataset, PCAColorJitter, RandomCrop, RandomHorizontalFlip
from minigrad.data.augment import Augmentation
from minigrad.data.preprocess import PREPROCESSING, Preprocessed, Preprocessing
from minigrad.data.preprocess.fitted import Fitted
from minigrad.errors import DataError
from minigrad.train import load_weights, save_weights

_CHARACTERS = ("digits", "mnist")  # whose mirror images are no characters

preprocess = click.option(
    "--preprocess",
    type=click.Choice([*PREPROCESSING]),
    default="ChannelMean",
    show_default=True,
    help="What all images go through, fitted on those to train on.",
)


class Word(NamedTuple):
    """A word of --augment: what it makes of a number and the size of an image, and that number if none is given."""

    make: Callable[[float, Sequence[int]], Augmentation]
    number: Callable[[Sequence[int]], float]


_WORDS = {
    "crop": Word(lambda padding, size: RandomCrop(size, _whole(padding)), lambda size: max(min(size) // 8, 1)),
    "flip": Word(lambda p, _: RandomHorizontalFlip(p), lambda _: 0.5),
    "color": Word(lambda std, _: PCAColorJitter(std), lambda _: 0.1),
}


class Recipe:
    """Preprocessing and augmentations, fitted on the images to train on or read from a file.

    Parameters
    ----------
    preprocess : str
        A name in `PREPROCESSING`.
    augment : str
        As in --augment.
    data : str
        What they are for: characters are not reflected unless that is asked for.
    image : tuple of int
        Channels, height and width.
    """

    def __init__(self, preprocess: str, augment: str, data: str, image: Sequence[int]) -> None:
        self.preprocessing: Preprocessing = PREPROCESSING[preprocess]()
        self.augmentations = _augmentations(augment, data, image)
        if self.augmentations and not self.preprocessing.keeps_shape:
            raise DataError(f"--augment: it takes images, of which --preprocess {preprocess} makes features")

    def fit(self, train: Dataset) -> Self:
        """Learn from the images to train on; return itself."""
        self.preprocessing.fit(train)
        for part in self.augmentations:
            if isinstance(part, PCAColorJitter):
                part.fit(self.for_all(train))  # colours as the network sees them
        return self

    def for_all(self, dataset: Dataset) -> Dataset:
        """The images as a network is to see them."""
        return Preprocessed(dataset, self.preprocessing)

    def for_training(self, dataset: Dataset) -> Dataset:
        """The images to train on, different in every epoch if there is augmentation."""
        seen = self.for_all(dataset)
        return Augmented(seen, *self.augmentations) if self.augmentations else seen

    def save(self, path: Path) -> None:
        """Write what was learnt."""
        arrays = {f"{key}/{name}": array for key, part in self._fitted() for name, array in part.state_dict().items()}
        save_weights(path, arrays)

    def load(self, path: Path) -> Self:
        """Read what was learnt, in place of `fit`; return itself."""
        arrays = load_weights(path)[0]
        for key, part in self._fitted():
            names = [name for name in arrays if name.startswith(f"{key}/")]
            try:
                part.load_state_dict({name.removeprefix(f"{key}/"): arrays[name] for name in names})
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
        return self

    def _fitted(self) -> list[tuple[str, Fitted]]:
        parts = enumerate([self.preprocessing, *self.augmentations])
        return [(str(number), part) for number, part in parts if isinstance(part, Fitted)]


def _augmentations(augment: str, data: str, image: Sequence[int]) -> list[Augmentation]:
    if augment == "none":
        return []
    if augment == "auto":
        augment = "crop" if data in _CHARACTERS else "crop,flip"
    size = image[1:]
    made = []
    for item in augment.split(","):
        name, colon, number = item.strip().partition(":")
        if name not in _WORDS:
            raise DataError(
                f"--augment: there is no {name!r}; write none, auto, or some of {', '.join(_WORDS)} with commas between"
            )
        word = _WORDS[name]
        try:
            made.append(word.make(float(number) if colon else word.number(size), size))
        except ValueError as error:
            raise DataError(f"--augment: {item.strip()}: {error}") from error
    return made


def _whole(number: float) -> int:
    if not float(number).is_integer():
        raise ValueError(f"the padding is a whole number of pixels, got {number}")
    return int(number)
