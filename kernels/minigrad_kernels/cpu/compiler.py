"""The decorator that makes CPU kernels.

A kernel is a function over a range of tasks, compiled so that it runs without the GIL; team.run shares the range among
a few threads. One signature per dtype serves one thread and many, and nothing else is ever compiled. (Numba's
parallel=True takes three times as long to compile, and its threads survive neither a fork nor two callers at once.)

    @kernel("out T4", "in T4", "in T1", "int", "float", "scratch")
    def _scale(begin, end, worker, y_nchw, x_nchw, w_c, groups, factor, scratch): ...

Kernels call helpers: functions of any module, made with `helper`, and used as globals. They close over nothing.

Loops become vectors where the index counts from 0: `x = x[begin:end]`, then `for i in range(len(x))`. An index from
begin, not known to be positive, would have to be tested for counting from the end: which costs a factor of 10.
"""

import ast
import inspect
import pickle
import re
import textwrap
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numba
import numpy as np
from numba import njit, types
from numba.core.compiler import Compiler, CompileResult
from numba.core.serialize import dumps

from minigrad_kernels.cache import kernel_cache
from minigrad_kernels.cpu import sharing
from minigrad_kernels.cpu.helper import FASTMATH, OPTIONS
from minigrad_kernels.cpu.helper import helper as helper

# Called with (kernel name, dtype name, None) before a kernel is compiled, and with the seconds it took after that.
compile_listeners: list[Callable[[str, str, float | None], None]] = []

_registry: "list[Kernel]" = []
_ARRAY = re.compile(r"(out|in|strided) (?:T|(bool|uint8|uint32|int32|int64|float32|float64)_)(\d)")
_SCALARS = {"int": types.int64, "uint": types.uint64, "float": types.float64}

# What a kernel does first: where a team is given, it shares its tasks, which come back to it without one.
_SHARING_PARAMETERS = ("_team", "_parts", "_piece")
_SHARING = """
if _team:
    if not _sharing.offer_tasks(_team, end, _parts, _piece, _sharing.own_share()):
        raise RuntimeError("a task of the kernel failed")
    return
"""


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


def _with_sharing(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function with three more parameters after begin, end and worker, and what it does first."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list.clear()
    definition.args.args[3:3] = [ast.arg(name) for name in _SHARING_PARAMETERS]
    definition.body[:0] = ast.parse(_SHARING).body
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    namespace = {**function.__globals__, "_sharing": sharing}
    exec(compile(ast.fix_missing_locations(tree), function.__code__.co_filename, "exec"), namespace)
    return namespace[function.__name__]


class Kernel:
    """A kernel, compiled or loaded from the cache when it is first called with a dtype.

    Called as kernel(begin, end, worker, *arguments). T is the dtype of the first array that the words declare with T.
    """

    def __init__(self, function: Callable[..., None], words: Iterable[str], fastmath: Collection[str]) -> None:
        self.function = function
        self.name = f"{function.__module__}.{function.__name__}".removeprefix("minigrad_kernels.")
        self.words = tuple(words)
        self.fastmath = set(fastmath)
        # Which argument is the array whose dtype is T.
        self._chooser = next((i for i, word in enumerate(self.words) if re.search(r" T\d$", word)), None)
        self._lock = threading.Lock()
        self._compiled: dict[np.dtype | None, Callable[..., None]] = {}

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.words)})>"

    @property
    def is_generic(self) -> bool:
        """Whether the kernel exists once for each dtype."""
        return self._chooser is not None

    def __call__(self, *arguments: Any) -> None:
        """Do the tasks from arguments[0] to arguments[1] - 1."""
        begin, end, worker, *rest = arguments
        self._function_for(rest)(begin, end, worker, 0, 0, 0, *rest)

    def share(self, team: int, tasks: int, parts: int, piece: int, *arguments: Any) -> None:
        """Do the tasks from 0 to tasks - 1 with the team whose state is at that address (`sharing.py`)."""
        self._function_for(arguments)(0, tasks, 0, team, parts, piece, *arguments)

    def _function_for(self, arguments: Sequence[Any]) -> Callable[..., None]:
        dtype = None if self._chooser is None else arguments[self._chooser].dtype
        return self._compiled.get(dtype) or self.compile(dtype)

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
        options: dict[str, Any] = {"fastmath": self.fastmath, **OPTIONS}
        function = _with_sharing(self.function)
        dispatcher: Any = njit(pipeline_class=_compiler_without_aliases, **options)(function)
        if dispatcher is function:  # NUMBA_DISABLE_JIT, for stepping through a kernel as Python
            return function
        signature = types.void(*[types.int64] * 6, *[_numba_type(word, dtype) for word in self.words])
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
