"""`minigrad eval`: test a trained network."""

from __future__ import annotations

from pathlib import Path

import click

from minigrad.cli import options, runs, sets
from minigrad.data.preprocess import Preprocessed
from minigrad.train import load_checkpoint

_EXAMPLES = options.examples(
    "minigrad eval runs/lenet-mnist",
    "minigrad eval runs/lenet-mnist --data mnist --data-dir mnist/",
    "minigrad eval runs/convnet-photos/weights.safetensors --data new-photos/",
)


@click.command(epilog=_EXAMPLES)
@options.run_argument
@click.option("--data", metavar="NAME|FOLDER", help="By default what the network was trained on.")
@options.data_dir
@options.batch_size(256)
@options.device
def command(run: Path, data: str | None, data_dir: Path | None, batch_size: int, device: str) -> None:
    """Test the network of RUN, a folder that `minigrad train` made, or a file of weights from one.

    Of the data that it was trained on, only the part that was kept for testing is taken; a folder with other images is
    taken whole. Every test is noted in the run's folder, and from the second on there is a warning: choose networks by
    their validation accuracy, which `minigrad train` prints.
    """
    weights = runs.weights_of(run)
    network, description = load_checkpoint(weights)
    name = data or description.data
    images = sets.load_test(name, data_dir, description)
    test = runs.locked(Preprocessed(images, description.preprocessing), sets.data_name(name), weights.parent)
    cost, accuracy = test.score(network.to(device), batch_size)
    click.echo(f"{len(test):,} images, cost {cost:.4f}")
    click.echo(f"test accuracy: {accuracy:.4f}")
