"""What several subcommands take, and how help shows examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

run_argument = click.argument("run", type=click.Path(path_type=Path))
data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A local copy of the data set: the folder with its files, or its parent. Otherwise it is downloaded once.",
)
device = click.option(
    "--device", default="cpu", show_default=True, help="Where to compute: cpu, or cuda for an NVIDIA GPU."
)


def batch_size(default: int) -> Decorator:
    """The option --batch-size."""
    return click.option(
        "--batch-size", type=click.IntRange(min=1), default=default, show_default=True, help="Images at a time."
    )


def examples(*lines: str) -> str:
    """The end of a help page, laid out as it is here."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
