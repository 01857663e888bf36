"""Tensor: a device's array with a dtype, a place on the tape, and a gradient. No maths lives here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.backends.base import Array, Backend, Spec, get_backend
from minigrad.checks import as_flag, as_int, as_list, require_like, shown
from minigrad.dtypes import DType
from minigrad.errors import DeviceError, DTypeError, GraphError, ShapeError

if TYPE_CHECKING:
    from minigrad.autograd import Node
    from minigrad.ops.methods import Methods
else:
    Methods = object  # minigrad.ops.methods binds them later: nothing imports upward

Hook = Callable[["Tensor"], "Tensor | None"]


class Version:
    """Counts the in-place changes of one memory block; its views share it."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Tensor(Methods):
    """An n-dimensional array that remembers how it was computed.

    Made by `minigrad.tensor`, `zeros`, `from_numpy` and their like, and by every operation. Operators and methods are
    bound in `minigrad.ops.methods`, each to the one function that documents it.

    Attributes
    ----------
    array
        The device's array: storage, shape, strides, offset. Shared by views.
    spec
        Shape and dtype.
    backend
        The device.
    version
        Counts in-place changes; shared by views.
    node
        The tape's record of the op that made this tensor; None for a leaf.
    grad
        Sum of gradients that `backward` left here; only leaves that require one have it.
    """

    __slots__ = ("__weakref__", "array", "backend", "grad", "hooks", "node", "requires_grad", "spec", "version")

    def __init__(
        self,
        array: Array,
        spec: Spec,
        backend: Backend,
        *,
        version: Version | None = None,
        node: Node | None = None,
        requires_grad: bool = False,
    ) -> None:
        self.array = array
        self.spec = spec
        self.backend = backend
        self.version = version if version is not None else Version()
        self.node = node
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self.hooks: list[Hook] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.spec.shape

    @property
    def dtype(self) -> DType:
        """One of the six dtypes; NumPy's object."""
        return self.spec.dtype

    @property
    def device(self) -> str:
        """Name of the device that holds the memory."""
        return self.backend.name

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.spec.shape)

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made this tensor."""
        return self.node is None

    def size(self, dim: int | None = None) -> tuple[int, ...] | int:
        """The shape, or the length of one axis."""
        axis = 0 if dim is None else as_int("size", "dim", dim)
        if dim is not None and not -self.ndim <= axis < self.ndim:
            raise ShapeError(f"size: dim must lie in [{-self.ndim}, {self.ndim - 1}], got {axis}")
        return self.shape if dim is None else self.shape[axis]

    def dim(self) -> int:
        """Number of axes."""
        return self.ndim

    def numel(self) -> int:
        """Number of elements."""
        return self.spec.size

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether a leaf wants a gradient; returns the tensor."""
        if self.node is not None:
            raise GraphError(f"requires_grad_: only leaves can be told; this one was made by {self.node.op.name}")
        wanted = as_flag("requires_grad_", "requires_grad", requires_grad)
        if wanted and self.dtype not in dtypes.FLOATS:
            raise DTypeError(f"requires_grad_: only float tensors have gradients; this is {self.spec}")
        self.requires_grad = wanted
        return self

    def detach(self) -> Tensor:
        """The same memory, cut off from the tape."""
        return Tensor(self.array, self.spec, self.backend, version=self.version)

    def cpu(self) -> Tensor:
        """The tensor in the CPU's memory: `to("cpu")`."""
        return self.to("cpu")

    def cuda(self) -> Tensor:
        """The tensor in the GPU's memory: `to("cuda")`."""
        return self.to("cuda")

    def numpy(self) -> Any:
        """A NumPy array that shares the CPU's memory; what is written to it is not seen by the tape."""
        if self.requires_grad:
            raise GraphError("numpy: this tensor requires a gradient; write t.detach().numpy()")
        if not self.backend.on_host:
            raise DeviceError(f"numpy: this tensor is on '{self.device}'; write t.cpu().numpy()")
        return self.backend.to_numpy(self.array)

    def item(self) -> float | int | bool:
        """The one element as a Python number."""
        if self.numel() != 1:
            raise ShapeError(f"item: a tensor of one element is required, this is {self.spec}")
        return content_of("item", self).item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return content_of("tolist", self).tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        lender = self.numpy() if self.backend.on_host or self.requires_grad else self.array
        return lender.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()

    @property
    def __cuda_array_interface__(self) -> Any:
        if self.requires_grad and not self.backend.on_host:
            raise GraphError("cuda array: this tensor requires a gradient; hand on t.detach()")
        return self.array.__cuda_array_interface__  # an AttributeError, if it is not on a GPU

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("len: a 0-d tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[position] for position in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype in dtypes.FLOATS:
            raise DTypeError(f"index: an integer tensor is required, this is {self.spec}")
        return int(self.item())

    __hash__ = object.__hash__
    __array_ufunc__ = None  # so that array + tensor is ours to answer

    def __reduce__(self) -> Any:
        if self.node is not None:
            message = f"only leaves can be; this tensor was made by {self.node.op.name}, detach it"
            raise GraphError(f"copy, pickle: {message}")
        array = self.backend.to_numpy(self.array)
        return _restored, (type(self), array, self.device, self.requires_grad, self.grad)

    def __repr__(self) -> str:
        return self._text("tensor")

    def _text(self, name: str) -> str:
        notes = [self.backend.text(self.array, f"{name}(")]
        if self.dtype not in (dtypes.DEFAULT, dtypes.int64, dtypes.bool_):
            notes.append(f"dtype={self.dtype.name}")
        if self.device != "cpu":
            notes.append(f"device='{self.device}'")
        if self.node is not None:
            notes.append(f"grad_fn=<{self.node.op.name}>")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"{name}({', '.join(notes)})"


class _Held(Tensor):
    """What a module holds: a leaf of contiguous memory, shared with `data` where that is contiguous."""

    __slots__ = ()

    def __init__(self, data: Tensor) -> None:
        if not isinstance(data, Tensor):
            raise DTypeError(f"{type(self).__name__}: data must be a Tensor, got {shown(data)}; use minigrad.tensor")
        array = data.backend.contiguous(data.array)
        version = data.version if array is data.array else None
        super().__init__(array, data.spec, data.backend, version=version)


class Parameter(_Held):
    """A leaf that a module trains: found by its type when the module's attributes are walked."""

    __slots__ = ()

    def __init__(self, data: Tensor, requires_grad: bool = True) -> None:
        super().__init__(data)
        self.requires_grad_(as_flag("Parameter", "requires_grad", requires_grad))

    def __repr__(self) -> str:
        return self._text("Parameter")


class Buffer(_Held):
    """State of a module that is saved with it and not trained."""

    __slots__ = ()


def _restored(kind: type[Tensor], array: Any, device: str, requires_grad: bool, grad: Tensor | None) -> Tensor:
    """What copies and pickles of a leaf become."""
    out, backend = kind.__new__(kind), get_backend(device)
    spec = Spec(array.shape, array.dtype)
    Tensor.__init__(out, backend.from_numpy(array), spec, backend, requires_grad=requires_grad)
    out.grad = grad
    return out


def content_of(op: str, given: Tensor) -> Any:
    """A NumPy array of a tensor's content; DeviceError where there is none."""
    if given.device == "meta":
        raise DeviceError(f"{op}: a tensor on the device 'meta' has a shape and a dtype, but no content")
    return given.backend.to_numpy(given.array)


def wrap(array: Any, backend: Backend, requires_grad: bool = False) -> Tensor:
    """A leaf around a host array, moved to the backend's memory."""
    return Tensor(backend.from_numpy(array), Spec(array.shape, array.dtype), backend).requires_grad_(requires_grad)


def tensors_of(op: str, name: str, values: Any, optional: bool = False) -> list[Any]:
    """One tensor or several as a list, in which there may be None where they are optional."""
    tensors = [values] if isinstance(values, Tensor) else as_list(op, name, values, "tensors")
    for given in tensors:
        if not isinstance(given, Tensor) and not (optional and given is None):
            raise DTypeError(f"{op}: {name} must be tensors, got {shown(given)}; use minigrad.tensor")
    return tensors


def tensor(data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`.

    Parameters
    ----------
    data
        Numbers, nested lists, arrays or a tensor. An array keeps its dtype, Python floats become float32, ints int64.
    dtype, device
        Override those of the data.
    """
    backend = get_backend(device, "tensor") if device is not None else _backend_of(data)
    as_flag("tensor", "requires_grad", requires_grad)
    return wrap(np.array(_as_array(data, dtype), order="C", copy=True), backend, requires_grad)


def from_numpy(array: Any) -> Tensor:
    """A CPU tensor that shares memory with a NumPy array of one of our dtypes."""
    if not isinstance(array, np.ndarray):
        raise DTypeError(f"from_numpy: a NumPy array is required, this is {type(array).__name__}; use minigrad.tensor")
    dtypes.as_dtype(array.dtype, "from_numpy")
    return wrap(array, get_backend("cpu"))


def from_dlpack(source: Any) -> Tensor:
    """A tensor that shares memory, the CPU's or the GPU's, with any object that speaks DLPack (before its version 1).

    A GPU's memory goes back to its owner when the last tensor over it dies, and that waits for the GPU.

    Raises
    ------
    DeviceError
        For memory of another device, and for a capsule that was taken before.
    DTypeError
        For a dtype that is not one of ours.

    References
    ----------
    .. [1] The DLPack specification, dmlc.github.io/dlpack.
    """
    require_like("from_dlpack", "source", source, "an array that speaks DLPack", "__dlpack_device__")
    kind, index = source.__dlpack_device__()
    backend = get_backend({1: "cpu", 2: f"cuda:{index}", 3: "cpu"}.get(kind, f"DLPack's {kind}:{index}"))
    try:
        array = backend.from_dlpack(source)
    except BufferError as error:
        raise DTypeError("from_dlpack: this array does not share its memory; use minigrad.tensor") from error
    return Tensor(array, Spec(array.shape, dtypes.as_dtype(array.dtype, "from_dlpack")), backend)


def _backend_of(data: Any) -> Backend:
    return data.backend if isinstance(data, Tensor) else get_backend("cpu")


def _as_array(data: Any, dtype: Any) -> Any:
    wanted = None if dtype is None else dtypes.as_dtype(dtype, "tensor")
    if isinstance(data, Tensor):
        data = content_of("tensor", data)
    if isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
    else:
        array = _array_of_numbers(data)
        if wanted is None and array.dtype == np.float64:
            wanted = dtypes.DEFAULT
    if wanted is None:
        wanted = dtypes.as_dtype(array.dtype, "tensor")
    return array.astype(wanted, copy=False)


def _array_of_numbers(data: Any) -> Any:
    if isinstance(data, list | tuple):
        data = [_array_of_numbers(item) if isinstance(item, list | tuple | Tensor) else item for item in data]
    elif isinstance(data, Tensor):
        return content_of("tensor", data)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError("tensor: nested lists must be of equal lengths") from error
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"tensor: numbers are required, this is {type(data).__name__} of dtype {array.dtype}")
    return array
