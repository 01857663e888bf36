"""`minigrad models`: the networks that can be trained by name."""

from __future__ import annotations

import click

from minigrad.cli.options import examples
from minigrad.models import MODELS, build_model
from minigrad.nn.summary import summary
from minigrad.tables import table


@click.command(epilog=examples("minigrad models", "minigrad models lenet"))
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the networks, or the layers of the one called NAME.

    Parameters and operations are those for the input shown and ten classes; a multiply-add counts as two operations.
    """
    click.echo(str(summary(build_model(name), MODELS[name].in_shape)) if name else _all())


def _all() -> str:
    lines: list[tuple[str, ...]] = [("name", "input", "parameters", "operations", "")]
    for name, entry in MODELS.items():
        rows = summary(build_model(name), entry.in_shape).rows
        sums = (f"{sum(getattr(row, key) for row in rows):,}" for key in ("weights", "flops"))
        lines.append((name, "x".join(map(str, entry.in_shape)), *sums, entry.about))
    return table(lines, right=(2, 3))
