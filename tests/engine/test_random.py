import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import random
from minigrad.errors import DataError, DTypeError


@pytest.fixture(autouse=True)
def _restored():
    state = mg.get_rng_state()
    yield
    mg.set_rng_state(state)


def numbers():
    return mg.rand(5, device="reference").tolist()


def dropped():
    return F.dropout(mg.ones(64, device="reference")).tolist()


def test_a_seed_gives_the_same_numbers_again():
    mg.manual_seed(7)
    first, second = numbers(), numbers()
    mg.manual_seed(7)
    assert [numbers(), numbers()] == [first, second]
    assert first != second


def test_another_seed_gives_other_numbers():
    mg.manual_seed(7)
    first = numbers()
    mg.manual_seed(8)
    assert numbers() != first


def test_the_seed_can_be_asked_for():
    mg.manual_seed(2**64 - 1)
    assert mg.initial_seed() == 2**64 - 1


def test_a_state_goes_round_and_continues():
    mg.manual_seed(7)
    numbers()
    dropped()
    state = mg.get_rng_state()
    expected = numbers(), dropped()
    mg.manual_seed(1)
    mg.set_rng_state(state)
    assert (numbers(), dropped()) == expected


def test_a_state_is_a_few_integers():
    mg.manual_seed(7)
    numbers()
    assert mg.get_rng_state() == {"seed": 7, "initialisation": 8, "dropout": 0, "shuffling": 0, "augmentation": 0}


def test_drawing_from_one_stream_leaves_the_others_where_they_are():
    mg.manual_seed(7)
    expected = dropped()
    mg.manual_seed(7)
    numbers()
    random.draw(random.SHUFFLING, 100)
    assert dropped() == expected


def test_streams_of_one_seed_differ():
    draws = []
    for stream in range(4):
        out = mg.empty(8, device="reference")
        mg.autograd.apply_in_place(mg.ops.update.UNIFORM, (out,), (0.0, 1.0, 7, stream, 0))
        draws.append(tuple(out.tolist()))
    assert len(set(draws)) == 4


def test_reservations_of_a_stream_do_not_overlap():
    mg.manual_seed(7)
    ends = [0]
    for count in (1, 3, 4, 5, 0, 8):
        seed, offset = random.draw(random.AUGMENTATION, count)
        assert seed == 7
        assert offset >= ends[-1]
        ends.append(offset + count)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_outside_64_bits_is_refused(seed):
    before = mg.get_rng_state()
    with pytest.raises(DataError, match=r"manual_seed: seed must (be at least 0|fit 64 bits), got"):
        mg.manual_seed(seed)
    assert mg.get_rng_state() == before


@pytest.mark.parametrize("seed", [1.5, "7", None, True])
def test_a_seed_must_be_an_integer(seed):
    with pytest.raises(DTypeError, match="manual_seed: seed must be an integer"):
        mg.manual_seed(seed)


@pytest.mark.parametrize(
    "change", [{"seed": -1}, {"dropout": -4}, {"shuffling": 1.5}, {"augmentation": "0"}, {"more": 1}]
)
def test_a_wrong_state_is_refused_and_changes_nothing(change):
    before = mg.get_rng_state()
    with pytest.raises((DataError, DTypeError), match="set_rng_state"):
        mg.set_rng_state({**before, "seed": 5, **change})
    assert mg.get_rng_state() == before


def test_a_state_that_lacks_a_stream_is_refused():
    with pytest.raises(DataError, match="a state has seed, initialisation, dropout, shuffling, augmentation"):
        mg.set_rng_state({"seed": 1})
