import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import random
from minigrad.data import ArrayDataset, DataLoader
from minigrad.data.shuffle import permutation
from minigrad.errors import DataError
from minigrad.tensor import Tensor


def numbered(length):
    return ArrayDataset(np.arange(length), np.arange(length, dtype=np.float32)[:, None])


def epoch(loader):
    return [batch[0].tolist() for batch in loader]


@given(
    st.integers(1, 40),
    st.integers(1, 50) | st.none(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 0, 1, 3]),
    st.sampled_from(["cpu", "reference"]),
    st.data(),
)
def test_an_epoch_can_be_resumed_anywhere(length, batch_size, shuffle, drop_last, seed, workers, device, data):
    if drop_last and batch_size is not None and batch_size > length:
        batch_size = length
    loader = DataLoader(numbered(length), batch_size, shuffle, drop_last, seed)
    expected = [epoch(loader) for _ in range(3)]
    assert [len(batches) for batches in expected] == [len(loader)] * 3

    stop = data.draw(st.integers(0, len(loader)), "batches before the interruption")
    broken = DataLoader(numbered(length), batch_size, shuffle, drop_last, seed, workers)
    epoch(broken)
    batches = broken.batches_on(device)
    begun = [next(batches)[0].tolist() for _ in range(stop)]
    resumed = DataLoader(numbered(length), batch_size, shuffle, drop_last, seed=7)
    resumed.load_state_dict(broken.state_dict())
    assert begun + epoch(resumed) == expected[1]
    assert epoch(resumed) == expected[2]


def test_a_shuffled_epoch_holds_every_example_once_and_differs_from_the_last():
    loader = DataLoader(numbered(100), batch_size=7, shuffle=True, seed=0)
    first, second = (np.concatenate(epoch(loader)) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first.tolist() != second.tolist()


def test_without_shuffling_the_order_is_that_of_the_data():
    assert epoch(DataLoader(numbered(5), batch_size=2)) == [[0, 1], [2, 3], [4]]
    assert epoch(DataLoader(numbered(5), batch_size=2, drop_last=True)) == [[0, 1], [2, 3]]
    assert epoch(DataLoader(numbered(5), batch_size=None)) == [[0, 1, 2, 3, 4]]


def test_an_epoch_left_early_is_followed_by_the_next():
    loader = DataLoader(numbered(50), batch_size=5, shuffle=True, seed=3)
    expected = [epoch(loader) for _ in range(2)]
    again = DataLoader(numbered(50), batch_size=5, shuffle=True, seed=3)
    assert next(iter(again))[0].tolist() == expected[0][0]
    assert epoch(again) == expected[1]


def test_the_state_is_three_integers():
    loader = DataLoader(numbered(5), batch_size=2, seed=9)
    assert loader.state_dict() == {"seed": 9, "epoch": 0, "position": 0}
    batches = iter(loader)
    next(batches)
    next(batches)
    assert loader.state_dict() == {"seed": 9, "epoch": 0, "position": 4}
    assert len(list(batches)) == 1
    assert loader.state_dict() == {"seed": 9, "epoch": 1, "position": 0}


def test_the_seed_is_that_of_the_program_unless_given():
    state = random.get_rng_state()
    try:
        random.manual_seed(11)
        assert DataLoader(numbered(5)).state_dict()["seed"] == 11
    finally:
        random.set_rng_state(state)


def test_orders_are_the_same_on_every_machine():
    assert permutation(10, seed=0, stream=2).tolist() == [6, 7, 2, 9, 1, 3, 5, 0, 4, 8]
    assert permutation(10, seed=2**64 - 1, stream=2, epoch=1).tolist() == [6, 9, 8, 3, 1, 0, 2, 7, 4, 5]


def test_batches_are_tensors_that_do_not_share_the_data():
    dataset = numbered(4)
    numbers, column = next(iter(DataLoader(dataset, batch_size=3)))
    assert isinstance(numbers, Tensor)
    assert (numbers.shape, column.shape, column.dtype) == ((3,), (3, 1), np.float32)
    numbers.numpy()[:] = -1
    assert dataset.arrays[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_transform_gives_what_is_handed_out(workers):
    loader = DataLoader(numbered(5), batch_size=2, num_workers=workers, transform=lambda a, b: (b * 2, a, a + 1))
    assert [[part.tolist() for part in batch] for batch in loader][1] == [[[4], [6]], [2, 3], [3, 4]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
        ({"batch_size": 2.0}, "batch_size must be an integer of at least 1, got 2.0"),
        ({"batch_size": True}, "batch_size must be an integer of at least 1, got True"),
        ({"num_workers": -1}, r"num_workers must be an integer in \[0, 64\], got -1"),
        ({"seed": -1}, r"seed must be an integer in \[0, 18446744073709551615\], got -1"),
        ({"batch_size": 6, "drop_last": True}, "drop_last leaves no batch of 6 out of 5 examples"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        DataLoader(numbered(5), **options)


def test_an_empty_data_set_is_refused():
    with pytest.raises(DataError, match="got an empty one"):
        DataLoader(numbered(0), batch_size=None)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"seed": 0, "epoch": 0}, r"has seed, epoch, position, got \['epoch', 'seed'\]"),
        ({"seed": 0, "epoch": -1, "position": 0}, "epoch of the state must be an integer"),
        ({"seed": 0, "epoch": 0, "position": 6}, r"position of the state must be an integer in \[0, 5\], got 6"),
        ({"seed": "0", "epoch": 0, "position": 0}, "seed of the state must be an integer"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state, message):
    loader = DataLoader(numbered(5), batch_size=2, seed=4)
    with pytest.raises(DataError, match=message):
        loader.load_state_dict(state)
    assert loader.state_dict() == {"seed": 4, "epoch": 0, "position": 0}
