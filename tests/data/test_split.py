import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from minigrad.data import ArrayDataset, datasets, split
from minigrad.errors import DataError


@st.composite
def labels_and_sizes(draw):
    counts = draw(st.lists(st.integers(8, 40), min_size=1, max_size=5))
    labels = np.repeat(np.arange(len(counts)), counts)
    cut = draw(st.integers(1, len(labels) - 1))
    return draw(st.permutations(labels.tolist())), [cut, len(labels) - cut]


def numbered(labels):
    return ArrayDataset(np.arange(len(labels)), np.asarray(labels))


def split_or_reject(dataset, sizes, **options):
    """Leave out the cases in which a part is too small for every class: they have a test of their own."""
    try:
        return split(dataset, sizes, **options)
    except DataError:
        reject()


@given(labels_and_sizes(), st.integers(0, 2**64 - 1), st.booleans())
def test_parts_are_disjoint_complete_and_of_the_sizes_asked_for(case, seed, stratify):
    labels, sizes = case
    parts = split_or_reject(numbered(labels), sizes, seed=seed, stratify=stratify)
    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate([part[:][0] for part in parts])) == list(range(len(labels)))


@given(labels_and_sizes(), st.integers(0, 2**64 - 1))
def test_every_class_gets_its_share(case, seed):
    labels, sizes = case
    counts = np.bincount(labels)
    for part in split_or_reject(numbered(labels), sizes, seed=seed):
        share = counts * len(part) / len(labels)
        assert (abs(np.bincount(part[:][1]) - share) <= 1 + counts * len(counts) / len(labels)).all()


@given(labels_and_sizes(), st.integers(0, 2**64 - 1))
def test_only_a_small_part_can_lack_a_class(case, seed):
    labels, sizes = case
    counts = np.bincount(labels)
    if (counts * min(sizes) / len(labels) >= 2 + counts * len(counts) / len(labels)).all():
        split(numbered(labels), sizes, seed=seed)
    elif min(sizes) < len(counts):
        with pytest.raises(DataError, match="none of the classes"):
            split(numbered(labels), sizes, seed=seed)


def test_the_digits_are_split_evenly():
    parts = split(datasets.digits(), [0.7, 0.15, 0.15], seed=0)
    assert [len(part) for part in parts] == [1258, 269, 270]
    for part in parts:
        share = np.bincount(part[:][1]) / len(part)
        assert abs(share - 0.1).max() < 0.006


def test_equal_seeds_give_equal_splits_and_others_do_not():
    first, again, other = (split(datasets.digits(), [1000, 797], seed=seed)[0][:][0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_split_is_the_same_on_every_machine():
    part = split(numbered([0] * 10 + [1] * 10), [5, 15], seed=0)[0]
    assert part[:][0].tolist() == [5, 6, 10, 14, 19]


def test_a_split_without_labels():
    train, rest = split(ArrayDataset(np.zeros((9, 2))), [1 / 3, 2 / 3], seed=0, stratify=False)
    assert (len(train), len(rest)) == (3, 6)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([], "all fractions or all whole numbers"),
        ([0.5, 5], "all fractions or all whole numbers"),
        ([True, 9], "all fractions or all whole numbers"),
        (["5", "5"], "all fractions or all whole numbers"),
        ([5, 4], "add up to 10, got .*, which add up to 9"),
        ([0.5, 0.4], "add up to 1, got .*, which add up to 0.9"),
        ([float("nan"), 0.5], "add up to 1"),
        ([10, 0], "every part needs an example"),
        ([11, -1], "every part needs an example"),
        ([0.99, 0.01], r"makes \[10, 0\] of 10"),
    ],
)
def test_sizes_that_make_no_split_are_refused(sizes, message):
    with pytest.raises(DataError, match=message):
        split(numbered([0] * 10), sizes, seed=0)


def test_a_part_without_a_class_is_refused():
    with pytest.raises(DataError, match=r"part 1 of 2 examples would hold none of the classes \[1\]"):
        split(numbered([0] * 9 + [1]), [8, 2], seed=0)


@pytest.mark.parametrize("labels", [np.zeros((10, 2), int), np.zeros(10)])
def test_labels_that_are_no_classes_are_refused(labels):
    with pytest.raises(DataError, match="integer labels"):
        split(ArrayDataset(labels), [5, 5], seed=0)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, None, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(DataError, match="seed must be an integer"):
        split(numbered([0] * 10), [5, 5], seed=seed)
