"""`minigrad info`: what a report of a problem should say."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import click
import numpy as np

from minigrad.backends.base import get_backend
from minigrad.backends.cpu import facts, get_num_threads
from minigrad.cli.options import examples
from minigrad.errors import DeviceError
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
        ("threading layer", "minigrad's own: threads that watch for kernels in compiled code"),
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
    """Whether `--device cuda` can be used, or what is missing."""
    try:
        get_backend("cuda")
    except DeviceError as error:
        return f"not available: {error}"
    return "available"
