"""`minigrad plot`: pictures of a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from minigrad.cli import options, runs, sets
from minigrad.data.preprocess import Preprocessed
from minigrad.errors import DataError, MinigradError
from minigrad.tables import table
from minigrad.train import load_checkpoint, load_history
from minigrad.train.plots import draw_all

T = TypeVar("T")

_FOLDER = "plots"
_EXAMPLES = options.examples(
    "minigrad plot runs/lenet-mnist",
    "minigrad plot runs/convnet-cifar10 --data-dir cifar-10-batches-bin",
)


@click.command(epilog=_EXAMPLES)
@options.run_argument
@options.data_dir
@options.device
def command(run: Path, data_dir: Path | None, device: str) -> None:
    """Draw all that the RUN has, a folder that `minigrad train` made, into RUN/plots.

    Loss, accuracy, learning rate, activations and update ratios are those of its history, also while it still trains.
    The first layer's weights are those of the best epoch; with these, the images that were kept for validation are
    classified for the confusion matrix and the worst mistakes. The test set is not looked at. For each picture there is
    a line: where it is, or why it could not be drawn.
    """
    if not (run / runs.HISTORY).exists() and not (run / runs.WEIGHTS).exists():
        raise DataError(f"{run}: there is nothing to draw; RUN is a folder that `minigrad train` made")
    why: dict[str, str] = {}
    history = _or_why(why, "history", lambda: load_history(run / runs.HISTORY))
    trained = _or_why(why, "model", lambda: load_checkpoint(runs.weights_of(run)))
    network, description = trained or (None, None)
    validation = None
    if network is not None and description is not None:
        images = _or_why(
            why, "validation", lambda: sets.load_validation(data_dir or runs.data_dir_of(run), description)
        )
        validation = None if images is None else Preprocessed(images, description.preprocessing)
        network.to(device)
    drawn = draw_all(
        run / _FOLDER,
        history,
        network,
        validation,
        in_shape=None if description is None else description.arguments["in_shape"],
        classes=None if description is None else description.classes,
        why=why,
    )
    click.echo(table([(name, str(path) if path else f"not drawn: {reason}") for name, path, reason in drawn]))


def _or_why(why: dict[str, str], name: str, load: Callable[[], T]) -> T | None:
    """What is loaded, or None and a note why not."""
    try:
        return load()
    except (MinigradError, OSError) as error:
        line = "; ".join(str(error).splitlines())
        why[name] = "".join(character if character.isprintable() else "?" for character in line)  # it may quote a file
        return None
