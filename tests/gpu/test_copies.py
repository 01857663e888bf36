"""Copies from the host run beside what is launched: what orders the two is there, and what is missing is noticed."""

import itertools

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import ArrayDataset, DataLoader
from minigrad.ops.update import copy_
from minigrad.train import evaluate, fit
from minigrad_kernels.cuda import runtime

HOST = mg.tensor([1.0, 2.0, 3.0])
USES = {
    "kernel": lambda x: x + x,
    "view": lambda x: x[1:].sum(),
    "in place": lambda x: copy_(x, mg.zeros(3, device="cuda")),
    "on the device": lambda x: copy_(mg.zeros(3, device="cuda"), x),
    "to the host": lambda x: x.tolist(),
}


@pytest.fixture
def emulator(device, log):
    return device


def use_and_drop(value):
    (mg.full((5,), value).cuda() * 1.5).tolist()


def test_a_copy_waits_to_be_used(emulator):
    x = HOST.cuda()
    assert len(emulator.waiting) == 1
    total = x + mg.ones(3, device="cuda")
    assert not emulator.waiting
    assert total.tolist() == [2, 3, 4]


def test_one_wait_is_enough(log):
    x = HOST.cuda()
    log.clear()
    for _ in range(2):
        x.sum()
        assert log.count("wait for copies") == 1


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_use_that_does_not_wait_for_the_copy_is_noticed(log, monkeypatch, use):
    from tests.gpu.emulator.runtime import RaceError

    use(HOST.cuda())
    monkeypatch.setattr(runtime, "wait_for_copies", lambda *arrays: None)
    with pytest.raises(RaceError, match="what is launched does not wait for what is copied"):
        use(HOST.cuda())


def test_a_copy_that_does_not_wait_for_the_kernels_before_it_is_noticed(emulator, monkeypatch):
    from tests.gpu.emulator.runtime import Mark, RaceError

    use_and_drop(2.0)
    mg.cuda.memory_allocated()  # here the block is found to be unused
    use_and_drop(3.0)
    monkeypatch.setattr(emulator, "mark", lambda: Mark(0, 0))
    mg.cuda.memory_allocated()
    with pytest.raises(RaceError, match="a copy does not wait for what used its memory"):
        use_and_drop(4.0)


def test_a_copy_waits_for_what_used_its_memory_and_not_for_what_was_launched_since(emulator, monkeypatch):
    use_and_drop(1.0)
    mg.cuda.memory_allocated()  # here the block is found to be unused
    used = emulator.mark()
    mg.ones(3, device="cuda") + 1.0
    given = []
    copy_to_device = emulator.copy_to_device
    monkeypatch.setattr(emulator, "copy_to_device", lambda *asked: given.append(asked[-1]) or copy_to_device(*asked))
    mg.zeros(5).cuda()
    assert given == [used] != [emulator.mark()]


def test_batches_take_turns_in_three_memories(emulator):
    data = ArrayDataset(np.arange(64.0).reshape(16, 4), np.arange(16))
    places = {batch[0].array.address for batch in DataLoader(data, 2).batches_on("cuda")}
    assert len(places) == 3


def small():
    """A network on the GPU, and four batches of four for it."""
    rng = np.random.default_rng(1)
    data = ArrayDataset(rng.standard_normal((16, 4)).astype(np.float32), rng.integers(3, size=16))
    return nn.Linear(4, 3, device="cuda"), data


def copies_that_wait(emulator, monkeypatch, run):
    """For each launch of `run`: its kernel, and how many copies may not have begun by then."""
    seen = []
    launch = emulator.launch

    def spy(kernel, types, grid, arguments):
        seen.append((kernel.name, len(emulator.waiting)))
        launch(kernel, types, grid, arguments)

    monkeypatch.setattr(emulator, "launch", spy)
    run()
    return seen


def test_the_next_batch_is_copied_beside_a_step_of_training(emulator, monkeypatch):
    model, data = small()
    settings = {"optimizer": optim.SGD(model.parameters(), lr=0.1), "batch_size": 4, "progress": False}
    seen = copies_that_wait(emulator, monkeypatch, lambda: fit(model, data, data, epochs=1, look_every=0, **settings))
    assert [waiting for name, waiting in seen if "optimise" in name] == [2, 2, 2, 0]
    # Labels are waited for when the loss needs them, the next inputs and labels not at all.
    first = [after for (before, _), after in itertools.pairwise(seen) if "optimise" in before]
    first = [waiting for name, waiting in [seen[0], *first] if "optimise" not in name]
    assert first[:4] == [3, 3, 3, 1]


def test_the_next_batch_is_copied_beside_an_evaluation(emulator, monkeypatch):
    model, data = small()
    seen = copies_that_wait(emulator, monkeypatch, lambda: evaluate(model, data, 4))
    assert [waiting for name, waiting in seen if "softmax_loss" in name] == [2, 2, 2, 0]


def test_the_host_waits_for_nothing_but_the_loss(log):
    model, data = small()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for inputs, labels in DataLoader(data, 4).batches_on("cuda"):
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    assert "copy to host" not in log
    assert "synchronize" not in log
