"""`minigrad eval`: test a trained network."""

from __future__ import annotations

from pathlib import Path

import click

from minigrad.cli import options, runs, sets
from minigrad.data.preprocess import Centred
from minigrad.train import evaluate, load_checkpoint

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
    taken whole.
    """
    network, description = load_checkpoint(runs.weights_of(run))
    test = sets.load_test(data or description.data, data_dir, description)
    cost, accuracy = evaluate(network.to(device), Centred(test, description.mean), batch_size)
    click.echo(f"{len(test):,} images, cost {cost:.4f}")
    click.echo(f"test accuracy: {accuracy:.4f}")
