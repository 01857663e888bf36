"""Batches read ahead by threads: in order, not too far ahead, and no thread stays behind."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import ArrayDataset, DataLoader
from minigrad.data.prefetch import AHEAD, map_ahead, one_ahead


def our_threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("minigrad-data")]


@pytest.fixture(autouse=True)
def no_thread_stays_behind():
    assert our_threads() == []
    yield
    assert our_threads() == []


class Slow(ArrayDataset):
    """Takes longer for early examples, so that threads finish in another order, and fails at one of them."""

    def __init__(self, length, bad=None):
        super().__init__(np.arange(length))
        self.bad = bad

    def __getitem__(self, index):
        time.sleep(0.002 * (5 - index[0] % 5))
        if self.bad in index:
            raise ValueError(f"example {self.bad} is bad")
        return super().__getitem__(index)


@given(st.integers(0, 30), st.integers(0, 4), st.integers(0, 30))
def test_results_come_in_order_wherever_one_stops(length, threads, stop):
    results = map_ahead(lambda item: item * item, range(length), threads)
    assert [result for result, _ in zip(results, range(stop), strict=False)] == [
        i * i for i in range(min(length, stop))
    ]
    results.close()
    assert our_threads() == []


def test_threads_work_at_the_same_time():
    meeting = threading.Barrier(3, timeout=10)
    assert sorted(map_ahead(lambda _: meeting.wait(), range(3), 3)) == [0, 1, 2]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_order_does_not_depend_on_the_workers(workers):
    expected, batches = (
        [batch.tolist() for (batch,) in DataLoader(Slow(23), 2, shuffle=True, seed=5, num_workers=number)]
        for number in (0, workers)
    )
    assert batches == expected


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_error_comes_when_its_batch_is_due(workers):
    batches = iter(DataLoader(Slow(40, bad=5), batch_size=2, num_workers=workers))
    assert [next(batches)[0].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="example 5 is bad"):
        next(batches)
    assert our_threads() == []
    with pytest.raises(StopIteration):
        next(batches)


def test_no_more_is_read_ahead_than_promised():
    begun = []
    results = map_ahead(begun.append, range(100), 2)
    next(results)
    deadline = time.monotonic() + 10
    while len(begun) < 2 * AHEAD + 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(begun) == list(range(2 * AHEAD + 1))
    results.close()


def test_a_loader_that_is_left_early_leaves_no_thread():
    for number, _ in enumerate(DataLoader(Slow(100), num_workers=3)):
        if number == 1:
            break
    assert our_threads() == []
    batches = iter(DataLoader(Slow(100), num_workers=3))
    next(batches)
    assert len(our_threads()) == 3
    del batches
    assert our_threads() == []


def test_the_state_counts_what_was_handed_out():
    loader = DataLoader(Slow(100), batch_size=4, num_workers=3)
    batches = iter(loader)
    next(batches), next(batches)
    time.sleep(0.05)
    assert loader.state_dict()["position"] == 8


def test_one_is_ready_when_the_one_before_is_handed_out():
    made = []
    items = one_ahead(made.append(item) or item for item in range(4))
    assert [(item, len(made)) for item in items] == [(0, 2), (1, 3), (2, 4), (3, 4)]
    assert [*one_ahead([])] == []


def test_what_making_the_next_raises_is_raised_in_its_turn():
    items = one_ahead(6 // (2 - item) for item in range(4))
    assert [next(items), next(items)] == [3, 6]
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_who_stops_ends_what_is_ahead():
    items = one_ahead(map_ahead(lambda item: item, range(9), 2))
    assert next(items) == 0
    items.close()
    assert our_threads() == []
