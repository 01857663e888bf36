"""What a backend is: it allocates, copies and views arrays, and runs the kernel that its device has for an op."""

from __future__ import annotations

import importlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.checks import as_flag, require_callable, require_like, shown
from minigrad.dtypes import DType, uint8
from minigrad.errors import DeviceError, OutOfMemoryError

Array = Any
"""A device's own strided array: it carries shape, strides and offset, and its type is the device's."""
Change = tuple[Any, Sequence[Array], Sequence[Any]]
"""An op that changes arrays in place, its arrays and its params."""

_MODULES = {name: f"minigrad.backends.{name}" for name in ("cpu", "cuda", "meta", "reference")}
_loaded: dict[str, Backend] = {}


class Spec(NamedTuple):
    """Shape and dtype of a tensor: all that a shape rule sees of it."""

    shape: tuple[int, ...]
    dtype: DType

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Number of bytes."""
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"


class Kernel(NamedTuple):
    """An entry point of the kernel library, and how its contract wants to be called."""

    function: Callable[..., None]
    strided: bool = False
    scratch_bytes: Callable[..., int] | None = None
    constants: tuple[Any, ...] = ()
    """Scalars that it takes after the op's parameters."""
    takes_tuples: bool = False
    """Whether, on a GPU, each array may be a tuple of arrays, which are changed together."""


class Backend(ABC):
    """A device: memory, copies, views, and a table of kernels that is imported when the first one runs.

    All memory comes from `empty`, the one seam for a pool, and for poisoning in tests.
    """

    name: str
    package: str
    """That of `minigrad_kernels` which has the kernels."""
    on_host = True
    """Whether arrays are in host memory, so that looking at their contents costs no copy and no waiting."""

    def __init__(self) -> None:
        self._kernels: dict[Any, Kernel] = {}
        self._table_is_loaded = False

    def require_device(self) -> None:  # noqa: B027 - a host is there
        """Raise DeviceError, which says what is missing, if the device is not there."""

    @abstractmethod
    def empty(self, spec: Spec) -> Array:
        """A C-contiguous array of undefined content."""

    @abstractmethod
    def from_numpy(self, array: Any) -> Array:
        """The device's array for a NumPy array; on a host it shares memory."""

    @abstractmethod
    def from_dlpack(self, source: Any) -> Array:
        """The device's array over the memory of an object that speaks DLPack."""

    def constant(self, number: Any) -> Array:
        """A 0-d array of a NumPy number, for a kernel to read: nobody writes to it."""
        return self.from_numpy(number)

    @abstractmethod
    def to_numpy(self, array: Array) -> Any:
        """A NumPy array of the content; on a host it shares memory."""

    def text(self, array: Array, prefix: str) -> str:
        """What people are shown of the content, behind a prefix."""
        return np.array2string(self.to_numpy(array), separator=", ", prefix=prefix, threshold=200)

    @abstractmethod
    def contiguous(self, array: Array) -> Array:
        """`array` itself if C-contiguous, else a C-contiguous copy."""

    @abstractmethod
    def is_whole(self, array: Array) -> bool:
        """Whether `array` is contiguous and all of its memory, as `empty` gave it: no view of another array."""

    @abstractmethod
    def assign(self, target: Array, source: Array) -> None:
        """Write `source` into `target`, both of any strides."""

    @abstractmethod
    def view(self, name: str, array: Array, params: Sequence[Any]) -> Array:
        """The view that the view op `name` makes of `array`: no copy."""

    def exhausted(self, op: str, spec: object) -> OutOfMemoryError:
        """The error for memory that is not to be had."""
        return OutOfMemoryError(f"{op}: the device '{self.name}' has no memory for {spec}; use smaller tensors")

    def scratch(self, size: int) -> Array:
        """Working memory of `size` bytes, of undefined content."""
        return self.empty(Spec((size,), uint8))

    def register(self, op: Any, kernel: Kernel) -> None:
        """Give this device a kernel for an op that the table does not know: a user's own."""
        self._kernels[op] = kernel

    def run(self, op: Any, outs: Sequence[Array], inputs: Sequence[Array], params: Sequence[Any]) -> None:
        """Run the kernel of `op`: outputs, inputs, scalars, scratch, as the kernel contract orders them."""
        kernel = self._kernels.get(op) or self._find(op)
        if not kernel.strided:
            inputs = [self.contiguous(array) for array in inputs]
        arguments = (*outs, *((inputs,) if op.variadic else inputs), *params, *kernel.constants)
        if kernel.scratch_bytes is None:
            kernel.function(*arguments)
        else:
            kernel.function(*arguments, self.scratch(kernel.scratch_bytes(*arguments)))

    def run_in_place(self, op: Any, arrays: Sequence[Array], params: Sequence[Any]) -> None:
        """Run a kernel that changes its first `op.mutates` arrays; a strided one is changed through a copy."""
        changed, read = arrays[: op.mutates], arrays[op.mutates :]
        whole = [self.contiguous(array) for array in changed]
        self.run(op, whole, read, params)
        for array, copy in zip(changed, whole, strict=True):
            if copy is not array:
                self.assign(array, copy)

    def run_each_in_place(self, changes: Sequence[Change]) -> None:
        """Run ops in place, one after the other; a device may run together what has nothing to do with each other."""
        for change in changes:
            self.run_in_place(*change)

    def kernels(self) -> Mapping[Any, Kernel]:
        """The table {op: kernel}, loaded on first use."""
        if not self._table_is_loaded:
            table = importlib.import_module("minigrad.backends.table").kernels_of(self.package)
            self._kernels = {**table, **self._kernels}
            self._table_is_loaded = True
        return self._kernels

    def _find(self, op: Any) -> Kernel:
        try:
            return self.kernels()[op]
        except KeyError:
            raise DeviceError(f"{op.name}: the device '{self.name}' has no kernel for it") from None


def register_kernel(
    op: Any,
    device: str,
    function: Callable[..., None],
    *,
    strided: bool = False,
    scratch_bytes: Callable[..., int] | None = None,
) -> None:
    """Give a device the kernel of a user's own op.

    Parameters
    ----------
    op
        A `minigrad.Op`.
    device
        "cpu", "reference" or "cuda".
    function
        `function(*outputs, *inputs, *params)`: the device's arrays in, results written into the outputs;
        kernels/README.md says what a kernel promises.
    strided
        Whether inputs may have any strides; else they arrive contiguous.
    scratch_bytes
        Of the same arguments; then `function` takes as much working memory, uint8, as its last argument.
    """
    require_like("register_kernel", "op", op, "a minigrad.Op", "rule")
    require_callable("register_kernel", "function", function)
    require_callable("register_kernel", "scratch_bytes", function if scratch_bytes is None else scratch_bytes)
    as_flag("register_kernel", "strided", strided)
    get_backend(device, "register_kernel").register(op, Kernel(function, strided, scratch_bytes))


def get_backend(device: str, op: str = "") -> Backend:
    """The backend of a device's name, loaded on first use; DeviceError for a name that is not known."""
    backend = _loaded.get(device) if isinstance(device, str) else None
    if backend is None:
        name = device if isinstance(device, str) else ""
        name = "cuda" if name == "cuda:0" else name
        if name not in _MODULES:
            raise DeviceError(f"{f'{op}: device' if op else 'device:'} {shown(device)} {_what_is_there(name)}")
        backend = importlib.import_module(_MODULES[name]).BACKEND
        backend.require_device()
        _loaded[device] = backend
    return backend


def _what_is_there(name: object) -> str:
    if isinstance(name, str) and name.startswith("cuda:"):
        return "is not there: the one GPU that is used is 'cuda:0'"
    return f"is not available here; the devices are {', '.join(map(repr, _MODULES))}"
