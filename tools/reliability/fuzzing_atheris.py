"""Fuzz one reader with atheris, guided by the lines that files reach: what `fuzzing.py --atheris` runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

MODULES = ("minigrad.data", "minigrad.interop", "minigrad.train")


def main(name: str, place: str, seconds: str) -> None:
    """Fuzz until the time is over, or a file does what no file may do: then libFuzzer ends the process."""
    atheris: Any = importlib.import_module("atheris")
    folder = Path(place)
    with atheris.instrument_imports(include=list(MODULES), enable_loader_override=False):
        for module in MODULES:
            importlib.import_module(module)
        from fuzzed_readers import READERS

        reader = READERS[name](folder)
    from fuzzing import MOST_MEMORY, MOST_SECONDS, Watch

    watch, corpus = Watch(reader, folder), folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(reader.files):
        (corpus / str(number)).write_bytes(content)
    limits = [f"-max_total_time={seconds}", f"-timeout={2 * int(MOST_SECONDS)}", "-rss_limit_mb=0"]
    limits += [f"-malloc_limit_mb={MOST_MEMORY >> 20}", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], watch)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
