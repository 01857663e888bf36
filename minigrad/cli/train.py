"""`minigrad train`: train a network on a data set, and test it once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from minigrad import optim, random
from minigrad.backends.base import get_backend
from minigrad.backends.cpu import get_num_threads, warmup
from minigrad.cli import options, recipe, runs, sets
from minigrad.cli.resume import reread
from minigrad.data.loader import MOST_WORKERS
from minigrad.errors import DataError, MinigradError
from minigrad.models import MODELS
from minigrad.optim.lr_scheduler import CosineAnnealingLR
from minigrad.train import (
    Checkpoints,
    Description,
    DivergenceError,
    History,
    RunState,
    babysit,
    diagnose,
    fit,
    plot_history,
    save_checkpoint,
)
from minigrad.train.checkpoint import network_shape
from minigrad.train.history_file import save_epochs
from minigrad.version import __version__

_EXAMPLES = options.examples(
    "minigrad train --model convnet --data digits",
    "minigrad train --model lenet --data mnist --epochs 2",
    "minigrad train --model convnet --data photos/ --epochs 20 --workers 2",
    "minigrad train --model convnet --data cifar10 --preprocess ChannelScaler --augment crop:4,flip,color",
    "minigrad train --resume runs/convnet-photos",
    "minigrad train --model convnet --data cifar10 --data-dir cifar-10-batches-bin --lr 0.02 --out runs/slow",
)


@click.command(epilog=_EXAMPLES)
@click.option("--model", help="A network that `minigrad models` lists.")
@click.option("--data", metavar="NAME|FOLDER", help="A data set that `minigrad datasets` lists, or images.")
@options.data_dir
@recipe.preprocess
@click.option(
    "--augment",
    metavar="LIST",
    default="none",
    show_default=True,
    help="What makes the images to train on look different in every epoch: none, auto, or a list as below.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True, help="Times through the images.")
@options.batch_size(32)
@click.option("--lr", type=click.FloatRange(min=0), default=0.02, show_default=True, help="Learning rate at the start.")
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), default=0.9, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(min=0), default=5e-4, show_default=True)
@options.device
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Equal seeds, equal weights."
)
@click.option(
    "--workers",
    type=click.IntRange(0, MOST_WORKERS),
    default=0,
    show_default=True,
    help="Threads that read images ahead: for a folder of them.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="A new folder for the run.")
@click.option(
    "--checkpoint-every",
    type=click.IntRange(min=1),
    metavar="STEPS",
    default=500,
    show_default=True,
    help="How often to save the training, beside the end of every epoch.",
)
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with a training, and its settings."
)
@click.pass_context
def command(context: click.Context, /, resume: Path | None, **settings: Any) -> None:
    """Train a network, keep the weights of the best epoch, and test those once.

    FOLDER of --data holds a folder of images for each class, or folders `train` and `test` that do. A tenth of the
    training images is kept for validation, and 15 % for testing where there is no test set; these parts are the same in
    every run. The update is SGD with momentum, the learning rate falls along a cosine to zero, the loss is softmax
    cross-entropy. What goes wrong is said once, when it shows.

    --preprocess takes off the mean of each channel, unless told otherwise; what it learns is kept with the weights.
    --augment takes, with commas between, crop:PADDING (an eighth of the side if left out), flip:PROBABILITY (0.5) and
    color:STD (0.1, along the principal components of the colours); auto is crop,flip, or crop for digits.

    The run's folder, runs/MODEL-DATA or the next one that is free, gets the weights, the history and its curves. Ctrl-C
    ends the training and keeps the best weights. However it ended, --resume goes on from its last checkpoint, and ends
    with the weights of a training that was never stopped.
    """
    if resume is not None:
        settings = reread(context, lambda: runs.settings_of(resume))
    for name in ("model", "data"):
        if settings[name] is None:
            raise click.MissingParameter(ctx=context, param_hint=f"'--{name}'", param_type="option")
    Training(settings, resume).run()


class Training:
    """One run. All that can be wrong with its settings is found before its folder is made."""

    def __init__(self, settings: dict[str, Any], resumed: Path | None = None) -> None:
        self.settings, self.resumed = settings, resumed
        self.history = History()
        name, data, device = settings["model"], settings["data"], settings["device"]
        if name not in MODELS:
            raise DataError(f"--model: no network is called {name!r}; there are {', '.join(MODELS)}")
        get_backend(device)
        if settings["out"] is not None and resumed is None:
            runs.require_free(settings["out"])
        self.sets = sets.load_sets(data, settings["data_dir"], MODELS[name].in_shape)
        self.recipe = self._recipe()
        preprocessing, classes = self.recipe.preprocessing, self.sets.classes
        arguments = {"in_shape": network_shape(preprocessing, self.sets.in_shape), "classes": len(classes)}
        self.description = Description(name, arguments, classes, preprocessing, sets.data_name(data))
        random.manual_seed(settings["seed"])
        self.network = self.description.build().to(device)
        rule = {key: settings[key] for key in ("lr", "momentum", "weight_decay")}
        self.optimizer = optim.SGD(self.network.parameters(), **rule)

    def _recipe(self) -> recipe.Recipe:
        """Fitted on the images to train on; as it was, where a run goes on."""
        words = self.settings["preprocess"], self.settings["augment"]
        made = recipe.Recipe(*words, self.settings["data"], self.sets.in_shape)
        if self.resumed is not None and (self.resumed / runs.FITTED).exists():
            return made.load(self.resumed / runs.FITTED)
        return made.fit(self.sets.train)

    def run(self) -> None:
        """Train and test; after Ctrl-C, keep what there is."""
        click.echo(f"{self.settings['data']}: {sets.describe(self.sets)}")
        if self.settings["device"] == "cpu":
            warmup(progress=sys.stderr.isatty())
        if self.resumed is not None:
            self.folder = self.resumed
        else:
            name = f"{self.settings['model']}-{Path(self.settings['data']).resolve().name}"
            self.folder = runs.new_folder(self.settings["out"], name)
            self.recipe.save(self.folder / runs.FITTED)
            self._write_settings()
        try:
            self._fit()
        except KeyboardInterrupt:
            self._keep()
            raise
        except DivergenceError as error:
            click.echo(str(diagnose(error.history)))
            raise
        self._keep()
        self._test()

    def _fit(self) -> None:
        epochs, batch_size = self.settings["epochs"], self.settings["batch_size"]
        steps = epochs * -(-len(self.sets.train) // batch_size)
        self.history = fit(
            self.network,
            self.recipe.for_training(self.sets.train),
            self.recipe.for_all(self.sets.validation),
            epochs=epochs,
            optimizer=self.optimizer,
            batch_size=batch_size,
            schedule=CosineAnnealingLR(self.optimizer, steps, counts="batches"),
            num_workers=self.settings["workers"],
            on_epoch=self._after_epoch,
            log=self.folder / runs.HISTORY,
            checkpoints=Checkpoints(
                self.folder / runs.CHECKPOINTS, every=self.settings["checkpoint_every"], warn=runs.warn
            ),
            resume=self.resumed is not None,
        )

    def _after_epoch(self, run: RunState) -> None:
        self.history = run.history
        babysit(run)
        save_epochs(self.history, self.folder / "history.csv")
        if self.history.best_epoch == len(self.history.epochs):
            self._save(self.history.best_state)
        sys.stdout.flush()  # the epoch's line, wherever it goes

    def _keep(self) -> None:
        """Say which weights are kept, and draw the curves."""
        if not self.history.epochs:
            if not (self.folder / runs.WEIGHTS).exists():  # it does if there were epochs before --resume
                self._save(self.network.state_dict())
            click.echo(f"no epoch has ended; the weights so far are in {self.folder}")
            return
        save_epochs(self.history, self.folder / "history.csv")  # again: Ctrl-C may have come in between
        self._save(self.history.best_state)
        number = self.history.best_epoch
        accuracy = self.history.epochs[number - 1].val_accuracy
        click.echo(f"the weights of epoch {number}, validation accuracy {accuracy:.4f}, are in {self.folder}")
        try:
            plot_history(self.history, self.folder / "curves.png")
        except MinigradError as error:  # matplotlib is an extra
            click.echo(f"no curves: {error}", err=True)

    def _test(self) -> None:
        self.network.load_state_dict(self.history.best_state)
        test = runs.locked(self.recipe.for_all(self.sets.test), self.description.data, self.folder)
        cost, accuracy = test.score(self.network)
        runs.write_json(self.folder / runs.RESULT, {"test_accuracy": accuracy, "test_cost": cost})
        click.echo(f"test accuracy: {accuracy:.4f}")

    def _save(self, weights: Mapping[str, Any]) -> None:
        save_checkpoint(self.folder / runs.WEIGHTS, self.description, weights)

    def _write_settings(self) -> None:
        settings = self.settings | {"data": self.description.data}
        written = {key: str(value.resolve()) if isinstance(value, Path) else value for key, value in settings.items()}
        about = {"minigrad": __version__, "threads": get_num_threads()}
        runs.write_json(self.folder / runs.SETTINGS, {**written, **about})
