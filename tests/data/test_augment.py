import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import random
from minigrad.data import (
    ArrayDataset,
    Augmented,
    DataLoader,
    PCAColorJitter,
    Preprocessed,
    RandomCrop,
    RandomHorizontalFlip,
    Subset,
)
from minigrad.data.preprocess import MeanImage
from minigrad.errors import DataError, ShapeError
from minigrad.train import load_weights, save_weights
from minigrad_kernels.philox import philox_block

IMAGES = np.random.default_rng(0).random((23, 3, 6, 7)).astype(np.float32)
DATASET = ArrayDataset(IMAGES, np.arange(23), classes=("a", "b"))
LOWEST, HIGHEST = 0, 2**32 - 1
JITTER = PCAColorJitter().fit(DATASET)
ALL = (RandomCrop((5, 6), padding=1), RandomHorizontalFlip(), JITTER)


def words(*first):
    """The words of one image: those given, then zeros."""
    return np.array([[*first, 0, 0, 0, 0][:4]], np.uint32)


def by_label(loader):
    """Each image of an epoch, by its label, which is its index."""
    arrays = [[item.numpy() for item in batch] for batch in loader]
    return {int(label): image for batch in arrays for image, label in zip(*batch, strict=True)}


def assert_same(some, others):
    assert some.keys() == others.keys()
    for label in some:
        np.testing.assert_array_equal(some[label], others[label])


def test_crops_reach_from_border_to_border():
    image = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    crop = RandomCrop(2)
    assert crop(image, words(LOWEST, LOWEST)).tolist() == [[[[1, 2], [4, 5]]]]
    assert crop(image, words(HIGHEST, HIGHEST)).tolist() == [[[[5, 6], [8, 9]]]]
    assert crop(image, words(LOWEST, HIGHEST)).tolist() == [[[[2, 3], [5, 6]]]]
    padded = RandomCrop(3, padding=2)
    assert padded(image, words(LOWEST, LOWEST)).tolist() == [[[[0, 0, 0], [0, 0, 0], [0, 0, 1]]]]
    assert padded(image, words(HIGHEST, 2**31)).tolist() == [[[[7, 8, 9], [0, 0, 0], [0, 0, 0]]]]
    assert RandomCrop((1, 3))(image, words(2**31)).tolist() == [[[[4, 5, 6]]]]


def test_every_place_is_as_likely():
    image = np.broadcast_to(np.arange(40.0), (4000, 1, 1, 40))
    drawn = np.random.default_rng(0).integers(0, 2**32, (4000, 4), np.uint32)
    counts = np.bincount(RandomCrop((1, 36))(image, drawn)[:, 0, 0, 0].astype(int))
    assert len(counts) == 5
    assert (abs(counts - 800) < 4 * np.sqrt(800)).all()


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 3), st.integers(1, 6), st.integers(1, 7))
def test_a_crop_is_a_part_of_the_padded_image(first, second, padding, height, width):
    wide = np.pad(IMAGES[:1], [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    top, left = (first * (6 + 2 * padding - height + 1)) >> 32, (second * (7 + 2 * padding - width + 1)) >> 32
    crop = RandomCrop((height, width), padding)(IMAGES[:1], words(first, second))
    np.testing.assert_array_equal(crop, wide[:, :, top : top + height, left : left + width])


def test_reflecting_twice_gives_the_image_back():
    always, never = RandomHorizontalFlip(1), RandomHorizontalFlip(0)
    anything = np.repeat(words(HIGHEST), 23, 0)
    reflected = always(IMAGES, anything)
    np.testing.assert_array_equal(reflected, IMAGES[..., ::-1])
    np.testing.assert_array_equal(always(reflected, anything), IMAGES)
    np.testing.assert_array_equal(never(IMAGES, 0 * anything), IMAGES)
    half = RandomHorizontalFlip()
    np.testing.assert_array_equal(half(IMAGES[:1], words(2**31 - 1)), IMAGES[:1, ..., ::-1])
    np.testing.assert_array_equal(half(IMAGES[:1], words(2**31)), IMAGES[:1])


def test_colour_moves_along_the_components_by_their_variances():
    pixels = np.array([[3.0, 1], [-1, 1], [1, 2], [1, 0]])  # variances 2 and 0.5 along the axes
    jitter = PCAColorJitter(std=0.1).fit(pixels.T.reshape(1, 2, 2, 2))
    assert jitter.components_.tolist() == [[1, 0], [0, 1]]
    assert jitter.explained_variance_.tolist() == [2, 0.5]
    moved = jitter(np.zeros((1, 2, 1, 1)), words(2**31 - 1, 2**30 // 2))  # u1 = 1/2, u2 = 1/8
    z = np.sqrt(2 * np.log(2)) * np.sqrt(0.5)
    np.testing.assert_allclose(moved.ravel(), [0.1 * 2 * z, 0.1 * 0.5 * z], rtol=1e-12)


@given(st.integers(0, 2**64 - 1), st.integers(0, 22))
def test_all_pixels_of_an_image_move_by_the_same_vector(seed, index):
    moved = Augmented(DATASET, JITTER).at_epoch(0, seed)[index][0] - IMAGES[index]
    np.testing.assert_allclose(moved, np.broadcast_to(moved[:, :1, :1], moved.shape), atol=1e-6)
    assert np.abs(moved).max() > 0


def test_colours_move_as_far_as_std_says():
    many = ArrayDataset(np.zeros((5000, 3, 1, 1)))
    moved = Augmented(many, JITTER)[np.arange(5000)][0].reshape(-1, 3) @ JITTER.components_.T
    np.testing.assert_allclose(moved.std(0), 0.1 * JITTER.explained_variance_, rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(moved.T), np.eye(3), atol=0.05)


@given(st.data())
def test_an_image_depends_on_seed_epoch_and_index_alone(data):
    seed, epoch = data.draw(st.integers(0, 2**64 - 1)), data.draw(st.integers(0, 2**32 - 1))
    view = Augmented(DATASET, *ALL).at_epoch(epoch, seed)
    indices = data.draw(st.lists(st.integers(0, 22), min_size=1, max_size=9))
    images, labels = view[np.array(indices)]
    for image, index in zip(images, indices, strict=True):
        np.testing.assert_array_equal(image, view[index][0])
    assert labels.tolist() == indices


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize(("batch_size", "shuffle"), [(4, True), (23, False), (1, True)])
def test_an_epoch_depends_on_neither_workers_nor_batches(workers, batch_size, shuffle):
    plain = DataLoader(Augmented(DATASET, *ALL), 7, seed=5)
    loader = DataLoader(Augmented(DATASET, *ALL), batch_size, shuffle, seed=5, num_workers=workers)
    first, second = by_label(loader), by_label(loader)
    assert_same(first, by_label(plain))
    assert_same(second, by_label(plain))
    assert any((first[label] != second[label]).any() for label in first)


def test_a_resumed_epoch_goes_on_with_the_same_images():
    loader = DataLoader(Augmented(DATASET, *ALL), 4, shuffle=True, seed=3)
    by_label(loader)
    batches = iter(loader)
    next(batches)
    resumed = DataLoader(Augmented(DATASET, *ALL), 4, shuffle=True, seed=9)
    resumed.load_state_dict(loader.state_dict())
    assert_same(by_label(resumed), by_label(batches))


def test_epochs_at_the_same_time_do_not_disturb_each_other():
    loader = DataLoader(Augmented(DATASET, *ALL), 23, seed=1)
    expected = [by_label(loader) for _ in range(2)]
    again = DataLoader(Augmented(DATASET, *ALL), 23, seed=1)
    first, second = iter(again), iter(again)
    assert_same(by_label(second), expected[1])
    assert_same(by_label(first), expected[0])


def test_the_words_are_those_of_the_augmentation_stream():
    seen = []
    view = Augmented(DATASET, lambda x, w: seen.append(w.tolist()) or x, lambda x, w: seen.append(w.tolist()) or x)
    view.at_epoch(2**32 + 6, 2**33 + 5)[[4, 2]]
    assert seen == [[list(philox_block(i, 6, random.AUGMENTATION, 5, 2, k)) for i in (4, 2)] for k in (0, 1)]


def test_a_view_below_draws_other_words():
    inner = Augmented(DATASET, RandomHorizontalFlip())
    outer = Augmented(Preprocessed(inner, MeanImage().fit(DATASET)), RandomCrop(6), RandomHorizontalFlip())
    assert (inner.draws, Subset(outer, [0]).draws) == (1, 3)
    seen = []
    Augmented(Subset(inner, [8]), lambda x, w: seen.append(w.tolist()) or x)[0]
    assert seen == [[list(philox_block(0, 0, random.AUGMENTATION, random.initial_seed(), 0, 1))]]


def test_the_epoch_reaches_what_lies_below():
    loader = DataLoader(Subset(Augmented(DATASET, *ALL), [4, 9]), None, seed=2)
    by_label(loader)
    expected = Augmented(DATASET, *ALL).at_epoch(1, 2)[[4, 9]][0]
    np.testing.assert_array_equal(np.asarray(next(iter(loader))[0]), expected)


def test_a_view_is_indexed_as_the_data_set_is():
    view = Augmented(DATASET, *ALL)
    images, labels = view[3:9:2]
    assert images.shape == (3, 3, 5, 6)
    assert images.dtype == np.float32
    assert labels.tolist() == [3, 5, 7]
    np.testing.assert_array_equal(view[-16][0], images[2])
    np.testing.assert_array_equal(view[np.arange(23) == 7][0], images[2:])
    assert view[:0][0].shape == (0, 3, 5, 6)
    assert (len(view), view.classes, view.targets.tolist()) == (23, ("a", "b"), list(range(23)))


def test_a_state_of_the_colours_can_be_kept(tmp_path):
    loaded = PCAColorJitter()
    loaded.load_state_dict(load_weights(save_weights(tmp_path / "colours.safetensors", JITTER.state_dict()))[0])
    np.testing.assert_array_equal(loaded(IMAGES[:1], words(7)), JITTER(IMAGES[:1], words(7)))
    with pytest.raises(DataError, match="PCAColorJitter: the arrays of the state do not fit together: components"):
        loaded.load_state_dict({"components": np.eye(2), "explained_variance": np.ones(3)})


def test_bad_arguments_are_refused():
    for size in (0, 2.5, (1, 2, 3), "32", (4, -1)):
        with pytest.raises(DataError, match="RandomCrop: size must be an integer of at least 1, got"):
            RandomCrop(size)
    with pytest.raises(DataError, match="RandomCrop: padding must be an integer of at least 0, got -1"):
        RandomCrop(2, padding=-1)
    for p in (-0.1, 1.1, "half", True, np.nan):
        with pytest.raises(DataError, match=r"RandomHorizontalFlip: p must be a number in \[0, 1\], got"):
            RandomHorizontalFlip(p)
    for std in (-1, np.inf, "0"):
        with pytest.raises(DataError, match="PCAColorJitter: std must be a number of at least 0, got"):
            PCAColorJitter(std)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="RandomCrop: 9x9 cannot be cut out of 6x7 with a padding of 1"):
        Augmented(DATASET, RandomCrop(9, padding=1))[0]
    with pytest.raises(ShapeError, match=r"Augmented: needs images \(C, H, W\), got the shape \(3,\)"):
        Augmented(ArrayDataset(np.zeros((2, 3))), RandomCrop(1))[[0]]
    with pytest.raises(DataError, match=r"PCAColorJitter: it is not fitted; call fit\(training_set\) first"):
        Augmented(DATASET, PCAColorJitter())[0]
    with pytest.raises(ShapeError, match="PCAColorJitter: fitted on 3 channels, got 1"):
        JITTER(IMAGES[:1, :1], words())
    with pytest.raises(DataError, match=r"PCAColorJitter: needs images of 1 to 4 channels, .*, got examples"):
        PCAColorJitter().fit(np.zeros((2, 5, 1, 1)))
