"""What the commands of campaigns share: options, the time taken, the section of docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from typing import Any

from page import write_section


class Campaign:
    """A command that runs a campaign, prints its section, and with --write puts it into docs/reliability.md.

    Parameters
    ----------
    section
        The name of the section.
    doc
        The docstring of the command's module.
    """

    def __init__(self, section: str, doc: str | None) -> None:
        self.section = section
        self._parser = argparse.ArgumentParser(
            description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )
        self._parser.add_argument("--write", action="store_true", help="write the section into docs/reliability.md")

    def option(self, *names: str, **settings: Any) -> None:
        """Add an option, as `ArgumentParser.add_argument` does."""
        self._parser.add_argument(*names, **settings)

    def main(self, run: Callable[..., tuple[str, list[str]]]) -> int:
        """Call `run` with the options; it returns the text of the section, and what was found to be wrong."""
        options = vars(self._parser.parse_args())
        writes, start = options.pop("write"), time.monotonic()
        text, faults = run(**options)
        text = f"{text}\n\n{_note(time.monotonic() - start)}"
        if faults:
            text += "\n\n" + "\n".join(f"- **fault**: {fault}" for fault in faults)
        print(text)
        if writes:
            write_section(self.section, text)
        return 1 if faults else 0


def _note(seconds: float) -> str:
    given = [argument for argument in sys.argv[1:] if argument != "--write"]
    command = shlex.join(["python", os.path.relpath(sys.argv[0]), *given])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"Seen with `{command}`, in {seconds / 60:.1f} minutes on {cores} cores of {platform.machine()}, "
        f"Python {platform.python_version()}."
    )
