"""Files of weights, in the format of safetensors: a header of JSON, then plain arrays. Nothing in them is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from minigrad.data.given import as_array, as_path, require_given, require_optional
from minigrad.errors import DataError
from minigrad.tensor import Tensor
from minigrad.train.files import write_atomically


def save_weights(
    path: str | os.PathLike[str], state: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> Path:
    """Write a state dict, of tensors or arrays, in one step; returns the path.

    Parameters
    ----------
    path : path-like
        An existing file is replaced, once the new one is complete.
    state : mapping
        What `Module.state_dict` gives.
    metadata : mapping of str to str, optional
        Kept in the header.
    """
    require_given("save_weights", path=path, state=state)
    require_optional("save_weights", metadata=metadata)
    return write_atomically(path, packed(state, metadata))


def packed(state: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> bytes:
    """The content of a file of weights."""
    arrays = {
        name: np.asarray(value.cpu() if isinstance(value, Tensor) else as_array("save_weights", name, value), order="C")
        for name, value in state.items()
    }
    try:
        return save(arrays, dict(metadata) if metadata else None)  # no array and {} would make a header that is no JSON
    except (SafetensorError, UnicodeError) as error:  # a dtype that files do not have, a name that is no Unicode
        raise DataError(f"save_weights: this cannot be written: {error}") from error


def load_weights(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a file of weights, whoever wrote it.

    Returns
    -------
    state : dict
        Arrays by name: for `Module.load_state_dict`, which checks them before it changes anything.
    metadata : dict
        The strings of the header.

    Raises
    ------
    DataError
        If there is no such file, or if it is truncated, damaged or no such file at all.
    """
    path = as_path("load_weights", "path", path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of weights")
    try:
        with safe_open(path, framework="np") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            foreign = [name for name, array in state.items() if array.dtype.kind not in "fiub"]
            if foreign:  # bfloat16 and the like, which other packages add to NumPy
                raise DataError(f"NumPy has no dtype of its own for {', '.join(foreign)}")
            return state, dict(file.metadata() or {})
    except Exception as error:  # whatever a hostile header may raise: the file cannot be used
        raise DataError(f"{path}: this is no file of weights, or it is damaged: {error}") from error
