"""What preprocessing refuses, and what it says then."""

import numpy as np
import pytest

from minigrad.data.preprocess import (
    PCA,
    PREPROCESSING,
    ChannelMean,
    ChannelScaler,
    PCAWhitening,
    StandardScaler,
    ZCAWhitening,
)
from minigrad.errors import DataError, ShapeError

MANY = np.random.default_rng(1).normal(3, 2, (40, 2, 3, 2))

each_kind = pytest.mark.parametrize("kind", PREPROCESSING.values(), ids=list(PREPROCESSING))


@each_kind
def test_a_state_that_does_not_fit_changes_nothing(kind):
    transform = kind().fit(MANY)
    before, good = transform.transform(MANY), transform.state_dict()
    bad = [
        ({"mean": good["mean"], "more": 1.0}, f"{kind.__name__}: a state has mean.*, got \\['mean', 'more'\\]"),
        ({**good, "mean": good["mean"] * np.nan}, "the arrays of a state are floats, and finite"),
        ({**good, "mean": good["mean"].astype(int)}, "the arrays of a state are floats, and finite"),
    ]
    if "scale" in good:
        bad.append(({**good, "scale": -good["scale"]}, "the arrays of the state do not fit together: mean"))
    if len(good) > 1:
        bad.append(({**good, "mean": good["mean"][:1]}, "the arrays of the state do not fit together: mean"))
    for state, message in bad:
        with pytest.raises(DataError, match=message):
            transform.load_state_dict(state)
    np.testing.assert_array_equal(transform.transform(MANY), before)


@each_kind
def test_nothing_is_done_before_fit(kind):
    for call in (lambda t: t.transform(MANY), lambda t: t.inverse_transform(MANY), lambda t: t.state_dict()):
        with pytest.raises(DataError, match=rf"{kind.__name__}: it is not fitted; call fit\(training_set\) first"):
            call(kind())


@each_kind
def test_what_cannot_be_learnt_from_is_refused(kind):
    with pytest.raises(DataError, match=f"{kind.__name__}: needs a data set with examples, got an empty one"):
        kind().fit(np.zeros((0, 1, 2, 2)))
    for bad in (np.nan, np.inf):
        with pytest.raises(DataError, match=f"{kind.__name__}: needs finite values, got NaN or infinity"):
            kind().fit(np.where(np.arange(40)[:, None, None, None] == 0, bad, MANY))


@each_kind
def test_other_shapes_are_refused(kind):
    transform = kind().fit(MANY)
    expected = r"\(\.\.\., 2, H, W\)" if "Channel" in kind.__name__ else r"\(\.\.\., 2, 3, 2\)"
    for shape in ((4, 3, 3, 2), (3, 2)):
        with pytest.raises(ShapeError, match=f"{kind.__name__}: needs .*{expected}, got"):
            transform.transform(np.zeros(shape))


def test_channels_are_those_of_images_of_any_size():
    assert ChannelScaler().fit(MANY).transform(np.zeros((5, 2, 8, 8))).shape == (5, 2, 8, 8)
    with pytest.raises(DataError, match=r"ChannelMean: needs images \(N, C, H, W\), got examples of the shape \(3,\)"):
        ChannelMean().fit(np.zeros((2, 3)))


def test_components_need_examples_and_features():
    with pytest.raises(DataError, match="PCA: 12 components need more than 12 examples, got 12; fit on more, or keep"):
        PCA().fit(MANY[:12])
    assert len(PCA(11).fit(MANY[:12]).components_) == 11
    with pytest.raises(DataError, match="PCA: 13 components of 12 features cannot be kept"):
        PCA(13).fit(MANY)
    with pytest.raises(DataError, match=r"PCA: takes at most 16,384 features, got 16,385 of the shape \(16385,\)"):
        PCA().fit(np.zeros((2, 16385)))
    for bad in (0, 1.0, 1.5, True, "all"):
        with pytest.raises(DataError, match="PCA: n_components, unless a fraction below 1, must be an integer of at"):
            PCA(bad)


def test_what_does_not_vary_needs_eps():
    flat = MANY.copy()
    flat[:, 0, 0, 0] = 0.1
    with pytest.raises(DataError, match=r"StandardScaler: 1 of 12 features are the same in every .* pass eps=1e-05"):
        StandardScaler(eps=0).fit(flat)
    assert (StandardScaler().fit(flat).transform(flat)[:, 0, 0, 0] == 0).all()
    for kind in (PCAWhitening, ZCAWhitening):
        with pytest.raises(DataError, match=f"{kind.__name__}: 1 of 12 components have no variance .* pass eps=1e-05"):
            kind(eps=0).fit(flat)
        assert np.isfinite(kind().fit(flat).transform(flat)).all()
    flat[:, 0, 0, 0] = MANY[:, 0, 0, 1] + MANY[:, 1, 0, 0]
    with pytest.raises(DataError, match="PCAWhitening: 1 of 12 components have no variance"):
        PCAWhitening(eps=0).fit(flat)
    assert len(PCAWhitening(11, eps=0).fit(flat).scale_) == 11
    for bad in (-1, np.nan, np.inf, "0", True):
        with pytest.raises(DataError, match="ChannelScaler: eps must be a number of at least 0, got"):
            ChannelScaler(eps=bad)
