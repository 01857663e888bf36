"""`minigrad info`: what a report of a problem should say."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import click
import numpy as np

from minigrad.backends.cpu import facts, get_num_threads
from minigrad.cli.options import examples
from minigrad.tables import table
from minigrad.version import __version__

_PACKAGES = ("numpy", "numba", "llvmlite", "safetensors", "matplotlib", "pillow")


@click.command(epilog=examples("minigrad info"))
def command() -> None:
    """Show versions, threads, vectors, the kernel cache, NumPy's BLAS, and whether there is a GPU."""
    known = facts()
    lines = [
        ("minigrad", __version__),
        ("Python", f"{platform.python_version()}, {sys.platform}, {platform.machine()}"),
        *((package, _version(package)) for package in _PACKAGES),
        ("threads", f"{get_num_threads()} of {os.cpu_count()} cores"),
        ("threading layer", "minigrad's own: Python threads running kernels without the GIL"),
        ("vectors", f"{known['vector_bits']} bits"),
        ("kernel cache", f"{known['cache_directory'] or 'none'}, {known['compiled_kernels']} compiled kernels"),
        ("BLAS", f"{_blas()}, NumPy's; minigrad's products use kernels of their own"),
        ("CUDA", _cuda()),
    ]
    click.echo(table(lines))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _blas() -> str:
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return " ".join(filter(None, (blas.get("name"), blas.get("version")))) or "unknown"


def _cuda() -> str:
    """Ask the driver itself: that takes no time and needs no package."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no driver; minigrad computes on the CPU"
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return "a driver that finds no GPU; minigrad computes on the CPU"
    return f"{count.value} GPU found; this version of minigrad computes on the CPU"
