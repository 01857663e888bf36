"""Every op of a program on two devices at once, up to the first that differs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd import Op
from minigrad.backends.base import Backend, Spec, get_backend
from minigrad.checks import as_number
from minigrad.data.given import require_given, require_optional
from minigrad.errors import DataError, GraphError
from minigrad.tables import table

# Of the largest result, by the bits of a float: a hundred times what sums of thousands of terms lose.
_RTOL = {4: 1e-4, 8: 1e-11}
_OF_INPUTS = 1e-2  # of that again, of the largest input: results may cancel


class DivergenceError(AssertionError):
    """Two devices disagree about an op; `path` is the file with its inputs and both results."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


class Difference(NamedTuple):
    """The worst element of an output: where, both values, and how far they may differ."""

    output: int
    place: tuple[int, ...]
    got: Any
    expected: Any
    bound: float

    def __str__(self) -> str:
        where = f"output {self.output}, index {self.place}"
        return f"{where}: {self.got!r}, not {self.expected!r}, with a bound of {self.bound:.3g}"


def compare(
    device: str = "cpu",
    against: str = "reference",
    *,
    rtol: float | None = None,
    folder: str | os.PathLike[str] = ".",
) -> AbstractContextManager[None]:
    """Run each op that a block runs on one device on another too, and stop at the first that differs.

    ``with mg.testing.compare("cpu", "reference"): fit(...)``. Gradients and updates are ops too. The program goes on
    with the results of its own device, so that what differs is one op, and not what it was given.

    Parameters
    ----------
    device, against
        The program's device, and the one whose results are taken for right.
    rtol
        How far floats may differ, of the largest result (and a hundredth of that, of the largest input): by default
        1e-4 for float32 and 1e-11 for float64. What are no floats must be equal.
    folder
        Where the inputs and both results of an op that differs are written, as ``divergence-OP.npz`` or the next name
        that is free, for `replay`; it is made if it is missing.

    Raises
    ------
    DivergenceError
        Names the op, its parameters, the worst element with both values, and the file.
    DeviceError
        If the other device lacks a kernel for an op.
    GraphError
        If one of the devices is being compared already, or with itself.

    Notes
    -----
    It holds for the whole process, whatever thread an op runs in.
    """
    require_given("compare", folder=folder)
    if rtol is not None:
        as_number("compare", "rtol", rtol, 0)
    return _comparing(get_backend(device, "compare"), get_backend(against, "compare"), rtol, Path(folder))


@contextmanager
def _comparing(ours: Backend, theirs: Backend, rtol: float | None, folder: Path) -> Iterator[None]:
    for backend in (ours, theirs):
        if ours is theirs or "run" in vars(backend):
            raise GraphError(f"compare: {backend.name!r} is compared already, or with itself")
    original = ours.run

    def run(op: Any, outs: Sequence[Any], inputs: Sequence[Any], params: Sequence[Any]) -> None:
        before = [_copied(ours, array) for array in outs] if op.mutates else None
        given = [_copied(ours, array) for array in inputs]
        original(op, outs, inputs, params)
        expected = _results(theirs, op, [Spec(out.shape, out.dtype) for out in outs], before, given, params)
        got = [_copied(ours, out) for out in outs]
        difference = _difference(got, expected, given, rtol)
        if difference is not None:
            arrays = {"before": before or [], "inputs": given, "got": got, "expected": expected}
            path = _free(folder, op)
            shown = ", ".join(f"{array.dtype}{list(array.shape)}" for array in given)
            message = f"{op.name}: {ours.name} and {theirs.name} differ at {difference}\n  inputs: {shown}\n"
            try:
                _save(path, op, params, (ours.name, theirs.name), arrays)
                done = f"saved as {path}"
            except OSError as error:  # what differs matters more
                done = f"not saved: {error}"
            raise DivergenceError(f"{message}  params: {tuple(params)}\n  {done}", path)

    vars(ours)["run"] = run
    try:
        yield
    finally:
        del vars(ours)["run"]


def replay(path: str | os.PathLike[str], op: Op | None = None) -> str:
    """Run the op of a file that `compare` wrote on both devices again; returns a table of the results.

    Parameters
    ----------
    path
        The file.
    op
        An op of one's own, which is not found by its name.

    Raises
    ------
    DataError
        If the file is missing or damaged, or if its op is not known.
    """
    require_given("replay", path=path)
    require_optional("replay", op=op)
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {kind: [file[f"{kind}_{n}"] for n in range(about[kind])] for kind in ("before", "inputs", "got")}
        name, devices = about["op"], [get_backend(device) for device in about["devices"]]
        params = tuple(_read(value) for value in about["params"])
    except Exception as error:  # whatever a damaged file may raise
        raise DataError(f"replay: {path} is no file of `compare`: {' '.join(str(error).split())}") from error
    known = {one.name: one for one in devices[0].kernels()}
    chosen = op or known.get(name)
    if chosen is None:
        raise DataError(f"replay: no op is called {name!r}; pass it as `op` if it is one of yours")
    specs = [Spec(array.shape, array.dtype) for array in arrays["got"]]
    before = arrays["before"] or None
    got, expected = (_results(device, chosen, specs, before, arrays["inputs"], params) for device in devices)
    lines = [("output", "largest difference", *about["devices"])]
    for number, (a, b) in enumerate(zip(got, expected, strict=True)):
        worst = np.unravel_index(np.argmax(_distance(a, b)), a.shape) if a.size else None
        cells = ("none",) * 3 if worst is None else (f"{_distance(a, b)[worst]:.3g}", f"{a[worst]!r}", f"{b[worst]!r}")
        lines.append((str(number), *cells))
    return f"{name}{params}\n{table(lines)}"


def _results(
    backend: Backend,
    op: Any,
    specs: Sequence[Spec],
    before: Sequence[Any] | None,
    inputs: Sequence[Any],
    params: Sequence[Any],
) -> list[Any]:
    """What a device makes of copies of the inputs, and for an op that works in place of what was there before."""
    start = [backend.empty(spec) for spec in specs] if before is None else [_moved(backend, one) for one in before]
    backend.run(op, start, [_moved(backend, array) for array in inputs], params)
    return [_copied(backend, array) for array in start]


def _moved(backend: Backend, array: Any) -> Any:
    return backend.from_numpy(array.copy())


def _copied(backend: Backend, array: Any) -> Any:
    return np.array(backend.to_numpy(array))


def _distance(got: Any, expected: Any) -> Any:
    """|got - expected|; infinite where one is NaN and the other is not."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    same = (got == expected) | ((got != got) & (expected != expected))
    # Integers above 2^53 may differ by what a float64 does not hold.
    return np.where(same, 0, np.maximum(np.nan_to_num(distance, nan=np.inf, posinf=np.inf), np.finfo(np.float64).tiny))


def _difference(
    got: Sequence[Any], expected: Sequence[Any], inputs: Sequence[Any], rtol: float | None
) -> Difference | None:
    largest_input = max((_largest(array) for array in inputs), default=0.0)
    for number, (a, b) in enumerate(zip(got, expected, strict=True)):
        bound = 0.0
        if a.dtype.kind == "f":
            bound = (_RTOL[a.dtype.itemsize] if rtol is None else rtol) * max(_largest(b), _OF_INPUTS * largest_input)
        distance = _distance(a, b)
        if a.size and distance.max() > bound:
            worst = tuple(int(i) for i in np.unravel_index(np.argmax(distance), a.shape))
            return Difference(number, worst, a[worst].item(), b[worst].item(), bound)
    return None


def _largest(array: Any) -> float:
    """The largest finite magnitude of a float array."""
    if array.dtype.kind != "f" or not array.size:
        return 0.0
    return float(np.abs(np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)).max())


def _free(folder: Path, op: Any) -> Path:
    """A name that no file has; an op may be called as no file can be."""
    name = re.sub(r"[^\w.-]", "_", op.name)[:100]
    names = (f"divergence-{name}{'' if n == 1 else f'-{n}'}.npz" for n in count(1))
    return next(folder / name for name in names if not (folder / name).exists())


def _save(
    path: Path, op: Any, params: Sequence[Any], devices: tuple[str, str], arrays: Mapping[str, Sequence[Any]]
) -> None:
    about = {"op": op.name, "devices": devices, "params": [_written(value) for value in params]}
    about |= {kind: len(group) for kind, group in arrays.items()}
    named = {f"{kind}_{n}": array for kind, group in arrays.items() for n, array in enumerate(group)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, about=json.dumps(about), **named)


def _written(value: Any) -> Any:
    """A parameter as JSON, which has no tuples and nothing of NumPy's: these are named."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return {"list" if isinstance(value, list) else "tuple": [_written(one) for one in value]}
        case dict():
            return {"dict": [[_written(key), _written(one)] for key, one in value.items()]}
        case slice():
            return {"slice": [_written(one) for one in (value.start, value.stop, value.step)]}
        case np.dtype():
            return {"dtype": value.name}
        case np.generic() | np.ndarray():
            return {"array": [value.dtype.name, value.tolist(), isinstance(value, np.generic)]}
    return {"unwritten": repr(value)}


def _read(value: Any) -> Any:
    """The parameter that `_written` wrote."""
    if not isinstance(value, dict):
        return value
    ((kind, found),) = value.items()
    match kind:
        case "tuple" | "list":
            return (tuple if kind == "tuple" else list)(_read(one) for one in found)
        case "dict":
            return {_read(key): _read(one) for key, one in found}
        case "slice":
            return slice(*map(_read, found))
        case "dtype":
            return np.dtype(found)
        case "array":
            array = np.array(found[1], found[0])
            return array[()] if found[2] else array
    raise DataError(f"the parameter {found} is of a kind that no file holds")
