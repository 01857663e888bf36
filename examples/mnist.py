"""Train LeNet-5 on MNIST in two epochs: ``python examples/mnist.py``, or with ``--data-dir`` and a local copy."""

from __future__ import annotations

import argparse

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import DataLoader, Dataset, datasets
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.models import LeNet

GOAL = 0.98


def main() -> None:
    """Train with a loop of one's own, then test."""
    options = parse_options()
    mg.manual_seed(options.seed)
    train, test = (datasets.mnist(part, options.data_dir) for part in ("train", "test"))
    mean = channel_mean(train)
    loader = DataLoader(Centred(train, mean), batch_size=64, shuffle=True)
    epochs = 1 if options.smoke else 2

    model = LeNet().to(options.device)
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader))
    for epoch in range(epochs):
        for step, (images, labels) in enumerate(loader):
            loss = F.cross_entropy(model(images.to(options.device)), labels.to(options.device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % 200 == 0:
                print(f"epoch {epoch + 1}, step {step}: loss {loss.item():.4f}")

    accuracy = accuracy_of(model, Centred(test, mean), options.device)
    print(f"test accuracy: {accuracy:.4f}")
    assert options.smoke or accuracy >= GOAL, f"expected at least {GOAL}"


@mg.no_grad()
def accuracy_of(model: nn.Module, dataset: Dataset, device: str) -> float:
    """The share of images whose largest logit is that of their label."""
    model.eval()
    hits = [
        model(images.to(device)).argmax(1).cpu().numpy() == labels.numpy()
        for images, labels in DataLoader(dataset, batch_size=256)
    ]
    return float(np.concatenate(hits).mean())


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", help="a local copy of the four files; otherwise they are downloaded once")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for an NVIDIA GPU")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the batches")
    parser.add_argument("--smoke", action="store_true", help="one epoch, and no demand on the accuracy")
    return parser.parse_args()


if __name__ == "__main__":
    main()
