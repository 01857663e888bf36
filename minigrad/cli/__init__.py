"""The `minigrad` command. Each subcommand is a file here, imported when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from minigrad.errors import MinigradError
from minigrad.version import __version__

_COMMANDS = ("check", "search", "train", "plot", "diagnose", "eval", "predict", "datasets", "models", "warmup", "info")
_INTERRUPTED = 130  # 128 + SIGINT, as shells count


class _Commands(click.Group):
    """The subcommands, and one line on stderr for whatever a user can get wrong."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"minigrad.cli.{cmd_name}").command
        return command

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run and exit: 0, 1 for what failed, 2 for a command that cannot be understood, 130 after Ctrl-C."""
        try:
            code = super().main(*arguments, **{**options, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "minigrad"
            code = _fail(f"{error.format_message()} See '{command} --help'.", error.exit_code)
        except BrokenPipeError:  # `minigrad models | head -1`: what is left to flush has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except (MinigradError, OSError, MemoryError) as error:
            code = _fail(str(error), 1)
        except (click.Abort, KeyboardInterrupt):
            code = _fail("interrupted", _INTERRUPTED)
        sys.exit(code)


def _fail(message: str, code: int) -> int:
    line = "; ".join(part.strip(" ;") for part in message.splitlines())
    printable = "".join(character if character.isprintable() else "?" for character in line)  # it may quote a file
    click.echo(f"minigrad: {printable}", err=True)
    return code


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="minigrad")
def main() -> None:
    """Train small convolutional networks, and use them."""
