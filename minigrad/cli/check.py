"""`minigrad check`: whether a network, its data and its settings fit together, before it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import minigrad.nn.functional as F
from minigrad import optim, random
from minigrad.cli import options, recipe, sets
from minigrad.errors import MinigradError
from minigrad.models import MODELS, build_model
from minigrad.train import Report, check
from minigrad.train.checkpoint import network_shape
from minigrad.train.heads import Loss

_LOSSES: dict[str, Loss] = {"softmax": F.cross_entropy, "svm": F.svm_loss}
_EXAMPLES = options.examples(
    "minigrad check --model convnet --data digits",
    "minigrad check --model convnet --data cifar10 --data-dir cifar-10-batches-bin --lr 1e-6",
    "minigrad check --model mlp --data photos/ --loss svm",
)


@click.command(epilog=_EXAMPLES)
@click.option("--model", required=True, help="A network that `minigrad models` lists.")
@click.option(
    "--data", required=True, metavar="NAME|FOLDER", help="A data set that `minigrad datasets` lists, or images."
)
@options.data_dir
@recipe.preprocess
@click.option("--loss", type=click.Choice([*_LOSSES]), default="softmax", show_default=True)
@options.batch_size(128)
@click.option("--lr", type=click.FloatRange(min=0), default=0.02, show_default=True, help="Learning rate at the start.")
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), default=0.9, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(min=0), default=5e-4, show_default=True)
@options.device
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Draws weights and examples."
)
def command(**settings: Any) -> None:
    """Check a network, its data and its settings as `minigrad train` would use them, without training it.

    Each check is a line: what was expected, what was found, and, if it failed, what to do. The exit code is 0 if no
    check failed, 1 if one did, and 2 if they could not be run.
    """
    try:
        report = _report(**settings)
    except (MinigradError, OSError, MemoryError) as error:
        raise click.UsageError(f"{error}.", click.get_current_context()) from error
    click.echo(str(report))
    click.get_current_context().exit(0 if report.passed else 1)


def _report(
    model: str,
    data: str,
    data_dir: Path | None,
    preprocess: str,
    loss: str,
    batch_size: int,
    device: str,
    seed: int,
    **rule: Any,
) -> Report:
    build_model(model)  # an unknown name is said before any data are read
    parts = sets.load_sets(data, data_dir, MODELS[model].in_shape)
    seen = recipe.Recipe(preprocess, "none", data, parts.in_shape).fit(parts.train)
    random.manual_seed(seed)
    in_shape = network_shape(seen.preprocessing, parts.in_shape)
    network = build_model(model, in_shape=in_shape, classes=len(parts.classes)).to(device)
    return check(
        network,
        seen.for_all(parts.train),
        validation=seen.for_all(parts.validation),
        loss=_LOSSES[loss],
        optimizer=optim.SGD(network.parameters(), **rule),
        batch_size=batch_size,
        seed=seed,
    )
