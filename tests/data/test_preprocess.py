import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from minigrad.data import ArrayDataset, Subset
from minigrad.data.preprocess import (
    PCA,
    PREPROCESSING,
    Centred,
    ChannelMean,
    ChannelScaler,
    MeanImage,
    PCAWhitening,
    Preprocessed,
    StandardScaler,
    ZCAWhitening,
    channel_mean,
    moments,
)
from minigrad.train import load_weights, save_weights

IMAGES = np.random.default_rng(0).random((9, 2, 3, 4)).astype(np.float32)
DATASET = ArrayDataset(IMAGES, np.arange(9), classes=("a", "b"))
MANY = np.random.default_rng(1).normal(3, 2, (40, 2, 3, 2)) * np.linspace(0.1, 2, 12).reshape(2, 3, 2)
CROSS = np.array([[3.0, 1], [-1, 1], [1, 2], [1, 0]])  # distances (2, 0), (-2, 0), (0, 1), (0, -1) from (1, 1)

each_kind = pytest.mark.parametrize("kind", PREPROCESSING.values(), ids=list(PREPROCESSING))


def invertible():
    return [MeanImage(), ChannelMean(), StandardScaler(), ChannelScaler(), PCA(), PCAWhitening(), ZCAWhitening()]


def examples(shape):
    """Correlated features of unequal scales, a mean far away, and enough examples to whiten them."""
    rng = np.random.default_rng(sum(shape))
    size = int(np.prod(shape))
    values = rng.normal(size=(3 * size + 2, size)) @ rng.normal(size=(size, size)) + 100 * rng.normal(size=size)
    return values.reshape(-1, *shape)


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(moments, "_AT_ONCE", 50)


def test_means_and_scales_by_hand():
    images = np.array([[[[0.0, 4]], [[1, 1]]], [[[2, 6]], [[3, 7]]]])  # (2, 2, 1, 2)
    assert MeanImage().fit(images).mean_.tolist() == [[[1, 5]], [[2, 4]]]
    assert ChannelMean().fit(images).mean_.tolist() == [[[3]], [[3]]]
    scaler = StandardScaler(eps=0).fit(images)
    assert scaler.scale_.tolist() == [[[1, 1]], [[1, 3]]]
    assert scaler.transform(images[1]).tolist() == [[[1, 1]], [[1, 1]]]
    assert ChannelScaler(eps=4).fit(images).scale_.ravel().tolist() == [3, np.sqrt(10)]


def test_principal_components_by_hand():
    pca = PCA().fit(CROSS)
    assert pca.mean_.tolist() == [1, 1]
    assert pca.components_.tolist() == [[1, 0], [0, 1]]
    assert pca.explained_variance_.tolist() == [2, 0.5]
    assert pca.transform(CROSS).tolist() == [[2, 0], [-2, 0], [0, 1], [0, -1]]
    assert PCA(1).fit(CROSS).inverse_transform([[2.0], [-2.0]]).tolist() == [[3, 1], [-1, 1]]
    white = PCAWhitening(eps=0).fit(CROSS).transform(CROSS[0])
    np.testing.assert_allclose(white, [np.sqrt(2), 0], rtol=1e-15)
    np.testing.assert_allclose(PCAWhitening(eps=2).fit(CROSS).scale_, [2, np.sqrt(2.5)])


def test_zca_turns_back_what_pca_has_turned():
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    zca, pca = ZCAWhitening(eps=0).fit(CROSS @ turn), PCAWhitening(eps=0).fit(CROSS @ turn)
    expected = (CROSS - 1) / np.sqrt([2, 0.5]) @ turn
    np.testing.assert_allclose(zca.transform(CROSS @ turn), expected, atol=1e-14)
    np.testing.assert_allclose(pca.transform(CROSS @ turn) @ pca.components_, expected, atol=1e-14)


def test_the_largest_element_of_a_component_is_positive():
    turn = np.array([[-0.6, -0.8], [-0.8, 0.6]])
    np.testing.assert_allclose(PCA().fit(CROSS @ turn).components_, [[0.6, 0.8], [0.8, -0.6]], atol=1e-14)


def test_a_second_fit_replaces_the_first():
    scaler = StandardScaler().fit(CROSS + 1)
    scaler.transform(CROSS)
    np.testing.assert_array_equal(scaler.fit(CROSS).transform(CROSS), StandardScaler().fit(CROSS).transform(CROSS))


@pytest.mark.parametrize(("share", "kept"), [(0.5, 1), (0.8, 1), (0.81, 2), (0.999, 2)])
def test_a_fraction_keeps_as_many_components_as_it_takes(share, kept):
    assert len(PCA(share).fit(CROSS).components_) == kept


@given(array_shapes(min_dims=1, max_dims=3, max_side=3), st.sampled_from([PCAWhitening, ZCAWhitening]))
def test_whitened_examples_have_the_identity_as_covariance(shape, kind):
    values = examples(shape)
    white = kind(eps=0.0).fit(values).transform(values).reshape(len(values), -1)
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-8)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(white.shape[1]), atol=1e-8)


@given(array_shapes(min_dims=3, max_dims=3, max_side=3))
def test_scaled_examples_have_variance_1(shape):
    values = examples(shape)
    by_feature, by_channel = (kind(eps=0.0).fit(values).transform(values) for kind in (StandardScaler, ChannelScaler))
    np.testing.assert_allclose(by_feature.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(by_feature.var(0), 1, rtol=1e-9)
    np.testing.assert_allclose(by_channel.mean((0, 2, 3)), 0, atol=1e-9)
    np.testing.assert_allclose(by_channel.var((0, 2, 3)), 1, rtol=1e-9)


@given(array_shapes(min_dims=3, max_dims=3, max_side=3), st.integers(0, 6), st.integers(0, 3))
def test_the_inverse_gives_back_what_was_transformed(shape, number, leading):
    values = examples(shape)
    transform = invertible()[number].fit(values)
    some = values.reshape(-1, 1, *shape)[:5] if leading == 3 else values[:leading] if leading else values[0]
    np.testing.assert_allclose(transform.inverse_transform(transform.transform(some)), some, rtol=1e-7, atol=1e-7)


@given(st.integers(1, 200), st.integers(0, 6))
def test_a_stream_gives_what_all_at_once_would(at_once, number):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments, "_AT_ONCE", at_once)
        streamed = invertible()[number].fit(MANY)
    whole = invertible()[number].fit(MANY)
    for name, array in whole.state_dict().items():
        np.testing.assert_allclose(streamed.state_dict()[name], array, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("kind", "most"), [(StandardScaler, 50 // 12), (PCA, 12 // 2)])
def test_no_more_is_read_than_fits_at_once_or_half_a_covariance(few_at_once, kind, most):
    class Watched(ArrayDataset):
        def __getitem__(self, index):
            lengths.append(len(index))
            return super().__getitem__(index)

    lengths = []
    kind().fit(Watched(MANY))
    assert max(lengths) == most
    assert sum(lengths) == 1 + len(MANY)


def test_a_mean_far_away_costs_no_digits(few_at_once):
    values = np.random.default_rng(2).normal(size=(50, 3))
    far = StandardScaler().fit(values + 1e8)
    np.testing.assert_allclose(far.scale_, StandardScaler().fit(values).scale_, rtol=1e-7)


@each_kind
def test_floats_keep_their_dtype_and_others_become_float32(kind):
    transform = kind().fit(MANY)
    assert transform.transform(MANY).dtype == np.float64
    small = transform.transform(MANY.astype(np.float32))
    assert small.dtype == np.float32
    np.testing.assert_allclose(small, transform.transform(MANY), rtol=1e-4, atol=1e-3)
    assert transform.transform(MANY.astype(np.int64)).dtype == np.float32
    assert transform.inverse_transform(small).dtype == np.float32


@each_kind
def test_a_state_can_be_kept_in_a_file(kind, tmp_path):
    fitted, loaded = kind().fit(MANY), kind()
    state, _ = load_weights(save_weights(tmp_path / "state.safetensors", fitted.state_dict()))
    loaded.load_state_dict(state)
    np.testing.assert_array_equal(loaded.transform(MANY), fitted.transform(MANY))
    np.testing.assert_array_equal(
        loaded.inverse_transform(fitted.transform(MANY)), fitted.inverse_transform(fitted.transform(MANY))
    )
    fitted.state_dict()["mean"][:] = 7
    np.testing.assert_array_equal(loaded.mean_, fitted.mean_)


def test_a_view_transforms_what_is_read_and_leaves_the_rest_alone():
    mean = MeanImage().fit(DATASET)
    view = Preprocessed(DATASET, mean)
    images, labels = view[np.arange(9)]
    np.testing.assert_array_equal(images, mean.transform(IMAGES))
    np.testing.assert_array_equal(labels, np.arange(9))
    np.testing.assert_array_equal(view[4][0], images[4])
    assert (len(view), view.classes, view.targets.tolist()) == (9, ("a", "b"), list(range(9)))
    assert repr(view) == f"Preprocessed({DATASET!r})"
    part = Preprocessed(Subset(DATASET, [3, 1]), mean)
    assert (len(part), part.targets.tolist()) == (2, [3, 1])


@pytest.mark.usefixtures("few_at_once")
def test_the_mean_of_each_channel_is_that_over_all_pixels():
    mean = channel_mean(DATASET)
    assert mean == pytest.approx(IMAGES.mean((0, 2, 3)).tolist(), rel=1e-6)
    assert all(type(number) is float for number in mean)


def test_centred_images_have_mean_zero_and_the_rest_is_left_alone():
    centred = Centred(DATASET, channel_mean(DATASET))
    images, labels = centred[np.arange(9)]
    assert len(centred) == 9
    assert images.dtype == np.float32
    np.testing.assert_allclose(images.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_array_equal(labels, np.arange(9))
    np.testing.assert_array_equal(centred[4][0], images[4])
