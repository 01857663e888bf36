"""Training on the device: the same as on a CPU, and without waiting for the device but to read the loss."""

from collections import Counter

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.models import ConvNet
from minigrad.nn import fusion
from minigrad.optim.regularize import L2, MaxNorm
from minigrad.train import evaluate, fit

RULES = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "Adam": lambda parameters: optim.Adam(parameters, lr=0.01, amsgrad=True),
    "RMSprop": lambda parameters: optim.RMSprop(parameters, lr=0.01, momentum=0.5, centered=True),
    "Adagrad": lambda parameters: optim.Adagrad(parameters, lr=0.01),
    "Adadelta": lambda parameters: optim.Adadelta(parameters),
}


def network():
    """A ConvNet of every kind of layer that the course has."""
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.LocalResponseNorm(3), nn.AvgPool2d(2), nn.Dropout2d(0.2)),
        *(nn.Flatten(), nn.Dropout(0.4), nn.Linear(24, 5)),
    )


def batches(count, device="cpu"):
    rng = np.random.default_rng(0)
    for _ in range(count):
        images = mg.tensor(rng.standard_normal((6, 3, 8, 8)).astype(np.float32))
        yield images.to(device), mg.tensor(rng.integers(5, size=6)).to(device)


class Training:
    """A network and its optimiser on a device."""

    def __init__(self, device, rule="SGD"):
        mg.manual_seed(3)
        self.model = network().to(device)
        self.optimizer = RULES[rule](self.model.parameters())
        self.penalty, self.bound = L2(1e-2), MaxNorm(3.0)

    def step(self, images, labels):
        loss = F.cross_entropy(self.model(images), labels, label_smoothing=0.1) + self.penalty(self.model)
        self.optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        return loss


@pytest.mark.parametrize("rule", RULES)
def test_training_is_the_same_as_on_a_cpu(rule):
    trained = {}
    for device in ("cpu", "cuda"):
        training = Training(device, rule)
        losses = [training.step(*batch).item() for batch in batches(3, device)]
        training.bound(training.model)
        weights = {name: value.cpu().numpy() for name, value in training.model.state_dict().items()}
        trained[device] = (losses, weights, mg.get_rng_state())
    (losses, weights, state), (there, others, state_there) = trained["cpu"], trained["cuda"]
    assert state == state_there
    np.testing.assert_allclose(there, losses, rtol=1e-5)
    for name, value in weights.items():
        np.testing.assert_allclose(others[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_dropout_masks_are_those_of_a_cpu_bit_for_bit(p):
    masks = []
    for device in ("cpu", "cuda"):
        mg.manual_seed(5)
        x = mg.ones(7, 11, device=device, requires_grad=True)
        out = F.dropout(F.dropout(x, p), p)
        masks += [out.detach().cpu().numpy().tobytes(), mg.grad(out.sum(), x)[0].cpu().numpy().tobytes()]
    assert masks[:2] == masks[2:]


@pytest.mark.parametrize("rule", RULES)
def test_a_step_reads_nothing_and_waits_for_nothing(log, rule):
    training = Training("cuda", rule)
    for batch in batches(2, "cuda"):
        log.clear()
        training.step(*batch)
        training.bound(training.model)
        assert "copy to host" not in log
        assert "synchronize" not in log
    # Of the numbers in the rules, those that were there in the step before are there still.
    assert log.count("copy to device") == 0


def test_a_step_of_the_course_s_convnet_is_the_same_as_on_a_cpu():
    after = []
    for device in ("cpu", "cuda"):
        mg.manual_seed(1)
        model = ConvNet(in_shape=(3, 32, 32), classes=10).to(device)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        images, labels = mg.randn(2, 3, 32, 32), mg.tensor([3, 7])
        loss = F.cross_entropy(F.dropout(model(images.to(device)), 0.5), labels.to(device))
        loss.backward()
        optimizer.step()
        after.append([loss.item(), *(parameter.cpu().detach().numpy() for parameter in model.parameters())])
    for ours, expected in zip(*reversed(after), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


def test_relu_takes_no_launch_of_its_own_after_a_convolution_or_a_linear_layer(log, monkeypatch):
    model = nn.Sequential(ConvNet(in_shape=(3, 4, 4), blocks=1, channels=4), nn.ReLU(), nn.Linear(10, 5), nn.ReLU())
    model, images = model.to("cuda"), mg.ones(2, 3, 4, 4, device="cuda")
    launches = []
    for is_fused in (True, False):
        if not is_fused:
            monkeypatch.setattr(fusion, "TABLE", {})
        model.zero_grad()
        log.clear()
        model(images).sum().backward()
        launches.append(Counter(entry for entry in log if "launch" in entry))
    assert launches[1] - launches[0] == {"launch cuda.elementwise._relu": 2}
    assert not launches[0] - launches[1]


def test_a_steady_step_takes_no_new_memory(device, monkeypatch):
    taken = []
    allocate = device.allocate
    monkeypatch.setattr(device, "allocate", lambda nbytes: taken.append(nbytes) or allocate(nbytes))
    mg.cuda.empty_cache()
    training = Training("cuda")
    counts = []
    for batch in batches(5, "cuda"):
        training.step(*batch)
        counts.append(len(taken))
    assert counts[0] > 0
    assert counts[-1] == counts[-2]


def dataset():
    rng = np.random.default_rng(1)
    return ArrayDataset(rng.standard_normal((16, 3, 8, 8)).astype(np.float32), rng.integers(5, size=16))


def test_fit_and_evaluate_are_the_same_as_on_a_cpu():
    figures = []
    for device in ("cpu", "cuda"):
        training, data = Training(device), dataset()
        settings = {"optimizer": training.optimizer, "batch_size": 5, "progress": False}
        history = fit(training.model, data, data, epochs=2, **settings)
        figures.append((*history.epochs[-1], *evaluate(training.model, data)))
    np.testing.assert_allclose(figures[1], figures[0], rtol=1e-4)


def test_targets_that_are_no_class_make_the_loss_nan_and_ignored_ones_do_not():
    scores = mg.tensor(np.random.default_rng(2).standard_normal((3, 4)).astype(np.float32), device="cuda")
    for wrong in (4, -1, -100):
        targets = mg.tensor([1, wrong, 3], device="cuda")
        losses = F.cross_entropy(scores, targets, reduction="none")
        mean, of_log = F.cross_entropy(scores, targets), F.nll_loss(scores.log_softmax(1), targets)
        if wrong == -100:
            kept = mg.tensor([0, 2])
            expected = F.cross_entropy(scores.cpu()[kept], targets.cpu()[kept]).item()
            assert losses[1].item() == 0
            assert mean.item() == pytest.approx(expected, rel=1e-6)
            assert of_log.item() == pytest.approx(expected, rel=1e-6)
        else:
            assert np.isnan(losses.tolist()).tolist() == [False, True, False]
            assert np.isnan(mean.item())
            assert np.isnan(of_log.item())


def test_positions_outside_an_axis_are_nan_too():
    x = mg.ones(2, 3, device="cuda")
    assert (
        np.isnan(x.gather(1, mg.tensor([[0, 3, -1]] * 2, device="cuda")).tolist()).tolist() == [[False, True, True]] * 2
    )
