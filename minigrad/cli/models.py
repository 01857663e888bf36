"""`minigrad models`: the networks that can be trained by name."""

from __future__ import annotations

import click

from minigrad.cli.options import examples
from minigrad.models import MODELS, build_model
from minigrad.nn.summary import Summary, summary
from minigrad.ops.update import without_random_fills
from minigrad.tables import table


@click.command(epilog=examples("minigrad models", "minigrad models lenet"))
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the networks, or the layers of the one called NAME.

    Parameters and operations are those for the input shown and as many classes as the network was made for: 1000 where
    the image has more than 200 pixels a side, else 10. A multiply-add counts as two operations.
    """
    click.echo(str(_summary(name)) if name else _all())


def _all() -> str:
    lines: list[tuple[str, ...]] = [("name", "input", "parameters", "operations", "")]
    for name, entry in MODELS.items():
        sums = (f"{_summary(name).total(quantity):,}" for quantity in ("weights", "flops"))
        lines.append((name, "x".join(map(str, entry.in_shape)), *sums, entry.about))
    return table(lines, right=(2, 3))


def _summary(name: str) -> Summary:
    """Of a network without memory: the largest would take half a gigabyte."""
    with without_random_fills():
        network = build_model(name)
    return summary(network.to("meta"), MODELS[name].in_shape)
