"""The decorator that makes CPU kernels.

A kernel is a function over a range of tasks, compiled so that it runs without the GIL; threads.run gives shares of the
range to a few threads. One signature per dtype serves one thread and many, and nothing else is ever compiled. (Numba's
parallel=True takes three times as long to compile, and its threads survive neither a fork nor two callers at once.)

    @kernel("out T4", "in T4", "in T1", "int", "float", "scratch")
    def _scale(begin, end, worker, y_nchw, x_nchw, w_c, groups, factor, scratch): ...

Kernels call helpers: functions of any module, made with `helper`, and used as globals. They close over nothing.

Loops become vectors where the index counts from 0: `x = x[begin:end]`, then `for i in range(len(x))`. An index from
begin, not known to be positive, would have to be tested for counting from the end: which costs a factor of 10.
"""

import pickle
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numba
import numpy as np
from numba import njit, types
from numba.core.compiler import Compiler, CompileResult
from numba.core.serialize import dumps

from minigrad_kernels.cache import kernel_cache

# Sums may be reordered and products fused into them, so that loops become vectors; NaN and infinities stay themselves.
FASTMATH = frozenset({"arcp", "contract", "nsz", "reassoc"})

# Called with (kernel name, dtype name, None) before a kernel is compiled, and with the seconds it took after that.
compile_listeners: list[Callable[[str, str, float | None], None]] = []

# Without _nrt no references are counted, and what would allocate does not compile: np.empty, or a = b between slices.
_OPTIONS = {"error_model": "numpy", "nogil": True, "_nrt": False}
_registry: "list[Kernel]" = []
_ARRAY = re.compile(r"(out|in|strided) (?:T|(bool|uint8|uint32|int32|int64|float32|float64)_)(\d)")
_SCALARS = {"int": types.int64, "uint": types.uint64, "float": types.float64}


def _numba_type(word: str, dtype: Any) -> Any:
    """Translate one word of a kernel's signature; dtype is what T stands for."""
    if word in _SCALARS:
        return _SCALARS[word]
    if word == "T":
        return numba.from_dtype(dtype)
    if word == "scratch":
        return types.Array(types.uint8, 1, "C")
    match = _ARRAY.fullmatch(word)
    if match is None:
        raise ValueError(f"no such kernel argument: {word!r}")
    role, element, ndim = match.groups()
    # Numba passes writable arrays as read-only ones and contiguous ones as strided ones: this one type takes them all.
    element_type = numba.from_dtype(np.dtype(element or dtype))
    return types.Array(element_type, int(ndim), "A" if role == "strided" else "C", readonly=role != "out")


def _compiler_without_aliases(
    typing: Any, target: Any, library: Any, args: Any, ret: Any, flags: Any, names: Any
) -> Any:
    """Make Numba's compiler, and have it tell LLVM that no two arguments overlap, as the contract promises.

    Loops then become vectors without a test at run time, and without the minimal length from which the test pays.
    """
    flags.noalias = True
    return Compiler(typing, target, library, args, ret, flags, names)


class Kernel:
    """A kernel, compiled or loaded from the cache when it is first called with a dtype.

    Called as kernel(begin, end, worker, *arguments). T is the dtype of the first array that the words declare with T.
    """

    def __init__(self, function: Callable[..., None], words: Iterable[str], fastmath: Collection[str]) -> None:
        self.function = function
        self.name = f"{function.__module__}.{function.__name__}".removeprefix("minigrad_kernels.")
        self.words = tuple(words)
        self.fastmath = set(fastmath)
        # Where the array is whose dtype is T; it comes after begin, end and worker, so that 0 says that there is none.
        self._chooser = next((3 + i for i, word in enumerate(self.words) if re.search(r" T\d$", word)), 0)
        self._lock = threading.Lock()
        self._compiled: dict[np.dtype | None, Callable[..., None]] = {}

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.words)})>"

    @property
    def is_generic(self) -> bool:
        """Whether the kernel exists once for each dtype."""
        return self._chooser > 0

    def __call__(self, *arguments: Any) -> None:
        """Do the tasks from arguments[0] to arguments[1] - 1."""
        dtype = arguments[self._chooser].dtype if self._chooser else None
        function = self._compiled.get(dtype) or self.compile(dtype)
        function(*arguments)

    def compile(self, dtype: np.dtype | None) -> Callable[..., None]:
        """Compile the kernel for a dtype, or load what was compiled before, and return the function.

        Raises
        ------
        RuntimeError
            If the kernel refers to what cannot be kept in a file, such as a C pointer or a large global array.
        """
        with self._lock:
            if dtype not in self._compiled:
                self._compiled[dtype] = self._build(dtype)
            return self._compiled[dtype]

    def _build(self, dtype: np.dtype | None) -> Callable[..., None]:
        options: dict[str, Any] = {"fastmath": self.fastmath, **_OPTIONS}
        dispatcher: Any = njit(pipeline_class=_compiler_without_aliases, **options)(self.function)
        if dispatcher is self.function:  # NUMBA_DISABLE_JIT, for stepping through a kernel as Python
            return self.function
        signature = types.void(*[types.int64] * 3, *[_numba_type(word, dtype) for word in self.words])
        # The cache is named by the sources of this package; it knows nothing of a kernel written elsewhere.
        if self.function.__module__.startswith("minigrad_kernels."):
            name = f"{self.name}-{dtype}"
            with kernel_cache().lock(name):
                if not self._load(name, dispatcher):
                    self._compile(dtype, dispatcher, signature)
                    self._save(name, dispatcher)
        else:
            self._compile(dtype, dispatcher, signature)
        dispatcher.disable_compile()
        return dispatcher

    def _load(self, name: str, dispatcher: Any) -> bool:
        data = kernel_cache().load(name)
        if data is None:
            return False
        try:
            dispatcher.targetctx.refresh()
            dispatcher.add_overload(CompileResult._rebuild(dispatcher.targetctx, *pickle.loads(data)))
        except Exception:  # whatever a damaged pickle may raise: compiling again is always right
            kernel_cache().delete(name)
            return False
        return True

    def _compile(self, dtype: np.dtype | None, dispatcher: Any, signature: Any) -> None:
        for listener in compile_listeners:
            listener(self.name, str(dtype), None)
        start = time.perf_counter()
        dispatcher.compile(signature)
        for listener in compile_listeners:
            listener(self.name, str(dtype), time.perf_counter() - start)

    def _save(self, name: str, dispatcher: Any) -> None:
        (result,) = dispatcher.overloads.values()
        if result.library.has_dynamic_globals:
            raise RuntimeError(f"{self!r} refers to a C pointer or a large global array, which no file can keep")
        kernel_cache().save(name, dumps(result._reduce()))


def helper(function: Callable[..., Any], fastmath: Collection[str] = FASTMATH) -> Callable[..., Any]:
    """Compile a function that kernels call; it becomes a part of each of them."""
    options: dict[str, Any] = {"fastmath": set(fastmath), **_OPTIONS}
    return njit(forceinline=True, **options)(function)


def kernel(*words: str, fastmath: Collection[str] = FASTMATH) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel of a function (begin, end, worker, *arguments); the words are the types of the arguments.

    Parameters
    ----------
    *words
        ``out T4``: writable C-contiguous array of dtype T with 4 axes; ``in T4``: the same, only read; ``strided T4``:
        only read, any strides; ``in int64_4``: that dtype, whatever T is. Scalars: ``int``, ``uint``, ``float`` of 64
        bits, and ``T``. ``scratch``: flat writable uint8.
    fastmath
        LLVM's fast-math flags.
    """
    if {"nnan", "ninf", "fast"} & set(fastmath):
        raise ValueError(f"kernels keep NaN and infinities; fastmath was {sorted(fastmath)}")

    def decorate(function: Callable[..., None]) -> Kernel:
        _registry.append(Kernel(function, words, fastmath))
        return _registry[-1]

    return decorate


def registered_kernels() -> tuple[Kernel, ...]:
    """Return the kernels of all modules imported so far."""
    return tuple(_registry)


def warmup(dtypes: Iterable[Any], progress: Callable[[int, int, str], None] | None = None) -> None:
    """Compile every kernel of the imported modules for these dtypes.

    progress is called as progress(done, total, name) before each kernel, and at the end with the name "".
    """
    dtypes = [np.dtype(dtype) for dtype in dtypes]
    jobs = [(one, dtype) for one in _registry for dtype in (dtypes if one.is_generic else [None])]
    for done, (one, dtype) in enumerate(jobs):
        if progress:
            progress(done, len(jobs), one.name)
        one.compile(dtype)
    if progress:
        progress(len(jobs), len(jobs), "")
