"""`minigrad warmup`: compile ahead."""

from __future__ import annotations

import sys
import time

import click

from minigrad import dtypes
from minigrad.backends.cpu import facts, warmup
from minigrad.cli.options import examples

_DTYPES = {"float32": [dtypes.float32], "float64": [dtypes.float64], "both": [dtypes.float32, dtypes.float64]}


@click.command(epilog=examples("minigrad warmup", "minigrad warmup --dtype both"))
@click.option(
    "--dtype", type=click.Choice([*_DTYPES]), default="float32", show_default=True, help="What to compile for."
)
def command(dtype: str) -> None:
    """Compile all kernels for this machine, so that no program has to wait for them.

    What is compiled already is only loaded. Programs may do this at the same time: each kernel is compiled once.
    """
    start = time.perf_counter()
    warmup(_DTYPES[dtype], progress=sys.stderr.isatty())
    known = facts()
    place = known["cache_directory"] or "memory alone: they cannot be kept"
    click.echo(f"{known['compiled_kernels']} compiled kernels in {place}, after {time.perf_counter() - start:.1f} s")
