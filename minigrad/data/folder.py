"""A person's own images: one folder a class."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

from minigrad.checks import as_one_of
from minigrad.data.given import as_path
from minigrad.data.integers import require_integer
from minigrad.errors import DataError, MinigradError

SUFFIXES: Final = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # what decodes without running other programs
MODES: Final = {1: "L", 3: "RGB"}


class ImageFolder:
    """The images below a folder, each folder in it a class; they are read when they are asked for.

    Parameters
    ----------
    root : path
        Holds a folder for every class, with images at any depth below it. Hidden files, and files that are not named
        as images, are left out.
    size : int
        Height and width of what is given: the shorter side is scaled to it, and the middle of the longer one kept.
    channels : int
        3 for red, green and blue, 1 for grey levels.

    Attributes
    ----------
    classes : tuple of str
        The names of the folders, sorted: what the labels 0, 1, ... stand for.
    targets : numpy.ndarray
        The labels, int64 (N,).
    paths : list of Path
        The files, sorted within each class.

    Raises
    ------
    DataError
        For a folder without classes or a class without images; when an image is read, if it is broken or too large.
    MinigradError
        If Pillow is not installed.

    Examples
    --------
    >>> images, labels = ImageFolder("flowers", size=32)[:8]
    >>> images.shape, images.dtype
    ((8, 3, 32, 32), dtype('float32'))
    """

    def __init__(self, root: str | os.PathLike[str], size: int, channels: int = 3) -> None:
        _pillow()
        self.root = as_path("ImageFolder", "root", root)
        self.size = require_integer("ImageFolder: size", size, 1, 4096)
        self.channels = as_one_of("ImageFolder", "channels", channels, 1, 3)
        folders = _visible_folders(self.root)
        images = [_images_below(folder) for folder in folders]
        self.classes = tuple(folder.name for folder in folders)
        self.paths = [path for paths in images for path in paths]
        self.targets = np.repeat(np.arange(len(images)), [len(paths) for paths in images])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        targets = self.targets[index]
        if targets.ndim == 0:
            return read_image(self.paths[int(index)], self.size, self.channels), targets
        images = np.empty((len(targets), self.channels, self.size, self.size), np.float32)
        for place, number in zip(images, np.arange(len(self))[index], strict=True):
            place[:] = read_image(self.paths[number], self.size, self.channels)
        return images, targets

    def __repr__(self) -> str:
        return f"ImageFolder({len(self)} images of {len(self.classes)} classes)"


def read_image(path: str | os.PathLike[str], size: int, channels: int = 3) -> np.ndarray:
    """Read an image as `ImageFolder` gives it: float32 (channels, size, size) in [0, 1].

    It is turned upright as its EXIF data say, and of several frames the first is taken.

    Raises
    ------
    DataError
        For a file that is no image, a broken one, and one of more pixels than ``PIL.Image.MAX_IMAGE_PIXELS``.
    """
    pillow = _pillow()
    try:
        with pillow.Image.open(path, formats=FORMATS) as image:
            _require_pixels(image.size, pillow.Image.MAX_IMAGE_PIXELS)
            square = _middle_square(_of_mode(pillow.ImageOps.exif_transpose(image), MODES[channels]), size)
            values = np.asarray(square, np.float32).reshape(size, size, channels)
    except Exception as error:  # a decoder that reads garbage raises whatever it comes upon
        raise DataError(f"{os.fspath(path)}: no image that can be read ({error})") from error
    return np.ascontiguousarray(values.transpose(2, 0, 1)) / np.float32(255)


def _of_mode(image: Any, mode: str) -> Any:
    if image.mode.startswith("I;16"):  # Pillow would clip 16 bits at 255
        return _pillow().Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert(mode)
    if image.mode in ("I", "F"):
        raise DataError(f"its values of mode {image.mode} have no fixed range")
    return image.convert(mode)


def _middle_square(image: Any, size: int) -> Any:
    """Cut and scale in one step: a strip of one by a million pixels, scaled first, would fill the memory."""
    side = min(image.size)
    left, top = ((length - side) / 2 for length in image.size)
    return image.resize((size, size), _pillow().Image.Resampling.BILINEAR, box=(left, top, left + side, top + side))


def _require_pixels(size: tuple[int, int], most: int | None) -> None:
    if most is not None and size[0] * size[1] > most:
        raise DataError(f"it has {size[0]:,} x {size[1]:,} pixels, more than PIL.Image.MAX_IMAGE_PIXELS = {most:,}")


def _visible_folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise DataError(f"ImageFolder: {root} is no folder")
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise DataError(f"ImageFolder: {root} must hold a folder of images for every class, and holds no folder")
    return folders


def _images_below(folder: Path) -> list[Path]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not paths:
        raise DataError(f"ImageFolder: {folder} holds no image; they end in {', '.join(SUFFIXES)}")
    return paths


def _pillow() -> ModuleType:
    try:
        import PIL.Image
        import PIL.ImageOps
    except ImportError as error:
        raise MinigradError("images are read by Pillow; install it: pip install './minigrad[images]'") from error
    return PIL
