"""Where compiled kernels are kept between processes.

Numba's own cache would be wrong here: its key leaves out the other files that a kernel calls into, and the flags. So
the directory is named by a hash of everything that decides what a kernel compiles to, and holds a file per kernel:

    user cache directory / minigrad / kernels-HASH / cpu.pool._max_pool2d-float32.bin

A file is the SHA-256 of the kernel's name and its contents, then the contents. They are pickled machine code: whoever
can write them can run code as this user, so a directory that others can write is never used. Where none can be had,
every process compiles.
"""

import contextlib
import functools
import hashlib
import os
import platform
import shutil
import stat
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import llvmlite
import numba
import platformdirs
from filelock import FileLock
from llvmlite import binding as llvm

DIGEST_BYTES = hashlib.sha256().digest_size

UNUSED_SECONDS = 30 * 24 * 3600

# What changes the generated code and is not in the sources: settings of Numba, and our variables of this prefix.
NUMBA_SETTINGS = (
    "BOUNDSCHECK",
    "CPU_FEATURES",
    "CPU_NAME",
    "DEBUGINFO_DEFAULT",
    "ENABLE_AVX",
    "LOOP_VECTORIZE",
    "OPT",
    "SLP_VECTORIZE",
)
ENVIRONMENT_PREFIX = "MINIGRAD_SIMD"


class KernelCacheWarning(UserWarning):
    """Compiled kernels cannot be kept, so that every process compiles them again."""


def _fingerprint() -> str:
    """Hash of all that decides what a kernel compiles to: sources, settings, versions, processor."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for source in sorted(package.rglob("*.py")):
        contents = source.read_bytes()
        digest.update(f"{source.relative_to(package)} {len(contents)}\n".encode() + contents)
    settings = [str(getattr(numba.config, name, None)) for name in NUMBA_SETTINGS]
    environment = sorted(item for item in os.environ.items() if item[0].startswith(ENVIRONMENT_PREFIX))
    versions = (numba.__version__, llvmlite.__version__, platform.python_implementation(), platform.python_version())
    processor = (llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    digest.update(repr((settings, environment, versions, processor)).encode())
    return digest.hexdigest()[:24]


# Taken at import, when the sources themselves are read: a file edited later must not lend its hash to the old code.
FINGERPRINT = _fingerprint()


def _root() -> Path:
    """Directory of this user's own: MINIGRAD_CACHE_DIR, or the platform's user cache directory."""
    if chosen := os.environ.get("MINIGRAD_CACHE_DIR"):
        return Path(chosen).absolute()
    root = platformdirs.user_cache_path("minigrad")
    if not root.is_absolute():
        raise OSError("this user has no home directory")
    return root


def _make_private(path: Path) -> None:
    """Make a directory for this user alone; refuse one that is somebody else's or that others can write."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user")
    if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{path} can be written by other users; `chmod go-w {path}` would make it usable")


def _remove_unused(root: Path) -> None:
    """Remove directories that no process has opened for a month: those of older sources, versions, processors."""
    for directory in root.glob(f"kernels-{'[0-9a-f]' * len(FINGERPRINT)}"):
        with contextlib.suppress(FileNotFoundError):  # another process is removing it too
            if directory.stat().st_mtime < time.time() - UNUSED_SECONDS:
                shutil.rmtree(directory, ignore_errors=True)


def digest(name: str, data: bytes) -> bytes:
    """What a file begins with: neither damaged contents nor those of another kernel go with it."""
    return hashlib.sha256(f"{name}\n".encode() + data).digest()


class KernelCache:
    """The files of compiled kernels in one directory; without a usable directory, an empty cache that keeps nothing."""

    def __init__(self) -> None:
        self.directory: Path | None = None
        try:
            root = _root()
            directory = root / f"kernels-{FINGERPRINT}"
            _make_private(root)
            _make_private(directory)
            tempfile.TemporaryFile(dir=directory).close()  # a read-only file system shows itself here
            self.directory = directory
            os.utime(directory)
            _remove_unused(root)
        except OSError as error:
            self._give_up(error)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold one kernel's file lock, so that processes that start together compile it once."""
        with contextlib.ExitStack() as stack:
            if self.directory is not None:
                try:
                    stack.enter_context(FileLock(self.directory / f"{name}.lock"))
                except (OSError, NotImplementedError) as error:  # some network file systems cannot lock
                    self._give_up(error)
            yield

    def load(self, name: str) -> bytes | None:
        """Return what was saved under this name, or None; a damaged or misplaced file is deleted."""
        if self.directory is None:
            return None
        try:
            contents = (self.directory / f"{name}.bin").read_bytes()
        except OSError:
            return None
        data = contents[DIGEST_BYTES:]
        if digest(name, data) != contents[:DIGEST_BYTES]:
            self.delete(name)
            return None
        return data

    def save(self, name: str, data: bytes) -> None:
        """Write the file in one step, so that a reader never sees half of it."""
        if self.directory is None:
            return
        try:
            with tempfile.NamedTemporaryFile(dir=self.directory, delete=False) as file:
                file.write(digest(name, data) + data)
            Path(file.name).replace(self.directory / f"{name}.bin")
        except OSError as error:
            self._give_up(error)

    def delete(self, name: str) -> None:
        """Forget what was saved under this name."""
        if self.directory is not None:
            (self.directory / f"{name}.bin").unlink(missing_ok=True)

    def _give_up(self, reason: Exception) -> None:
        self.directory = None
        message = f"compiled kernels cannot be kept, every process compiles them again: {reason}"
        warnings.warn(message, KernelCacheWarning, stacklevel=2)


_one_at_a_time = threading.Lock()
_make_once = functools.cache(KernelCache)


def kernel_cache() -> KernelCache:
    """Return this process's cache; the first call looks for the directory."""
    with _one_at_a_time:
        return _make_once()
