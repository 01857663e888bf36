"""The decorator that makes CUDA kernels, and their register.

    @kernel("out T1", "in T1", "uint")
    def _relu(y, x, size): ...

Declaring one compiles nothing and needs no driver. It is compiled for a dtype when it is first launched (`launch.py`).
The register is what `tools/cuda_check.py` compiles for real devices, and what an emulator executes.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numba import from_dtype

from minigrad_kernels.cuda.language import cuda, types

FLOATS = ("float32", "float64")
ALL = (*FLOATS, "int64", "int32", "uint8", "bool")

BLOCK = 256

WIDTHS = (1, 2, 4, 8)
"""How many arrays a tuple may have: few numbers, for each has code of its own; eight times five arrays fit a launch."""

_SCALARS = {"int": types.int32, "uint": types.uint32, "int64": types.int64, "uint64": types.uint64}
_ARRAY = re.compile(r"(?:out|in)(s?) (?:(T|S)|(bool|uint8|uint32|int32|int64|float32|float64)_)(\d)")


class Types(NamedTuple):
    """What T and S stand for in a signature, S being T where a kernel has no S; how many arrays a tuple of them has."""

    T: np.dtype
    S: np.dtype
    width: int = 1


class Kernel:
    """A function that the threads of a grid run, the dtypes it is for, and the size of its blocks."""

    def __init__(
        self, function: Callable[..., None], words: Iterable[str], block: int, dtypes: Iterable[str], pairs: bool
    ) -> None:
        self.function = function
        self.name = f"{function.__module__}.{function.__name__}".removeprefix("minigrad_kernels.")
        self.words = tuple(words)
        self.block = block
        self._compiled: dict[Types, Any] = {}
        first = [np.dtype(dtype) for dtype in dtypes]
        widths = WIDTHS if any(word.startswith(("outs", "ins")) for word in words) else (1,)
        self.types = [Types(t, s, width) for t in first for s in (first if pairs else [t]) for width in widths]

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.words)})>"

    def compiled(self, chosen: Types) -> Any:
        """Return Numba's dispatcher for these types alone, which therefore need not be found out at each launch."""
        if chosen not in self._compiled:
            options = {"lineinfo": True, "launch_bounds": self.block}
            self._compiled[chosen] = cuda.jit(self.signature(chosen), **options)(self.function)
        return self._compiled[chosen]

    def signature(self, chosen: Types) -> tuple[Any, ...]:
        """Return Numba's types of the arguments."""
        return tuple(_numba_type(word, chosen) for word in self.words)

    def scalar(self, position: int, value: Any, chosen: Types) -> Any:
        """Return the value of an argument that is no array, in the type that the signature says."""
        return _scalar_type(self.words[position], chosen)(value)


_registry: list[Kernel] = []


def _numba_type(word: str, chosen: Types) -> Any:
    if word in _SCALARS:
        return _SCALARS[word]
    if word in ("T", "S"):
        return from_dtype(getattr(chosen, word))
    match = _ARRAY.fullmatch(word)
    if match is None:
        raise ValueError(f"no such kernel argument: {word!r}")
    several, variable, element, ndim = match.groups()
    dtype = getattr(chosen, variable) if variable else np.dtype(element)
    array = types.Array(from_dtype(dtype), int(ndim), "C")
    return types.UniTuple(array, chosen.width) if several else array


@functools.cache
def _scalar_type(word: str, chosen: Types) -> Any:
    return np.dtype(str(_numba_type(word, chosen))).type


def kernel(
    *words: str, block: int = BLOCK, dtypes: Iterable[str] = FLOATS, pairs: bool = False
) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel of a function; the words are the types of its arguments.

    Parameters
    ----------
    *words
        ``out T1``: writable C-contiguous array of dtype T with 1 axis; ``in T2``: the same, only read; ``in int64_1``:
        that dtype, whatever T is; S is a second dtype. ``outs T1`` and ``ins T1``: tuples of such arrays, all of them
        equally long. Scalars: ``int`` and ``uint`` of 32 bits, ``int64``, ``uint64``, and ``T``.
    block
        Threads of a block.
    dtypes
        What T may be.
    pairs
        Whether there is S, which may be any of them too.
    """

    def decorate(function: Callable[..., None]) -> Kernel:
        _registry.append(Kernel(function, words, block, dtypes, pairs))
        return _registry[-1]

    return decorate


def registered_kernels() -> tuple[Kernel, ...]:
    """Return the kernels of all modules imported so far."""
    return tuple(_registry)
