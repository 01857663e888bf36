"""Arrays in device memory: NumPy's shapes and strides over an address that the host never reads."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad_kernels.cuda import dlpack


class Memory:
    """A stretch of device memory; what keeps it alive keeps this object."""

    __slots__ = ("__weakref__", "address", "after", "nbytes")

    def __init__(self, address: int, nbytes: int, after: Any = None) -> None:
        self.address = address
        self.nbytes = nbytes
        self.after = after
        """The mark to wait for before the next use: of a copy to this memory or, in a pool, of the kernels before."""


class DeviceArray:
    """A strided view of device memory. Offset and strides are in bytes, as NumPy's."""

    __slots__ = ("dtype", "memory", "offset", "on_device", "shape", "strides")

    def __init__(
        self,
        memory: Memory,
        shape: Sequence[int],
        dtype: Any,
        strides: Sequence[int] | None = None,
        offset: int = 0,
    ) -> None:
        self.memory = memory
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.strides = contiguous_strides(self.shape, self.dtype.itemsize) if strides is None else tuple(strides)
        self.offset = offset
        self.on_device: Any = None
        """The runtime's own object for this array, made when it first passes it to a kernel."""

    def __repr__(self) -> str:
        return f"DeviceArray({self.dtype.name}, shape={self.shape}, strides={self.strides})"

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * self.dtype.itemsize

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def address(self) -> int:
        """Address of the first element."""
        return self.memory.address + self.offset

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements follow each other in row-major order; axes of length 1 do not matter."""
        axes = zip(self.shape, self.strides, contiguous_strides(self.shape, self.dtype.itemsize), strict=True)
        return self.size == 0 or all(length == 1 or stride == wanted for length, stride, wanted in axes)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "strides": None if self.is_contiguous else self.strides,
            "typestr": self.dtype.str,
            "data": (self.address if self.size else 0, False),
            "version": 3,
            "stream": 1,
        }

    def __dlpack__(
        self, *, stream: Any = None, dl_device: tuple[int, int] | None = None, copy: bool | None = None, **_: Any
    ) -> Any:
        # Who computes on a GPU names a stream; NumPy does not, and would find out too late that it cannot read this.
        if stream is None or copy or dl_device not in (None, self.__dlpack_device__()):
            raise BufferError("lent as it is, on the GPU, to who names a stream; for others copy it first")
        return dlpack.lend(self)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (dlpack.CUDA, 0)

    def reshape(self, *shape: Any) -> "DeviceArray":
        """Return the elements of a contiguous array in another shape; one length may be -1."""
        lengths = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
        if -1 in lengths:
            rest = -math.prod(lengths)
            lengths = tuple(self.size // rest if length == -1 and rest else max(length, 0) for length in lengths)
        if math.prod(lengths) != self.size or not self.is_contiguous:
            raise ValueError(f"{self!r} has no view of shape {shape}")
        return DeviceArray(self.memory, lengths, self.dtype, None, self.offset)

    def permute(self, axes: Sequence[int]) -> "DeviceArray":
        """Return the axes in another order."""
        shape, strides = ([values[axis] for axis in axes] for values in (self.shape, self.strides))
        return DeviceArray(self.memory, shape, self.dtype, strides, self.offset)

    def expand(self, shape: Sequence[int]) -> "DeviceArray":
        """Return the array repeated along axes of length 1, and along new leading axes."""
        new = len(shape) - self.ndim
        own = zip((1,) * new + self.shape, (0,) * new + self.strides, shape, strict=True)
        strides = [0 if length == 1 != wanted else stride for length, stride, wanted in own]
        return DeviceArray(self.memory, shape, self.dtype, strides, self.offset)

    def slice(self, index: Sequence[Any]) -> "DeviceArray":
        """Return what a basic index picks: integers, slices, and None for a new axis."""
        axes = zip(self.shape, self.strides, strict=True)
        kept: list[tuple[int, int]] = []
        offset = self.offset
        for item in index:
            length, stride = (1, 0) if item is None else next(axes)
            if item is None or isinstance(item, slice):
                start, stop, step = (item or slice(None)).indices(length)
                count = len(range(start, stop, step))
                offset += start * stride if count else 0
                kept.append((count, step * stride))
            else:
                offset += (item + length if item < 0 else item) * stride
        kept += axes
        shape, strides = ([axis[which] for axis in kept] for which in (0, 1))
        return DeviceArray(self.memory, shape, self.dtype, strides, offset)


def contiguous_strides(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Return the strides in bytes of an array whose elements follow each other in row-major order."""
    strides = [itemsize] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1)
    return tuple(strides)
