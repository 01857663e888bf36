from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import minigrad as mg
from minigrad import optim


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
