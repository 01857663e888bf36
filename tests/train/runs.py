"""A small training that draws random numbers wherever one can: what the tests of checkpoints stop and go on with."""

import hashlib

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.optim import lr_scheduler, regularize
from minigrad.train import fit

EXAMPLES, BATCH, EPOCHS = 22, 5, 4
STEPS = EPOCHS * -(-EXAMPLES // BATCH)

RECIPES = {
    "SGD, batches": (
        lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9),
        lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, STEPS, counts="batches"),
    ),
    "Adam, epochs": (
        lambda parameters: optim.Adam(parameters, lr=0.01),
        lambda optimizer: lr_scheduler.StepLR(optimizer, 1, gamma=0.5, counts="epochs"),
    ),
    "RMSprop, constant": (lambda parameters: optim.RMSprop(parameters, lr=np.float64(0.01)), lambda optimizer: None),
}


def data(seed, count):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    return ArrayDataset((rng.standard_normal((count, 4)) + labels[:, None]).astype(np.float32), labels.astype(np.int64))


def network():
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3),
    )  # fmt: skip


def train(checkpoints=None, recipe="SGD, batches", seed=3, model=None, **options):
    """Train, or go on with it; the model and its history."""
    if model is None:
        mg.manual_seed(seed)
        model = network()
    make_optimizer, make_schedule = RECIPES[recipe]
    optimizer = make_optimizer(model.parameters())
    settings = {"epochs": EPOCHS, "batch_size": BATCH, "penalty": regularize.L2(1e-3), "look_every": 3}
    settings |= {"progress": False, "schedule": make_schedule(optimizer), "checkpoints": checkpoints, **options}
    history = fit(model, data(0, EXAMPLES), data(1, 10), optimizer=optimizer, **settings)
    return model, optimizer, history


def digest(model, optimizer, history):
    """A hash of all bits that a training ends with."""
    held = optimizer.state_dict()
    arrays = [("model", model.state_dict()), ("best", history.best_state), *sorted(held["state"].items())]
    arrays += [
        ("settings", {name: group[name] for name in group if name != "params"}) for group in held["param_groups"]
    ]
    found = hashlib.sha256(repr((history.steps, history.epochs, history.looks, mg.get_rng_state())).encode())
    for _, named in arrays:
        for name, value in sorted(named.items()):
            found.update(name.encode() + np.asarray(value, None if hasattr(value, "shape") else float).tobytes())
    return found.hexdigest()
