"""Plans of convolutions and products are what they were: see plans.py."""

from pathlib import Path

import pytest

from tests.kernels.plans import HEAD, lines

FILE = Path(__file__).with_name("plans.txt")


def test_plans_are_what_they_were():
    kept = dict(part.split("\n", 1) for part in FILE.read_text(encoding="utf-8").split("\n\n") if part)
    if HEAD not in kept:
        pytest.skip(f"no plans are kept for {HEAD}")
    assert kept[HEAD].splitlines() == lines()


def test_plans_are_kept_for_every_width():
    heads = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("vectors")]
    assert heads == [f"vectors of {size} bytes, tiles of {rows} rows" for size, rows in ((16, 6), (32, 6), (64, 12))]
