"""Train the course's ConvNet on CIFAR-10: ``python examples/cifar10.py``, or with ``--data-dir`` and a local copy."""

from __future__ import annotations

import argparse

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import optim
from minigrad.data import DataLoader, datasets
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.models import ConvNet
from minigrad.train import evaluate

GOAL = 0.5  # the first fifth of the training images is enough for it


def main() -> None:
    """Train with a loop of one's own, then test."""
    options = parse_options()
    mg.manual_seed(options.seed)
    train, test = (datasets.cifar10(part, options.data_dir) for part in ("train", "test"))
    mean = channel_mean(train)
    loader = DataLoader(Centred(train, mean), batch_size=32, shuffle=True)
    epochs = 1 if options.smoke else options.epochs

    model = ConvNet().to(options.device)
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * len(loader))
    for epoch in range(1, epochs + 1):
        total = 0.0
        for images, labels in loader:
            loss = F.cross_entropy(model(images.to(options.device)), labels.to(options.device))
            total += loss.item()  # before backward: a GPU is busy with that while the next batch is read
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch} of {epochs}: mean loss {total / len(loader):.4f}")

    accuracy = evaluate(model, Centred(test, mean))[1]
    print(f"test accuracy: {accuracy:.4f}")
    assert options.smoke or accuracy >= GOAL, f"expected at least {GOAL}"


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", help="a local copy of the batches; otherwise the archive is downloaded once")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for an NVIDIA GPU")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the batches")
    parser.add_argument("--smoke", action="store_true", help="one epoch, and no demand on the accuracy")
    return parser.parse_args()


if __name__ == "__main__":
    main()
