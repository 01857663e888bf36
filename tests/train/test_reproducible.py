"""Equal seeds give equal weights, bit for bit: at any number of threads, and in another process."""

import hashlib
import os
import subprocess
import sys

import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import datasets, split
from minigrad.train import fit


def weights_of_a_run(seed, workers=0):
    """Train a ConvNet with dropout for two epochs, and hash its weights."""
    train, validation, _ = split(datasets.digits(), [400, 100, 1297], seed=0)
    mg.manual_seed(seed)
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(512, 10)),
    )
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    options = {"optimizer": optimizer, "batch_size": 50, "num_workers": workers, "progress": False}
    history = fit(model, train, validation, epochs=2, **options)
    digest = hashlib.sha256(repr(history.batch_costs).encode())
    for value in model.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def weights():
    return weights_of_a_run(seed=3)


@pytest.fixture
def threads():
    before = mg.get_num_threads()
    yield mg.set_num_threads
    mg.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_number_of_threads_changes_nothing(weights, threads, count):
    threads(count)
    assert weights_of_a_run(seed=3) == weights


def test_threads_that_read_ahead_change_nothing(weights):
    assert weights_of_a_run(seed=3, workers=2) == weights


@pytest.mark.parametrize("count", [1, 4])
def test_a_fresh_process_gets_the_same_weights(weights, count):
    environment = os.environ | {"MINIGRAD_NUM_THREADS": str(count)}
    run = subprocess.run([sys.executable, __file__, "3"], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == weights


def test_another_seed_gets_others(weights):
    assert weights_of_a_run(seed=4) != weights


if __name__ == "__main__":
    print(weights_of_a_run(int(sys.argv[1])))
