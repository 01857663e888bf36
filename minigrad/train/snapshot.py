"""All that a training run depends on: taken from it, and put back into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.checks import is_number
from minigrad.data.integers import require_integer
from minigrad.errors import DataError
from minigrad.random import get_rng_state, set_rng_state
from minigrad.tensor import Tensor, from_numpy
from minigrad.train.history import History
from minigrad.train.run_state import Mean, RunState

Arrays = dict[str, np.ndarray]


class Snapshot(NamedTuple):
    """A run at one moment.

    Attributes
    ----------
    weights, best : dict of arrays
        Those of the model, now and at the end of its best epoch.
    optimizer : dict of arrays
        Its state, by "number of the parameter.name".
    history : History
        What has happened.
    state : dict
        All else, in numbers and texts.
    """

    weights: Arrays
    best: Arrays
    optimizer: Arrays
    history: History
    state: dict[str, Any]


def weights_of(run: RunState) -> Arrays:
    """Copies of the weights."""
    return {name: _copy(value) for name, value in run.model.state_dict().items()}


def take(run: RunState) -> Snapshot:
    """Copy a run; DataError if its schedule cannot be saved."""
    held = run.optimizer.state_dict()
    entries = {f"{n}.{name}": value for n, state in held["state"].items() for name, value in state.items()}
    tensors = {name: _copy(value) for name, value in entries.items() if isinstance(value, Tensor)}
    state = {
        "step": run.step,
        "so_far": asdict(run.so_far),
        "loader": run.loader.state_dict(),
        "random": get_rng_state(),
        "schedule": None if run.schedule is None else _schedule(run).state_dict(),
        "optimizer": type(run.optimizer).__name__,
        "groups": held["param_groups"],
        "scalars": {name: value for name, value in entries.items() if name not in tensors},
        "settings": _settings(run),
    }
    history = replace(run.history, steps=[*run.history.steps], epochs=[*run.history.epochs], looks=[*run.history.looks])
    return Snapshot(weights_of(run), history.best_state, tensors, history, state)


def put_back(run: RunState, snapshot: Snapshot, source: Path) -> None:
    """Make a run go on from a snapshot; DataError, and no change, if it does not fit."""
    before = take(run)
    try:
        _put_back(run, snapshot)
    except Exception as error:  # whatever a hostile manifest may raise
        _put_back(run, before)
        reason = " ".join(str(error).split())
        raise DataError(f"{source}: this checkpoint does not fit what is trained here: {reason}") from error


def _put_back(run: RunState, snapshot: Snapshot) -> None:
    weights, best, tensors, history, state = snapshot
    if state["settings"] != _settings(run):
        raise DataError(f"it was written with {state['settings']}, now there are {_settings(run)}")
    if state["optimizer"] != type(run.optimizer).__name__:
        raise DataError(f"its optimizer is {state['optimizer']}, now it is {type(run.optimizer).__name__}")
    parameters = [parameter for group in run.optimizer.param_groups for parameter in group["params"]]
    own = run.model.state_dict()
    for part in (weights, best) if history.epochs else (weights,):
        _require_equal_specs(part, own)
    _require_equal_specs(tensors, {name: parameters[_number(name)] for name in tensors})
    step = require_integer("its step", state["step"], 0)
    if step != len(history.steps):
        raise DataError(f"its history has {len(history.steps)} steps, it was written after {step}")
    so_far = _mean(**state["so_far"])
    held: dict[int, dict[str, Any]] = {}
    for name, value in (state["scalars"] | {name: from_numpy(array) for name, array in tensors.items()}).items():
        held.setdefault(_number(name), {})[name.partition(".")[2]] = value
    groups = [{name: _setting(name, value) for name, value in group.items()} for group in state["groups"]]
    if run.schedule is not None:
        _schedule(run).load_state_dict(state["schedule"])
    run.optimizer.load_state_dict({"state": held, "param_groups": groups})  # after the schedule: it has the last word
    run.model.load_state_dict(weights)
    run.loader.load_state_dict(state["loader"])
    set_rng_state(state["random"])
    run.step, run.epoch, run.so_far = step, state["loader"]["epoch"] + 1, so_far
    run.history = replace(history, stopped="", best_state=best)


def _settings(run: RunState) -> dict[str, Any]:
    """What must be the same for a position in an epoch to mean the same."""
    return {"examples": len(run.loader.dataset), "batch_size": run.loader.batch_size}


def _schedule(run: RunState) -> Any:
    if not (hasattr(run.schedule, "state_dict") and hasattr(run.schedule, "load_state_dict")):
        name = type(run.schedule).__name__
        raise DataError(f"checkpoints: {name} must have state_dict and load_state_dict, or it could not be resumed")
    return run.schedule


def _copy(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy().copy()
    return array


def _number(name: str) -> int:
    number = int(name.partition(".")[0])
    if number < 0:
        raise DataError(f"{name} belongs to no parameter")
    return number


def _setting(name: str, value: Any) -> Any:
    """A setting as it was before it was JSON: there are no tuples in it."""
    return tuple(value) if isinstance(value, list) and name != "params" else value


def _mean(cost: float, penalty: float, correct: int, count: int) -> Mean:
    if not (is_number(cost) and is_number(penalty)):
        raise DataError("its sums must be numbers")
    return Mean(cost, penalty, require_integer("its sum", correct, 0), require_integer("its sum", count, 0))


def _require_equal_specs(arrays: Mapping[str, np.ndarray], tensors: Mapping[str, Tensor]) -> None:
    found = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    wanted = {name: (tensor.dtype.name, tensor.shape) for name, tensor in tensors.items()}
    wrong = [name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)]
    if wrong:
        name = min(wrong)
        raise DataError(f"{name} must be {wanted.get(name)}, it has {found.get(name)}")
