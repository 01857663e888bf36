"""How kernels are launched: one place for the size of the grid, the types of the arguments, and the limits.

A kernel's loop takes the threads of the grid as its step, so that any grid does all the work; this one has enough
blocks to fill a large device several times over.
"""

import math
from typing import Any

from minigrad_kernels.cuda import runtime
from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel, Types

MOST_BLOCKS = 4096
MOST_ELEMENTS = 2**31 - 1


def ceil_div(a: int, b: int) -> int:
    """Return a / b, rounded up."""
    return -(-a // b)


def launch(kernel: Kernel, threads: int, *arguments: Any) -> None:
    """Run a kernel with a thread for each unit of work, up to a limit beyond which threads take several; 0 is none."""
    if threads:
        launch_blocks(kernel, (min(ceil_div(threads, kernel.block), MOST_BLOCKS),), *arguments)


def launch_blocks(kernel: Kernel, grid: tuple[int, ...], *arguments: Any) -> None:
    """Run a kernel with a grid of blocks; an empty one runs nothing.

    Raises
    ------
    ValueError
        If an array has 2**31 elements or more: indices have 32 bits.
    """
    if math.prod(grid) == 0:
        return
    dtypes: dict[str, Any] = {}
    width = 1
    for word, argument in zip(kernel.words, arguments, strict=True):
        if isinstance(argument, DeviceArray | tuple):
            arrays = argument if isinstance(argument, tuple) else (argument,)
            runtime.wait_for_copies(*arrays)
            size, width = max(array.size for array in arrays), max(width, len(arrays))
            if size > MOST_ELEMENTS:
                raise ValueError(f"cuda: {kernel.name}: arrays have less than 2**31 elements, this one {size}")
            variable = word.split()[1][0]
            if variable in "TS":
                dtypes.setdefault(variable, arrays[0].dtype)
    first = dtypes.get("T", kernel.types[0].T)
    types = Types(first, dtypes.get("S", first), width)
    given = [
        argument if isinstance(argument, DeviceArray | tuple) else kernel.scalar(position, argument, types)
        for position, argument in enumerate(arguments)
    ]
    runtime.current().launch(kernel, types, (*grid, 1, 1)[:3], given)
