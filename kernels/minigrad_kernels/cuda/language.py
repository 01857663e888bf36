"""Numba CUDA, reached from here alone, and what kernels are written in: a plain subset that its successor takes too.

No module of Numba CUDA's is imported elsewhere in this package, so that another compiler is a change of one file.
Kernels use `threadIdx`, `blockIdx`, `gridDim`, `syncthreads`, `shared.array` and `local.array` of constant shape,
`math`, arguments that are tuples of like arrays, and nothing else.

Indices are uint32 throughout: of a signed index Numba tests whether it counts from the end, which doubles the loads of
a product of matrices. (uint64 and int64 in one expression would become float64.)
"""

import math as math
from typing import Any

from numba import cuda as cuda
from numba import float32 as float32
from numba import float64 as float64
from numba import int32 as int32
from numba import int64 as int64
from numba import types as types
from numba import uint32 as uint32
from numba import uint64 as uint64
from numba.cuda.core import config as config
from numba.cuda.cudadrv import driver, runtime
from numba.cuda.cudadrv.driver import CudaAPIError as CudaAPIError
from numba.cuda.cudadrv.error import CudaSupportError as CudaSupportError

if getattr(cuda, "implementation", None) != "NVIDIA":
    raise ImportError("the package numba-cuda is not installed: pip install './minigrad[cuda]'")

# The versions of CUDA that the driver is for and that the compiler is of, and whether nvJitLink is there.
driver_version = driver.get_version
compiler_version = runtime.get_version
has_linker = driver._have_nvjitlink


def device(function: Any) -> Any:
    """Compile a function that kernels call; it becomes a part of each of them."""
    return cuda.jit(device=True, inline="never", forceinline=True)(function)


@device
def first_index():
    """Return the number of this thread in the grid."""
    return uint32(uint32(cuda.blockIdx.x) * uint32(cuda.blockDim.x) + uint32(cuda.threadIdx.x))


@device
def grid_threads():
    """Return how many threads the grid has: the step of a loop that every thread of it takes a part of."""
    return uint32(uint32(cuda.gridDim.x) * uint32(cuda.blockDim.x))
