"""A training that is killed again and again loses nothing: see kills.py."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def kill(count, seed, folder):
    environment = os.environ | {"MINIGRAD_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # no threads: it will fork
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, str(Path(__file__).with_name("kills.py")), str(count), str(seed), str(folder)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [int(number) for number in re.findall(r": (\d+)", run.stdout)]


def test_a_training_that_is_killed_ends_with_the_same_weights(tmp_path):
    assert sum(kill(15, 0, tmp_path)) >= 15


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_training_that_is_killed_in_all_ways_ends_with_the_same_weights(tmp_path, seed):
    ways = kill(100, seed, tmp_path)
    assert len(ways) == 3
    assert sum(ways) >= 100
