"""What the CS231n notebooks ask of training on CIFAR-10, as far as the first 10,000 images go.

"overfit_100", the sanity check, is here. "one_epoch" takes all 49,000 training images.
"""

import os
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import ArrayDataset, DataLoader
from minigrad.train import evaluate

SHARED = os.environ.get("MINIGRAD_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data"
FILE = Path(SHARED) / "cifar-10-batches-bin" / "data_batch_1.bin"
REASON = "no cifar-10-batches-bin/data_batch_1.bin in $MINIGRAD_SHARED_DATA or in ../shared/data beside the repository"


def cifar():
    """10,000 images, 0 to 255 less their mean, and their labels."""
    rows = np.fromfile(FILE, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    images = rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32)
    return images - images.mean(0), rows[:, 0].astype(np.int64)


def three_layer_convnet():
    """conv 7x7 with 32 filters, ReLU, 2x2 max pool, affine 100, ReLU, affine 10; weights of deviation 0.01."""
    net = nn.Sequential(
        *(nn.Conv2d(3, 32, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(32 * 16 * 16, 100), nn.ReLU(), nn.Linear(100, 10)),
    )
    for name, parameter in net.named_parameters():
        nn.init.small_gaussian_(parameter, std=0.01 if "weight" in name else 0.0)
    return net


@pytest.mark.nightly
@pytest.mark.skipif(not FILE.exists(), reason=REASON)
def test_a_small_convnet_learns_100_images_by_heart():
    images, labels = cifar()
    train, validation = ArrayDataset(images[:100], labels[:100]), ArrayDataset(images[-1000:], labels[-1000:])
    accuracies = []
    for seed in range(5):
        mg.manual_seed(seed)
        net = three_layer_convnet()
        optimizer = optim.Adam(net.parameters(), lr=1e-3)
        loader = DataLoader(train, batch_size=50, shuffle=True, seed=seed)
        for _ in range(15):
            for batch, classes in loader:
                loss = F.cross_entropy(net(batch), classes)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        accuracies.append((evaluate(net, train)[1], evaluate(net, validation)[1]))
    print("\ntraining and validation accuracy with five seeds:", accuracies)
    on_train, on_validation = np.median(accuracies, axis=0)
    assert on_train >= 0.99
    assert on_validation > 0.15
