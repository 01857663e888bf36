"""Finding a learning rate and a regularisation strength, coarse to fine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minigrad.nn.functional as F
from minigrad.checks import as_one_of, require_texts
from minigrad.data.arrays import Dataset
from minigrad.data.given import require_given, require_optional
from minigrad.data.integers import require_integer
from minigrad.data.loader import DataLoader
from minigrad.errors import DataError, MinigradError
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.train.checks.subject import PenaltyOf
from minigrad.train.files import make_folder, write_atomically
from minigrad.train.heads import Loss
from minigrad.train.search_plan import Box, Plan, planned, rounded
from minigrad.train.search_result import FINISHED, RUNNING, SearchResult, Trial, ordered
from minigrad.train.search_run import MakeOptimizer, MakeSchedule, Outcome, Recipe, Source
from minigrad.train.search_study import (
    OUTCOME,
    PRUNERS,
    SAMPLERS,
    Heartbeat,
    Opened,
    Runs,
    agree,
    import_optuna,
    opened,
    quiet,
    require_equal,
)
from minigrad.train.warn import warn

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as Asked

STUDY, SETTINGS, TABLE, PICTURE = "study.db", "search.json", "trials.csv", "search.png"
_BATCH = 32
_POLL = 0.2  # seconds between two looks at what other processes do


def search(
    models: Source | Mapping[str, Source],
    train: Dataset | DataLoader,
    validation: Dataset,
    *,
    lr: tuple[float, float] = (1e-5, 1.0),
    reg: tuple[float, float] = (1e-6, 1e-1),
    stages: tuple[tuple[int, int], ...] = ((20, 2), (10, 8)),
    optimizer: Optimizer | MakeOptimizer | None = None,
    penalty: PenaltyOf | None = None,
    loss: Loss = F.cross_entropy,
    schedule: MakeSchedule | None = None,
    batch_size: int | None = None,
    num_workers: int = 0,
    seed: int = 0,
    sampler: str = "random",
    pruner: str = "median",
    folder: str | PathLike[str] | None = None,
    storage: str | None = None,
    study: str = "search",
    recipe: str = "",
    resume: bool = False,
    progress: bool = True,
    warn: Callable[[str], object] = warn,
) -> SearchResult:
    """Look for the learning rate and the regularisation strength with which networks do best on validation data.

    Both are drawn log-uniformly: first few epochs and wide ranges, then more epochs and ranges that are three times
    narrower, on a logarithmic scale, around the best run that each network had in the stage before. A run whose loss
    exceeds 3 times the first, or is no longer finite, is stopped at once. Every run trains a copy: the caller's model,
    optimiser, loader, data and random streams are bit for bit as before, whatever happens.

    Parameters
    ----------
    models : Module, callable, or dict of them by name
        A function that builds a network, for each run anew; a network, whose present weights each run starts from.
    train, validation : Dataset
        Pairs of inputs and labels, as networks are to see them. A `DataLoader` stands for its data and its batch size.
    lr, reg : pair of float
        The lowest and the highest learning rate and strength of the first stage.
    stages : sequence of (runs, epochs)
        For each stage, how many runs each network gets, and their epochs.
    optimizer : Optimizer or callable, optional
        That of the model, if there is one model: the largest of its groups' rates and weight decays becomes what is
        drawn, others keep their proportion to it. Or ``optimizer(parameters, lr=..., weight_decay=...)``, which makes
        one, such as `optim.Adam`; by default SGD with momentum 0.9.
    penalty : callable, optional
        ``penalty(strength)(model)``, such as `regularize.L2`, instead of the optimiser's weight decay.
    loss, num_workers
        As in `fit`.
    schedule : callable, optional
        ``schedule(optimizer, steps)`` makes the schedule of a run that has so many steps.
    batch_size : int, optional
        By default that of the loader, or 32.
    seed : int
        The seed of a run, which draws its weights and the order of its batches, is a function of this and its number;
        with the sampler "random", so are its settings, whatever the number of processes.
    sampler : str
        "random", or "tpe", which draws near those that were good.
    pruner : str
        "none", or "median", "halving" or "hyperband", which end runs that fall behind others of their stage.
    folder : path-like, optional
        Where the study is kept in an SQLite file, with the trials as ``trials.csv`` and the picture ``search.png``.
    storage : str, optional
        The URL of a database, instead of the SQLite file, for processes on many machines.
    study : str
        The name of the study in the database.
    recipe : str
        What else processes that share the study must agree on, in words of the caller's.
    resume : bool
        Go on with the study in the folder or the database, beside other processes or after them; begin, if there is
        none. Without it a study that exists is an error.
    progress : bool
        Print a line for every run.
    warn : callable, optional
        Called with the text, instead of a `MinigradWarning`: for a best value at the edge of its range, say.

    Returns
    -------
    SearchResult
        It prints as a table; `best` is the best run, `plot` draws the picture.

    Raises
    ------
    DataError
        For bad ranges or settings, and for a folder or a study of another search, which is left as it was.
    MinigradError
        When optuna is not installed, or the storage fails.
    """
    require_given("search", loss=loss, validation=validation, resume=resume, progress=progress, warn=warn)
    if not isinstance(train, DataLoader):
        require_given("search", train=train)
    require_optional("search", folder=folder)
    require_texts("search", study=study, recipe=recipe, storage="" if storage is None else storage)
    as_one_of("search", "sampler", sampler, *SAMPLERS)
    as_one_of("search", "pruner", pruner, *PRUNERS)
    import_optuna()
    for name, function in (("optimizer", optimizer), ("penalty", penalty), ("schedule", schedule)):
        if not (function is None or callable(function) or isinstance(function, Optimizer)):
            raise DataError(f"search: {name} must be a function that makes one, got {type(function).__name__}")
    sources = _named(models)
    plan = planned([*sources], lr, reg, stages, seed)
    if isinstance(train, DataLoader):
        batch_size, num_workers, train = batch_size or train.batch_size, train.num_workers, _data_of(train)
    batch_size = require_integer("search: batch_size", _BATCH if batch_size is None else batch_size, 1)
    trained = Recipe(sources, optimizer, penalty, train, validation, loss, schedule, batch_size, num_workers)
    trained.require_sound()
    settings = plan.settings() | {
        "batch_size": batch_size,
        "examples": [len(train), len(validation)],
        "sampler": sampler,
        "pruner": pruner,
        "recipe": recipe,
    }
    place = None if folder is None else _prepared(Path(folder), settings, resume)
    file = None if place is None or storage is not None else place / STUDY
    with quiet(), opened(file, storage) as kept:
        agree(kept.storage, study, settings, resume)
        return _Search(plan, trained, kept, study, (sampler, pruner), place, progress, warn).run()


class _Search:
    """A search that is under way."""

    def __init__(
        self,
        plan: Plan,
        recipe: Recipe,
        opened: Opened,
        study: str,
        drawn: tuple[str, str],
        folder: Path | None,
        progress: bool,
        warn: Callable[[str], object],
    ) -> None:
        self.plan, self.recipe, self.opened, self.study, self.folder = plan, recipe, opened, study, folder
        self.sampler, self.pruner = SAMPLERS[drawn[0]], PRUNERS[drawn[1]]
        self.progress, self.warn = progress, warn
        self.begun: list[tuple[Box, Runs]] = []
        self.warnings: list[str] = []

    def run(self) -> SearchResult:
        """All stages; what has been found by then is saved, whatever ends it."""
        best: dict[str, tuple[float, float]] = {}
        try:
            for stage in range(len(self.plan.stages)):
                boxes = [(box, self._runs(box)) for box in self.plan.boxes(stage, best)]
                self.begun += boxes
                self._say_ranges(boxes)
                self._run_stage(boxes)
                best = {box.model: found for box, runs in boxes if (found := self._best(box, runs)) is not None}
        finally:
            result = self.result()
            self._save(result)
        return result

    def result(self) -> SearchResult:
        """What has been found so far."""
        trials = [self._trial(box, *item) for box, runs in self.begun for item in runs.held().items()]
        boxes = tuple(box for box, _ in self.begun)
        return SearchResult(ordered([trial for trial in trials if trial is not None]), boxes, tuple(self.warnings))

    def _runs(self, box: Box) -> Runs:
        study = import_optuna().create_study(
            storage=self.opened.storage,
            study_name=f"{self.study}, stage {box.stage}, {box.model}",
            direction="maximize",
            pruner=self.pruner(box.epochs),
            load_if_exists=True,
        )
        return Runs(study, box.numbers, self.opened.lock)

    def _run_stage(self, boxes: list[tuple[Box, Runs]]) -> None:
        """Do what no other process does, until all is done: the next stage needs to know the best."""
        is_waiting = False
        while not all(runs.finished() for _, runs in boxes):
            for box, runs in boxes:
                claimed = runs.claim()
                if claimed is not None:
                    self._run(box, runs, *claimed)
                    break
                runs.give_back_of_the_dead()
            else:
                if not is_waiting:
                    self._say(f"stage {boxes[0][0].stage}: waiting for the runs of other processes")
                is_waiting = True
                time.sleep(_POLL)

    def _run(self, box: Box, runs: Runs, asked: Asked, number: int) -> None:
        seed, settings = self.plan.words(number)
        try:
            runs.study.sampler = self.sampler(settings)  # for each run anew: it draws the same in any process
            lr, reg = (rounded(asked.suggest_float(name, *getattr(box, name), log=True)) for name in ("lr", "reg"))
            with Heartbeat(asked):
                outcome = self.recipe.run(box.model, lr, reg, box.epochs, seed, _pruning(asked))
        except BaseException:
            runs.give_back(asked)
            raise
        value = None if outcome.stopped else outcome.accuracy
        if runs.finish(asked, value, outcome._asdict()):
            self._say(_line(box, lr, reg, seed, outcome) + f" ({number} / {self.plan.total})")

    def _best(self, box: Box, runs: Runs) -> tuple[float, float] | None:
        """The best settings of a network in a stage; warns if they lie at an edge, or if there are none."""
        trials = ordered([trial for item in runs.held().items() if (trial := self._trial(box, *item)) is not None])
        if not trials or trials[0].verdict != FINISHED:
            self._warn(f"stage {box.stage}: no run of {box.model} has finished, so it is left out from here on")
            return None
        best = trials[0]
        for name, what, ends in (("lr", "learning rate", box.lr), ("reg", "regularisation strength", box.reg)):
            edge = ends.edge(getattr(best, name))
            if edge:
                self._warn(
                    f"stage {box.stage}: the best {what} of {box.model}, {getattr(best, name):.3g}, lies at the "
                    f"{edge} edge of its range, {ends}: better ones may lie beyond it"
                )
        return best.lr, best.reg

    def _trial(self, box: Box, number: int, held: FrozenTrial) -> Trial | None:
        """A run for the table; None before its settings are drawn."""
        if not {"lr", "reg"} <= held.params.keys():
            return None
        outcome, verdict = Outcome(None, None, ""), RUNNING
        if held.state.is_finished():
            outcome = Outcome(**held.user_attrs[OUTCOME])
            verdict = f"pruned: {outcome.stopped}" if outcome.stopped else FINISHED
        lr, reg = rounded(held.params["lr"]), rounded(held.params["reg"])
        seed, _ = self.plan.words(number)
        return Trial(number, box.stage, box.model, lr, reg, box.epochs, outcome.accuracy, outcome.cost, verdict, seed)

    def _save(self, result: SearchResult) -> None:
        if self.folder is not None and result.trials:
            result.save(self.folder / TABLE)
            try:
                result.plot(self.folder / PICTURE)
            except MinigradError as error:  # matplotlib is an extra
                self.warn(f"no picture: {error}")

    def _say_ranges(self, boxes: list[tuple[Box, Runs]]) -> None:
        for box, _ in boxes:
            epochs = f"{box.epochs} epoch" + "s" * (box.epochs > 1)
            self._say(f"stage {box.stage}, {box.model}: {box.trials} runs of {epochs}, lr {box.lr}, reg {box.reg}")

    def _say(self, line: str) -> None:
        if self.progress:
            print(line, flush=True)

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.warn(text)


def _line(box: Box, lr: float, reg: float, seed: int, outcome: Outcome) -> str:
    """The course's line."""
    accuracy = "none" if outcome.accuracy is None else f"{outcome.accuracy:.4f}"
    stopped = f", pruned: {outcome.stopped}" if outcome.stopped else ""
    return f"val_acc: {accuracy}, lr: {lr:.3e}, reg: {reg:.3e}, model: {box.model}, seed: {seed}{stopped}"


def _pruning(trial: Asked) -> Callable[[int, float], bool]:
    def prune(epoch: int, accuracy: float) -> bool:
        try:
            trial.report(accuracy, epoch)
            return trial.should_prune()
        except import_optuna().exceptions.UpdateFinishedTrialError:
            return True  # others thought that this process was dead, and do the run again

    return prune


def _named(models: Any) -> dict[str, Source]:
    """Networks by name: that of a class or a function, if there is one network."""
    if not isinstance(models, Mapping):
        name = type(models).__name__ if isinstance(models, Module) else getattr(models, "__name__", "")
        models = {name if name.isidentifier() else "model": models}
    for name, source in models.items():
        if not (isinstance(name, str) and callable(source)):
            raise DataError(f"search: a model must be a Module or a function that builds one, got {source!r}")
    if not models:
        raise DataError("search: models must hold at least one, got none")
    return dict(models)


def _data_of(loader: DataLoader) -> Dataset:
    if loader.transform is not None:
        raise DataError("search: a loader with a transform cannot be searched with; make a view of the data instead")
    return loader.dataset


def _prepared(folder: Path, settings: Mapping[str, Any], resume: bool) -> Path:
    """The folder, which is made, or is that of the same search."""
    marker = folder / SETTINGS
    if marker.exists():
        if not resume:
            raise DataError(f"search: there is a search in {folder} already; pass resume=True to go on with it")
        try:
            before = dict(json.loads(marker.read_bytes()))
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"search: {marker} is damaged: {error}") from error
        require_equal(settings, before, str(folder))
        return folder
    taken = [name for name in (STUDY, TABLE, PICTURE) if (folder / name).exists()]
    if taken:
        raise DataError(f"search: {folder} holds {taken[0]}, but no search; name another folder")
    make_folder("search", folder)
    write_atomically(marker, (json.dumps(settings, indent=2) + "\n").encode())
    return folder
