"""Data sets, paths and arrays from users, checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.checks import as_flag, as_list, as_mapping, require_callable, require_like, shown
from minigrad.errors import DataError, DTypeError, MinigradError


def as_path(op: str, name: str, value: Any) -> Path:
    """`value` as a path; DTypeError for what is neither a text nor a path, DataError for what no file can be called."""
    if not isinstance(value, str | os.PathLike):
        raise DTypeError(f"{op}: {name} must be a path, got {shown(value)}")
    path = Path(value)
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # too long a name, a zero byte in it, a folder that may not be read
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{op}: {name} must be a path that can be used here, got {shown(value)}: {reason}") from error
    return path


def require_dataset(op: str, name: str, value: Any) -> Any:
    """`value`, which must have a length and give tuples of arrays by index; sequences, dicts and tensors do not."""
    if isinstance(value, str | bytes | Mapping | list | tuple | range) or hasattr(value, "__array__"):
        raise DTypeError(f"{op}: {name} must be a data set, got {shown(value)}; see minigrad.data.ArrayDataset")
    return require_like(op, name, value, "a data set", "__len__", "__getitem__")


def as_array(op: str, name: str, value: Any) -> np.ndarray:
    """`value` as an array of numbers."""
    try:
        array = np.asarray(value)
    except (ValueError, MinigradError):  # lists of several lengths, a tensor that is not on the CPU
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{op}: {name} must be numbers in an array, got {shown(value)}")
    return array


def as_names(op: str, name: str, value: Any) -> tuple[str, ...]:
    """`value`, a sequence of texts, NumPy's among them, as a tuple."""
    names = as_list(op, name, value, "texts")
    if not all(isinstance(each, str) for each in names):
        raise DTypeError(f"{op}: {name} must be a sequence of texts, got {shown(value)}")
    return tuple(map(str, names))


def require_named(op: str, name: str, value: Any) -> None:
    """Raise an error of ours unless `value` is a dict of texts to something: to texts, for rules and metadata."""
    entries = as_mapping(op, name, value)
    texts = [*entries, *entries.values()] if name in ("rules", "metadata") else [*entries]
    for text in texts:
        if not isinstance(text, str):
            raise DTypeError(f"{op}: {name} must have texts where there is {shown(text)}")


def require_given(op: str, /, **values: Any) -> None:
    """Raise an error of ours unless each value is what its name says, of those that train and check networks."""
    for name, value in values.items():
        if name in _LIKE:
            require_like(op, name, value, *_LIKE[name])
        elif name in _PATHS:
            as_path(op, name, value)
        elif name in _DATASETS:
            require_dataset(op, name, value)
        elif name in _MAPPINGS:
            require_named(op, name, value)
        elif name in _CALLABLES:
            require_callable(op, name, value)
        elif name in _FLAGS:
            as_flag(op, name, value)
        else:
            raise KeyError(f"nothing says what {name!r} should be")


def require_optional(op: str, /, **values: Any) -> None:
    """Likewise, where None stands for what is not given."""
    require_given(op, **{name: value for name, value in values.items() if value is not None})


_LIKE = {
    "model": ("a Module", "named_parameters", "state_dict"),
    "network": ("a Module", "named_parameters", "state_dict"),
    "optimizer": ("an Optimizer", "param_groups", "step"),
    "schedule": ("a schedule", "step"),
    "checkpoints": ("Checkpoints", "begin", "after_epoch"),
    "loader": ("a DataLoader", "batches_on"),
    "history": ("a History", "steps", "epochs"),
    "run": ("a RunState", "history", "said"),
    "description": ("a Description", "preprocessing", "arguments"),
    "preprocessing": ("a Preprocessing", "transform", "state_dict"),
    "op": ("a minigrad.Op", "vjp", "infer"),
}
_PATHS = ("path", "folder", "log")
_DATASETS = ("train", "validation", "data", "dataset")
_MAPPINGS = ("weights", "rules", "state", "metadata", "arguments")
_CALLABLES = ("loss", "penalty", "on_step", "on_epoch", "warn", "function", "decides")
_FLAGS = ("progress", "resume")
