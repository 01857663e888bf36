from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim


def train(seed, barrier):
    """Fit a line by gradient descent; the other thread is at the same step."""
    x = mg.tensor([[1.0, 2.0], [3.0, seed]], dtype=mg.float64, device="reference")
    weight = mg.nn.Parameter(mg.tensor([[0.5], [-0.25]], dtype=mg.float64, device="reference"))
    optimizer = optim.SGD([weight], lr=0.01, momentum=0.9)
    for _ in range(20):
        barrier.wait()
        with mg.no_grad():
            assert not (weight * 2.0).requires_grad
        optimizer.zero_grad()
        ((x @ weight).tanh() ** 2).sum().backward()
        optimizer.step()
    return weight.tolist()


def test_two_threads_train_at_once_as_if_each_were_alone():
    alone = [train(seed, Barrier(1)) for seed in (1.0, 2.0)]
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(train, (1.0, 2.0), (barrier, barrier)))
    assert together == alone


def test_two_threads_differentiate_one_graph():
    x = mg.tensor([0.5, 1.5], dtype=mg.float64, device="reference", requires_grad=True)
    out = (mg.exp(x) * x).sum()
    expected = mg.grad(out, x, retain_graph=True)[0].tolist()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: mg.grad(out, x, retain_graph=True)[0].tolist(), range(20)))
    assert found == [expected] * 20


def train_convnet(seed, barrier):
    """Train a small ConvNet on the CPU, whose kernels share their work between threads."""
    random = np.random.default_rng(seed)
    images = mg.from_numpy(random.standard_normal((64, 3, 16, 16)).astype(np.float32))
    labels = mg.from_numpy(random.integers(0, 5, 64))
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 5))
    net.load_state_dict(
        {name: (random.standard_normal(p.shape) * 0.1).astype(np.float32) for name, p in net.state_dict().items()}
    )
    optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for _ in range(20):
        barrier.wait()
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
    return [parameter.tolist() for parameter in net.parameters()]


def test_two_threads_train_convnets_on_the_cpu_at_once():
    alone = [train_convnet(seed, Barrier(1)) for seed in (1, 2)]
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(train_convnet, (1, 2), (barrier, barrier)))
    assert together == alone
