"""Going on with what was stopped: the options of a command, read again from where it kept them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from click.core import ParameterSource


def reread(
    context: click.Context, read: Callable[[], Mapping[str, Any]], beside: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The settings that were kept, checked as those that are typed; UsageError for any typed beside --resume."""
    typed = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    for name in typed:
        if name not in ("resume", *beside):
            raise click.UsageError(f"--resume takes all settings from the run; leave out {_option(name)}.", context)
    written = read()
    arguments = [
        argument
        for parameter in context.command.params
        if written.get(parameter.name or "") is not None
        for argument in _arguments(parameter, written[parameter.name or ""])
    ]
    settings = context.command.make_context(context.info_name, arguments, context.parent).params
    del settings["resume"]
    return settings | {name: context.params[name] for name in beside}


def _arguments(parameter: click.Parameter, value: Any) -> Iterator[str]:
    """An option as it would be typed, once for each of its values if it takes several."""
    for item in value if isinstance(parameter, click.Option) and parameter.multiple else [value]:
        option = _option(parameter.name or "")
        yield from [f"{option}={item}"] if parameter.nargs == 1 else [option, *map(str, item)]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
