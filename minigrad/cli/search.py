"""`minigrad search`: find a learning rate and a weight decay, coarse to fine."""

from __future__ import annotations

import functools
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from minigrad import optim
from minigrad.backends.base import get_backend
from minigrad.backends.cpu import warmup
from minigrad.cli import options, runs, sets
from minigrad.cli.resume import reread
from minigrad.data import datasets
from minigrad.data.loader import MOST_WORKERS
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.errors import DataError, MinigradError
from minigrad.models import MODELS, build_model
from minigrad.optim.lr_scheduler import CosineAnnealingLR
from minigrad.optim.optimizer import Optimizer
from minigrad.train import SearchResult, Trial, search
from minigrad.train.search_stages import PICTURE, SETTINGS, TABLE
from minigrad.train.search_study import PRUNERS, SAMPLERS

OPTIONS = "options.json"
_ELSEWHERE = ("out", "storage", "resume")  # options that are not those of the search itself
_EXAMPLES = options.examples(
    "minigrad search --model convnet --data digits",
    "minigrad search --model convnet --model lenet --data mnist --stage 12 1 --stage 6 3",
    "minigrad search --model convnet --data cifar10 --lr 1e-4 1e-1 --reg 1e-5 1e-2 --out runs/rates",
    "minigrad search --resume runs/rates",
    "minigrad search --model mlp --data mnist --storage postgresql://host/db --study mlp-mnist",
)


@click.command(epilog=_EXAMPLES)
@click.option("--model", multiple=True, help="A network that `minigrad models` lists; may be given several times.")
@click.option("--data", metavar="NAME|FOLDER", help="A data set that `minigrad datasets` lists, or images.")
@options.data_dir
@click.option(
    "--lr", type=float, nargs=2, default=(1e-5, 1.0), show_default=True, metavar="LOW HIGH", help="Learning rates."
)
@click.option(
    "--reg", type=float, nargs=2, default=(1e-6, 0.1), show_default=True, metavar="LOW HIGH", help="Weight decays."
)
@click.option(
    "--stage",
    type=(int, int),
    multiple=True,
    default=((20, 2), (10, 8)),
    show_default=True,
    metavar="RUNS EPOCHS",
    help="For each stage: how many runs a network gets, and for how many epochs.",
)
@options.batch_size(32)
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), default=0.9, show_default=True)
@click.option("--sampler", type=click.Choice([*SAMPLERS]), default="random", show_default=True, help="Optuna's.")
@click.option("--pruner", type=click.Choice([*PRUNERS]), default="median", show_default=True, help="Optuna's.")
@options.device
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Draws all seeds.")
@click.option(
    "--workers",
    type=click.IntRange(0, MOST_WORKERS),
    default=0,
    show_default=True,
    help="Threads that read images ahead: for a folder of them.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="A new folder for the study.")
@click.option("--storage", metavar="URL", help="A database for the study, instead of an SQLite file in its folder.")
@click.option("--study", metavar="NAME", help="The study's name in that database.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Go on with a study, and its settings, beside other processes or after them.",
)
@click.pass_context
def command(context: click.Context, /, resume: Path | None, **settings: Any) -> None:
    """Look for the learning rate and the weight decay with which a network does best on validation data.

    Both are drawn log-uniformly. The first stage has few epochs and wide ranges; each later one ranges that are three
    times narrower, on a logarithmic scale, around the best run of the stage before. A run whose loss exceeds 3 times
    the first, or is not finite, is stopped at once. All else is as in `minigrad train`, and at the end stands the
    command that trains with the best settings.

    The study's folder, runs/search-DATA or the next one that is free, gets the study, a table of its runs and a
    picture. Start the command with --resume FOLDER in other terminals, and they share the work; if one is stopped or
    killed, the others do its runs. On other machines start it with equal options and the same --storage and --study.
    """
    if resume is not None:
        settings = reread(context, lambda: _kept(resume), beside=("storage",))
    for name in ("model", "data"):
        if not settings[name]:
            raise click.MissingParameter(ctx=context, param_hint=f"'--{name}'", param_type="option")
    if (settings["storage"] is None) != (settings["study"] is None):
        raise click.UsageError("--storage and --study go together.", context)
    _Searching(settings, resume).run()


class _Searching:
    """A search of networks by name, trained as `minigrad train` does."""

    def __init__(self, settings: dict[str, Any], resumed: Path | None) -> None:
        self.settings, self.resumed = settings, resumed
        for name in settings["model"]:
            if name not in MODELS:
                raise DataError(f"--model: no network is called {name!r}; there are {', '.join(MODELS)}")
        get_backend(settings["device"])
        if settings["out"] is not None:
            runs.require_free(settings["out"])
        self.parts = self._load()

    def run(self) -> None:
        """Search, and show what was found."""
        click.echo(f"{self.settings['data']}: {sets.describe(self.parts)}")
        if self.settings["device"] == "cpu":
            warmup(progress=sys.stderr.isatty())
        folder = self.resumed
        if folder is None:
            folder = runs.new_folder(self.settings["out"], f"search-{Path(self.settings['data']).resolve().name}")
            self._keep(folder)
        try:
            result = self._search(folder)
        except KeyboardInterrupt:
            click.echo(f"the search goes on with: minigrad search --resume {shlex.quote(str(folder))}")
            raise
        except MinigradError:
            if self.resumed is None:
                _forget(folder)
            raise
        self._show(result, folder)

    def _load(self) -> sets.Sets:
        data, (shape, *others) = self.settings["data"], {MODELS[name].in_shape for name in self.settings["model"]}
        if others and data not in datasets.registry():  # a folder's images are scaled to what a network takes
            raise DataError("--model: these networks take images of different sizes; search them one by one")
        return sets.load_sets(data, self.settings["data_dir"], shape)

    def _search(self, folder: Path) -> SearchResult:
        settings, parts = self.settings, self.parts
        arguments = {"in_shape": parts.in_shape, "classes": len(parts.classes)}
        mean = channel_mean(parts.train)
        return search(
            {name: functools.partial(_build, name, settings["device"], arguments) for name in settings["model"]},
            Centred(parts.train, mean),
            Centred(parts.validation, mean),
            lr=settings["lr"],
            reg=settings["reg"],
            stages=settings["stage"],
            optimizer=functools.partial(optim.SGD, momentum=settings["momentum"]),
            schedule=_cosine,
            batch_size=settings["batch_size"],
            num_workers=settings["workers"],
            seed=settings["seed"],
            sampler=settings["sampler"],
            pruner=settings["pruner"],
            folder=folder,
            storage=settings["storage"],
            study=settings["study"] or "search",
            recipe=f"minigrad train --data {Path(settings['data']).name} --momentum {settings['momentum']:g}",
            resume=True,
            warn=runs.warn,
        )

    def _show(self, result: SearchResult, folder: Path) -> None:
        click.echo(f"\n{result}\n")
        click.echo(f"{TABLE} and {PICTURE} are in {folder}")
        best = result.best
        click.echo(f"best: validation accuracy {best.accuracy:.4f} in trial {best.number}; to train so:")
        click.echo(self._train_command(best))

    def _train_command(self, best: Trial) -> str:
        """What repeats the best run, and then tests it."""
        settings = self.settings
        words = ["minigrad", "train", "--model", best.model, "--data", settings["data"]]
        if settings["data_dir"] is not None:
            words += ["--data-dir", str(settings["data_dir"])]
        numbers = {"epochs": best.epochs, "batch-size": settings["batch_size"], "lr": best.lr}
        numbers |= {"momentum": settings["momentum"], "weight-decay": best.reg, "seed": best.seed}
        for name, number in numbers.items():
            words += [f"--{name}", f"{number}"]
        if settings["device"] != "cpu":
            words += ["--device", settings["device"]]
        if settings["workers"]:
            words += ["--workers", str(settings["workers"])]
        return shlex.join(words)

    def _keep(self, folder: Path) -> None:
        """Write down what --resume needs."""
        kept = {name: value for name, value in self.settings.items() if name not in _ELSEWHERE}
        kept["data"] = sets.data_name(kept["data"])
        if kept["data_dir"] is not None:
            kept["data_dir"] = str(kept["data_dir"].resolve())
        runs.write_json(folder / OPTIONS, kept)


def _build(name: str, device: str, arguments: Mapping[str, Any]) -> Any:
    return build_model(name, **arguments).to(device)


def _cosine(optimizer: Optimizer, steps: int) -> CosineAnnealingLR:
    return CosineAnnealingLR(optimizer, steps, counts="batches")


def _kept(folder: Path) -> dict[str, Any]:
    """The options of a search that was stopped, or that others work at."""
    if not (folder / OPTIONS).is_file():
        raise DataError(f"--resume: {folder} is no folder of a search; `minigrad search` makes them")
    try:
        return dict(json.loads((folder / OPTIONS).read_bytes()))
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"--resume: {folder / OPTIONS} is damaged: {error}") from error


def _forget(folder: Path) -> None:
    """Remove a folder in which nothing has been found."""
    if {path.name for path in folder.iterdir()} <= {OPTIONS, SETTINGS}:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
