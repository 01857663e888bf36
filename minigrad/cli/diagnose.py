"""`minigrad diagnose`: what is wrong with a training, while it runs or afterwards."""

from __future__ import annotations

from pathlib import Path

import click

from minigrad.cli import options, runs, sets
from minigrad.data import Dataset, Subset
from minigrad.data.folder import ImageFolder
from minigrad.data.preprocess import Preprocessed
from minigrad.errors import DataError, MinigradError
from minigrad.train import Diagnosis, diagnose, load_checkpoint, load_history

_SHOWN = 10
_EXAMPLES = options.examples(
    "minigrad diagnose runs/convnet-digits",
    "minigrad diagnose runs/convnet-photos --labels",
    "minigrad diagnose runs/lenet-mnist/history.jsonl",
)


@click.command(epilog=_EXAMPLES)
@options.run_argument
@click.option("--labels", is_flag=True, help="Look for suspect labels too: the network sees its training images again.")
@options.data_dir
@options.device
def command(run: Path, labels: bool, data_dir: Path | None, device: str) -> None:
    """Say what is wrong with the training of RUN, a folder that `minigrad train` made, or a history of `fit`.

    Each verdict is a line: what is wrong, the figures that show it, and what to do. The training may have ended, in
    whatever way, or go on. The exit code is 0 if nothing looks wrong, 1 if something does, and 2 if it cannot be told.
    """
    try:
        lines, healthy = _diagnose(run, labels, data_dir, device)
    except (MinigradError, OSError, MemoryError) as error:
        raise click.UsageError(f"{error}.", click.get_current_context()) from error
    click.echo("\n".join(lines))
    click.get_current_context().exit(0 if healthy else 1)


def _diagnose(run: Path, labels: bool, data_dir: Path | None, device: str) -> tuple[list[str], bool]:
    history = load_history(run / runs.HISTORY if run.is_dir() else run)
    if not labels:
        found = diagnose(history)
        return [str(found)], found.healthy
    network, description = load_checkpoint(runs.weights_of(run))
    train = sets.load_train(data_dir, description)
    found = diagnose(history, model=network.to(device), data=Preprocessed(train, description.preprocessing))
    return [str(found), *_suspects(found, train, description.classes)], found.healthy


def _suspects(found: Diagnosis, train: Dataset, classes: tuple[str, ...]) -> list[str]:
    """Where the most suspect images are, and what they are labelled as."""
    verdict = next((verdict for verdict in found.verdicts if verdict.examples), None)
    if verdict is None:
        return []
    if not isinstance(train, Subset):
        raise DataError(f"diagnose: a part of a data set was expected, got {train!r}")
    lines = []
    for number in train.indices[list(verdict.examples[:_SHOWN])].tolist():
        whole = train.dataset
        place = str(whole.paths[number]) if isinstance(whole, ImageFolder) else f"image {number:,} of the data set"
        lines.append(f"  {place}: labelled {classes[int(train.dataset.targets[number])]}")
    return lines
