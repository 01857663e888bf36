"""`python -m tools.mutants`: run the campaign and write its section of docs/reliability.md."""

from __future__ import annotations

import argparse
import time

from .report import write
from .run import campaign, show
from .sites import draw


def main() -> None:
    """Draw, judge, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--workers", type=int, default=2, help="how many to run at a time")
    parser.add_argument("--files", nargs="+", metavar="PATH", help="draw from these files; the page is left alone")
    parser.add_argument("--only", nargs="+", type=int, metavar="N", help="of the sample, these; the page is left alone")
    options = parser.parse_args()
    mutants = draw(options.seed, options.count, options.files)
    if options.only:
        mutants = [mutants[number] for number in options.only]
    started = time.monotonic()
    verdicts = []
    for verdict in campaign(mutants, options.workers):
        verdicts.append(verdict)
        show(verdict, len(verdicts), len(mutants), started)
    killed = sum(verdict.outcome.killed for verdict in verdicts)
    print(f"{killed} of {len(verdicts)} killed")
    if not options.files and not options.only:
        write(verdicts, options.seed, options.workers)


main()
