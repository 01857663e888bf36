"""`minigrad datasets`: the data sets that can be trained on by name."""

from __future__ import annotations

import click

from minigrad.cli.options import examples
from minigrad.data import datasets
from minigrad.tables import table


@click.command(epilog=examples("minigrad datasets"))
def command() -> None:
    """List the data sets: images to train and to test, their shape, classes, licence and source.

    `minigrad train` downloads the one it is given, once, unless --data-dir or the environment variable
    MINIGRAD_DATA_DIR names a local copy. Your own images need no list: --data takes a folder of them.
    """
    lines: list[tuple[str, ...]] = [("name", "train", "test", "image", "classes", "licence", "source")]
    for name, info in datasets.registry().items():
        counts = (f"{info.images.get(part, 0):,}" for part in ("train", "test"))
        shape = "x".join(map(str, info.shape))
        lines.append((name, *counts, shape, str(len(info.classes)), info.licence, info.source))
    click.echo(table(lines, right=(1, 2, 4)))
