"""Optuna below a search: where its runs are kept, and how several processes share them.

Each network has a study of its own in each stage, and each of its runs a number. A trial of the study holds the number
from the moment that it is queued, and of several that hold the same the oldest counts, so that no run is done twice
however many processes ask at once. A process that trains says so every few seconds; when it has been silent for long,
the others take its run up again, with the same number, and therefore from the same seed.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from filelock import FileLock

from minigrad.errors import DataError, MinigradError

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

Lock = AbstractContextManager[Any]

BEAT, GRACE = 2.0, 30.0  # seconds between signs of life; without any for how long a process counts as dead
_LOCKED = 60  # seconds to wait for an SQLite file that another process writes
_RUN, _BEAT, OUTCOME = "run", "beat", "outcome"  # what is kept with a trial: its number, signs of life, what it gave


def import_optuna() -> ModuleType:
    """Optuna, an extra: imported only when used."""
    try:
        import optuna
    except ImportError as error:
        raise MinigradError(
            "search: optuna is not installed; install it, or minigrad with its extra 'search'"
        ) from error
    return optuna


SAMPLERS: Final[Mapping[str, Callable[[int], BaseSampler]]] = {
    "random": lambda seed: import_optuna().samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: import_optuna().samplers.TPESampler(seed=seed),
}
"""What draws the settings of a run: independently of all others, or near those that were good in its stage."""

PRUNERS: Final[Mapping[str, Callable[[int], BasePruner]]] = {
    "none": lambda epochs: import_optuna().pruners.NopPruner(),
    "median": lambda epochs: import_optuna().pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
    "halving": lambda epochs: import_optuna().pruners.SuccessiveHalvingPruner(min_resource=1),
    "hyperband": lambda epochs: import_optuna().pruners.HyperbandPruner(min_resource=1, max_resource=epochs),
}
"""What ends a run that falls behind those of its stage: made for so many epochs."""


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna without its reports of each step, and its failures as ours; its warnings are heard."""
    optuna = import_optuna()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        raise MinigradError(f"search: the storage of the study failed: {_reason(error)}") from error
    finally:
        optuna.logging.set_verbosity(before)


class Opened(NamedTuple):
    """A storage, and what is held while a trial changes hands.

    Databases lock the row of a trial, but SQLite does not: two processes could take the same one from the queue.
    """

    storage: BaseStorage
    lock: Lock


@contextmanager
def opened(file: Path | None, url: str | None) -> Iterator[Opened]:
    """A database by its URL, else an SQLite file, else memory."""
    optuna = import_optuna()
    if url is None and file is None:
        yield Opened(optuna.storages.InMemoryStorage(), nullcontext())
        return
    lock: Lock = nullcontext()
    try:
        if url is not None:
            storage = optuna.storages.RDBStorage(url)
            place = storage.engine.url
            if place.get_backend_name() == "sqlite" and place.database not in (None, "", ":memory:"):
                lock = FileLock(f"{place.database}.lock")
        else:
            lock = FileLock(f"{file}.lock")
            with lock:  # two processes would make the tables at once
                # Not by a URL, in which some characters of a path would mean something.
                connect = functools.partial(sqlite3.connect, file, timeout=_LOCKED, check_same_thread=False)
                storage = optuna.storages.RDBStorage("sqlite:///study.db", engine_kwargs={"creator": connect})
    except Exception as error:  # whatever drivers raise; the URL is not repeated, it may hold a password
        place = "the database of --storage" if file is None else file
        raise DataError(f"search: {place} cannot be opened as a study: {_reason(error)}") from error
    try:
        yield Opened(storage, lock)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def agree(storage: BaseStorage, name: str, settings: Mapping[str, Any], resume: bool) -> None:
    """Make the study that stands for the search, or go on with it if it has the same settings."""
    optuna = import_optuna()
    known = {study.study_name: study.user_attrs for study in optuna.get_all_study_summaries(storage)}
    if name in known and not resume:
        raise DataError(f"search: there is a study {name!r} already; pass resume=True to go on with it")
    if "settings" in known.get(name, {}):
        require_equal(settings, json.loads(known[name]["settings"]), f"the study {name!r}")
    else:
        study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
        study.set_user_attr("settings", json.dumps(settings))


def require_equal(settings: Mapping[str, Any], before: Mapping[str, Any], where: str) -> None:
    """Raise DataError for the first setting that is another than before."""
    for key in {**settings, **before}:
        if settings.get(key) != before.get(key):
            raise DataError(
                f"search: {where} is of another search, with {key} {before.get(key)!r} instead of "
                f"{settings.get(key)!r}; nothing was changed"
            )


class Runs:
    """The runs of one network in one stage.

    Parameters
    ----------
    study : Study
        Of Optuna.
    numbers : range
        One for each run.
    lock : context manager
        That of the storage.
    """

    def __init__(self, study: Study, numbers: range, lock: Lock) -> None:
        self.study, self.numbers, self._lock = study, numbers, lock
        self._states = import_optuna().trial.TrialState
        self._beats: dict[int, tuple[int, float]] = {}

    def held(self) -> dict[int, FrozenTrial]:
        """The trial that holds each number, if one does."""
        found: dict[int, FrozenTrial] = {}
        for trial in self.study.get_trials(deepcopy=False):
            number = trial.user_attrs.get(_RUN)
            if number is not None and trial.state != self._states.FAIL:
                found.setdefault(number, trial)
        return found

    def finished(self) -> bool:
        """Whether all are."""
        held = self.held()
        return all(number in held and held[number].state.is_finished() for number in self.numbers)

    def claim(self) -> tuple[Trial, int] | None:
        """A run that this process is to do; None if there is none that no other process does."""
        with self._lock:
            return self._claim()

    def _claim(self) -> tuple[Trial, int] | None:
        while True:
            held = self.held()
            free = [number for number in self.numbers if number not in held]
            is_queued = any(trial.state == self._states.WAITING for trial in held.values())
            if not free and not is_queued:
                return None
            if not is_queued:
                self.study.enqueue_trial({}, user_attrs={_RUN: free[0]})
            trial = self.study.ask()
            number = trial.user_attrs.get(_RUN)
            if number is not None and self.held()[number].number == trial.number:
                return trial, number
            self.study.tell(trial, state=self._states.FAIL)  # another process was faster

    def finish(self, trial: Trial, value: float | None, outcome: Mapping[str, Any]) -> bool:
        """Record a run that has ended, or without a value one that was stopped; False if another took it up."""
        try:
            with self._lock:
                trial.set_user_attr(OUTCOME, dict(outcome))
                self.study.tell(trial, value, self._states.PRUNED if value is None else self._states.COMPLETE)
        except _gone():
            return False
        return True

    def give_back(self, trial: Trial | int) -> None:
        """Let any process do the run of a trial."""
        try:
            with self._lock:
                self.study.tell(trial, state=self._states.FAIL)
        except _gone():
            pass  # it is not ours any more

    def give_back_of_the_dead(self) -> None:
        """Free the runs of processes that have been silent: by the clock of this one, from when it first looked."""
        now = time.monotonic()
        with self._lock:
            for trial in self.held().values():
                if trial.state == self._states.RUNNING:
                    beat, since = trial.user_attrs.get(_BEAT, 0), self._beats.get(trial.number, (-1, now))
                    if since[0] != beat:
                        self._beats[trial.number] = (beat, now)
                    elif now - since[1] > GRACE:
                        self.give_back(trial.number)


class Heartbeat:
    """Signs of life of a trial, while a process trains."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self._ended = trial, threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        count = 0
        while not self._ended.wait(BEAT):
            count += 1
            try:
                self._trial.set_user_attr(_BEAT, count)
            except _gone():
                return
            except import_optuna().exceptions.StorageInternalError:
                continue  # a database that is busy: there is time for several more

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()


def _gone() -> tuple[type[Exception], ...]:
    """What Optuna raises for a trial that another process has finished."""
    return (import_optuna().exceptions.UpdateFinishedTrialError, ValueError)


def _reason(error: BaseException) -> str:
    """The first line of the cause."""
    return str(error.__cause__ or error).partition("\n")[0]
