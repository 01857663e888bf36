"""`minigrad predict`: what is in an image."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from minigrad.cli import options, runs
from minigrad.data.folder import MODES, read_image
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.ops.softmax import softmax
from minigrad.ops.transfer import to_device
from minigrad.recording import no_grad
from minigrad.tensor import from_numpy
from minigrad.train import Description, load_checkpoint

_EXAMPLES = options.examples(
    "minigrad predict runs/lenet-mnist seven.png",
    "minigrad predict runs/convnet-photos *.jpg --top 1 --json",
)


class Guess(NamedTuple):
    """A class, and how probable the network finds it."""

    label: str
    probability: float


@click.command(epilog=_EXAMPLES)
@options.run_argument
@click.argument("images", metavar="IMAGE...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many classes to name.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, for programs to read.")
@options.device
def command(run: Path, images: tuple[Path, ...], top: int, as_json: bool, device: str) -> None:
    """Name the most probable classes of each IMAGE, by the network of RUN.

    RUN is a folder that `minigrad train` made, or a file of weights from one. Images are cut to a square and scaled to
    the size that the network was trained on. They should look like what it was trained on: the digits of MNIST, say,
    are white on black.
    """
    network, description = load_checkpoint(runs.weights_of(run))
    guesses = list(_guesses(network.to(device).eval(), description, images, top))
    if as_json:
        found = [{"image": str(path), "top": [guess._asdict() for guess in best]} for path, best in guesses]
        click.echo(json.dumps(found, indent=2))
        return
    for path, best in guesses:
        click.echo(f"{path}: " + ", ".join(f"{guess.label} {guess.probability:.1%}" for guess in best))


def _guesses(
    network: Module, description: Description, paths: Sequence[Path], top: int
) -> Iterator[tuple[Path, list[Guess]]]:
    device = next(network.parameters()).device
    channels, height, width = description.image_shape
    if channels not in MODES or height != width:
        raise DataError(f"predict: images become squares, grey or RGB; the network takes {channels}x{height}x{width}")
    for path in paths:
        image = description.preprocessing.transform(read_image(path, height, channels))
        with no_grad():
            logits = network(to_device(from_numpy(image[None]), device))
        probabilities = softmax(logits, 1).cpu().numpy()[0]
        order = np.argsort(-probabilities, kind="stable")[:top]
        yield path, [Guess(description.classes[number], float(probabilities[number])) for number in order]
