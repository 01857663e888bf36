"""The CPU: NumPy memory, Numba kernels, a few threads."""

from __future__ import annotations

import importlib
from typing import Any

from minigrad import dtypes
from minigrad.backends.host import HostBackend
from minigrad.checks import as_flag, shown
from minigrad.errors import DataError, DTypeError
from minigrad_kernels.cpu import threads

_MOST_THREADS = 1024
BACKEND = HostBackend("cpu", "minigrad_kernels.cpu")


def get_num_threads() -> int:
    """How many threads a kernel may use: by default MINIGRAD_NUM_THREADS, or the cores this process may run on."""
    return threads.get_num_threads()


def set_num_threads(count: int) -> None:
    """Set how many threads a kernel may use, 1 to 1,024; results are equal bit for bit at any number."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_THREADS:
        raise DataError(f"set_num_threads: an integer in [1, {_MOST_THREADS}] is required, got {shown(count)}")
    threads.set_num_threads(count)


def facts() -> dict[str, Any]:
    """The width of the vectors in bits, where compiled kernels are kept (None: in memory alone), and how many are."""
    simd, cache = (importlib.import_module(f"minigrad_kernels.{name}") for name in ("cpu.simd", "cache"))
    directory = cache.kernel_cache().directory
    kept = 0 if directory is None else len(list(directory.glob("*.bin")))
    return {"vector_bits": simd.VECTOR_BITS, "cache_directory": directory, "compiled_kernels": kept}


def warmup(dtype: Any = dtypes.DEFAULT, progress: bool = False) -> None:
    """Compile every CPU kernel for one dtype, or several, ahead of use; what an earlier process compiled is loaded.

    Parameters
    ----------
    dtype
        float32, float64, or a sequence of them.
    progress
        Show a progress bar.
    """
    as_flag("warmup", "progress", progress)
    wanted = [dtypes.as_dtype(one, "warmup") for one in (dtype if isinstance(dtype, tuple | list) else [dtype])]
    if not dtypes.FLOATS.issuperset(wanted):
        raise DTypeError(f"warmup: float dtypes are required, got {[one.name for one in wanted]}")
    BACKEND.kernels()
    importlib.import_module("minigrad_kernels.cpu.augment")  # which no op runs: data are read with it
    compiler = importlib.import_module("minigrad_kernels.cpu.compiler")
    if not progress:
        compiler.warmup(wanted)
        return
    # The bar is imported here: `import minigrad` stays light.
    from tqdm import tqdm

    with tqdm(desc="compiling kernels", unit="kernel", leave=False) as bar:

        def show(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.set_postfix_str(name, refresh=False)
            bar.n = done
            bar.refresh()

        compiler.warmup(wanted, show)
