import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.models import GoogLeNet
from minigrad.train import check, fit, look
from minigrad.train.heads import logits_of, over_heads


class Twice(nn.Module):
    """Two classifiers of the same input, the second one only while it trains."""

    auxiliary_weight = 0.25

    def __init__(self):
        self.main, self.aux = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, input):
        return (self.main(input), self.aux(input)) if self.training else self.main(input)


def examples(count=24):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    return ArrayDataset((rng.standard_normal((count, 4)) + np.eye(4)[labels]).astype(np.float32), labels)


def test_the_loss_adds_the_share_of_the_other_heads():
    model, (inputs, labels) = Twice(), map(mg.from_numpy, examples()[:])
    first, second = model(inputs)
    expected = F.cross_entropy(first, labels).item() + 0.25 * F.cross_entropy(second, labels).item()
    joint = over_heads(F.cross_entropy, model)
    assert joint((first, second), labels).item() == pytest.approx(expected, rel=1e-6)
    assert joint(first, labels).item() == F.cross_entropy(first, labels).item()
    assert joint.__name__ == "cross_entropy"
    assert logits_of((first, second)) is first


def test_a_network_with_one_head_keeps_its_loss():
    assert over_heads(F.cross_entropy, nn.Linear(2, 2)) is F.cross_entropy


def test_fit_trains_every_head_and_counts_the_accuracy_of_the_first():
    mg.manual_seed(0)
    model, data = Twice(), examples()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, data, data, epochs=20, optimizer=optimizer, batch_size=8, seed=0, progress=False)
    assert all((value.numpy() != before[name]).any() for name, value in model.state_dict().items())
    assert history.epochs[-1].val_accuracy > 0.6


def test_checks_and_looks_take_networks_with_heads():
    mg.manual_seed(0)
    report = check(Twice(), examples(60), batch_size=20)
    assert report["first loss"].expected.startswith("1.099 (ln 3)")
    assert report["gradients"].passed
    inputs, labels = examples()[:]
    assert [layer.name for layer in look(Twice(), inputs, labels).layers] == ["main", "aux"]


def test_googlenet_trains_with_its_heads():
    mg.manual_seed(0)
    model = GoogLeNet(aux=True, in_shape=(1, 31, 31), classes=3, width=1 / 16)
    rng = np.random.default_rng(0)
    data = ArrayDataset(rng.standard_normal((8, 1, 31, 31)).astype(np.float32), np.arange(8) % 3)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    fit(model, data, data, epochs=1, optimizer=optimizer, batch_size=4, seed=0, progress=False)
    assert model.aux1.fc2.weight.grad is not None
    assert model.aux2.fc2.weight.grad is not None
