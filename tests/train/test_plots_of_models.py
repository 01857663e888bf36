"""Pictures of a network and of what it says: what is drawn, by the objects of matplotlib."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn
from minigrad.data import ArrayDataset, Subset
from minigrad.data.preprocess import Centred
from minigrad.errors import DataError, MinigradError
from minigrad.train import Epoch, History, Step, plots

CLASSES = ("cat", "dog", "a_very_long_name_of_a_bird")
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.9, 0.1, 0.0], [0.3, 0.3, 0.4], [0.9995, 0.0, 0.0005]])
LABELS = np.array([0, 0, 1, 2, 2])
FOUND = plots.Predictions(PROBABILITIES, LABELS)


class Said(nn.Module):
    """Gives the logarithms of PROBABILITIES: the first pixel of an image is its number."""

    def forward(self, images):
        numbers = np.round(images[:, 0, 0, 0].numpy() % 0.5 * 100).astype(int)  # whether or not 0.5 was taken off
        return mg.from_numpy(np.log(PROBABILITIES + 1e-20)[numbers].astype(np.float32))


def images(channels=1):
    pixels = np.full((5, channels, 4, 6), 0.25, np.float32)
    pixels[:, 0, 0, 0] = np.arange(5) / 100
    return ArrayDataset(pixels, LABELS, classes=CLASSES)


@pytest.fixture
def axes():
    return Figure().subplots()


def title(axes):
    return axes.get_title(loc="left")


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_predictions_are_the_softmax_in_order_and_the_mode_is_kept():
    model, data = Said().train(), Centred(images(), (0.5,))
    found = plots.predict(model, data, batch_size=2)
    assert np.allclose(found.probabilities, PROBABILITIES, atol=1e-6)
    assert found.labels.tolist() == LABELS.tolist()
    assert found.classes.tolist() == [0, 1, 0, 2, 0]
    assert model.training
    with pytest.raises(DataError, match="predict: needs a data set with examples"):
        plots.predict(model, Subset(data, []))
    with pytest.raises(
        DataError, match=r"predict: needs scores \(N, classes\) of the model, got float32\[5, 1, 4, 6\]"
    ):
        plots.predict(nn.ReLU(), images())


def test_a_confusion_matrix_counts_rows_of_true_and_columns_of_predicted_classes(axes):
    assert plots.confusion_matrix(Said(), Centred(images(), (0.5,)), axes) is None
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    right, wrong = (np.asarray(image.get_array().filled(np.nan)) for image in axes.images)
    assert right[np.eye(3, dtype=bool)].tolist() == [0.5, 0, 0.5]
    assert np.nan_to_num(wrong).tolist() == [[0, 0.5, 0], [1, 0, 0], [0.5, 0, 0]]
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert [counts[place] for place in ((0, 0), (1, 0), (0, 1), (0, 2), (2, 2))] == ["1"] * 5
    assert [text for text in texts(axes) if text.endswith(" %")] == ["50 %", "0 %", "50 %"]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["cat", "dog", "a_very_lo…_of_a_bird"]
    said = "2 of 5 right, 40.0 % commonest mistakes: cat taken for dog (1), dog taken for cat (1), a_very_lo…"
    assert texts(axes)[-1].replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ").startswith(said)


def test_many_classes_have_colours_alone_and_some_names(axes):
    labels = np.arange(100)
    predictions = plots.Predictions(np.eye(100), labels)
    plots.confusion_matrix(Said(), ArrayDataset(labels, labels), axes, predictions=predictions)
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(n) for n in range(0, 100, 2)]
    assert texts(axes) == ["100 of 100 right, 100.0 %"]


def test_the_worst_mistakes_come_first_with_their_probabilities(axes):
    assert plots.worst_mistakes(Said(), Centred(images(), (0.5,)), axes) is None
    assert title(axes) == "Worst mistakes"
    assert texts(axes)[:9] == [
        "true: a_very_…_a_bird", "predicted: cat", ">99.9 % (true: <0.1 %)",
        "true: dog", "predicted: cat", "90.0 % (true: 10.0 %)",
        "true: cat", "predicted: dog", "60.0 % (true: 10.0 %)",
    ]  # fmt: skip
    assert texts(axes)[9] == "the 3 most confident of 3 wrong among 5"
    # As they were before the mean was taken off, and as wide as they are.
    shown = [np.asarray(image.get_array()) for image in axes.images]
    for picture, number in zip(shown, (4, 2, 1), strict=True):
        assert np.array_equal(picture, images()[number][0][0])
    assert axes.images[0].get_clim() == (0, 1)
    left, right, bottom, top = axes.images[0].get_extent()
    assert (right - left) == pytest.approx(1.5 * (bottom - top))
    assert to_hex(axes.texts[0].get_color()) != to_hex(axes.texts[1].get_color())


def test_colour_images_are_seen_through_views_and_stretched_only_if_they_must_be(axes):
    plain = images(3)
    data = Subset(Centred(plain, (0.5, 0.5, 0.5)), [3, 2, 1])
    found = plots.Predictions(PROBABILITIES[[3, 2, 1]], LABELS[[3, 2, 1]])
    plots.worst_mistakes(Said(), data, axes, count=1, predictions=found)
    (image,) = axes.images
    assert np.array_equal(np.asarray(image.get_array()), plain[2][0].transpose(1, 2, 0))
    far = Figure().subplots()
    shifted = ArrayDataset(plain.arrays[0] * 4 - 2, LABELS, classes=CLASSES)
    plots.worst_mistakes(Said(), shifted, far, count=1, predictions=FOUND)
    values = np.asarray(far.images[0].get_array())
    assert (values.min(), values.max()) == (0, 1)


def test_what_cannot_be_drawn_of_predictions_is_said(tmp_path):
    data, path = images(), tmp_path / "picture.png"
    with pytest.raises(DataError, match="the model has scores for 3 classes, 2 are named"):
        plots.confusion_matrix(Said(), data, path, ["a", "b"], FOUND)
    right = plots.Predictions(PROBABILITIES, FOUND.classes)
    with pytest.raises(MinigradError, match="worst_mistakes: there is none: all 5 images are classified right"):
        plots.worst_mistakes(Said(), data, path, predictions=right)
    with pytest.raises(DataError, match=r"needs images \(channels, height, width\), got inputs \(2,\)"):
        plots.worst_mistakes(Said(), ArrayDataset(np.zeros((5, 2)), LABELS), path, predictions=FOUND)
    assert not path.exists()


def test_filters_over_colours_are_a_grid_in_colour(axes):
    model = nn.Sequential(nn.Conv2d(3, 10, 3), nn.Conv2d(10, 4, 3))
    weights = model[0].weight.detach().numpy()
    assert plots.first_layer_weights(model, axes) is None
    picture = np.asarray(axes.images[0].get_array())
    assert picture.shape == (2 * 24 + 2, 5 * 24 + 4 * 2, 3)
    first = 0.5 + weights[0] / np.abs(weights[0]).max() / 2
    assert np.allclose(picture[4:24:8, 4:24:8], first.transpose(1, 2, 0))
    assert np.allclose(
        picture[26:, 26:50][4:24:8, 4:24:8], 0.5 + (weights[6] / np.abs(weights[6]).max() / 2).transpose(1, 2, 0)
    )
    assert title(axes) == "First layer: 0.weight"
    assert texts(axes) == ["10 filters of 3x3x3, each scaled by its largest weight; grey is 0"]


def test_filters_of_a_linear_layer_are_images_and_those_of_largest_norm_are_chosen(axes):
    model = nn.Linear(12, 6)
    weights = np.array([3, 6, 1, 2, 5, 4])[:, None] * np.ones(12)
    weights[[1, 4], 0] *= -1
    model.load_state_dict({"weight": weights, "bias": np.zeros(6)})
    plots.first_layer_weights(model, axes, in_shape=(1, 3, 4), most=2)
    assert axes.images[0].get_clim() == (-1, 1)
    assert (np.asarray(axes.images[0].get_array()) == -1).sum() == 2 * 8 * 8  # a pixel of either
    assert texts(axes)[0].startswith("the 2 of largest norm, of 6 filters of 1x3x4")


def test_channels_that_are_no_colours_stand_side_by_side(axes):
    plots.first_layer_weights(nn.Conv2d(2, 1, 4), axes)
    picture = np.asarray(axes.images[0].get_array().filled(np.nan))
    assert picture.shape == (24, 2 * 24 + 2)
    assert np.isnan(picture[:, 24:26]).all()
    assert np.isfinite(np.delete(picture, [24, 25], 1)).all()


def test_a_network_without_filters_is_refused():
    with pytest.raises(DataError, match="the model has no parameter of two dimensions or more"):
        plots.first_layer_weights(nn.ReLU(), "weights.png")
    with pytest.raises(DataError, match=r"weight of shape \(2, 7\) holds no images; pass in_shape="):
        plots.first_layer_weights(nn.Linear(7, 2), "weights.png")
    with pytest.raises(DataError, match=r"in_shape is \(1, 2, 4\)"):
        plots.first_layer_weights(nn.Linear(9, 2), "weights.png", in_shape=(1, 2, 4))


def test_all_pictures_of_a_run_or_why_not(tmp_path):
    history = History([Step(1.0, 1.0, 0.0, 0.5, 0.1)], [Epoch(1.0, 0.5, 1.0, 0.5, 0.1, 0.0, 1)])
    drawn = {name: (path, reason) for name, path, reason in plots.draw_all(tmp_path, history)}
    assert drawn["loss"] == (tmp_path / "loss.png", "")
    assert drawn["worst mistakes"] == (None, "there is no model")
    assert "no looks with activations" in drawn["activations"][1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accuracy.png", "learning-rate.png", "loss.png"]
    others = plots.draw_all(tmp_path / "more", None, Said(), images(), why={"history": "it was lost"})
    assert {item.reason for item in others if item.name in ("loss", "update ratios")} == {"it was lost"}
    assert "no parameter of two" in next(item.reason for item in others if item.name == "first layer weights")
    assert sorted(path.name for path in (tmp_path / "more").iterdir()) == ["confusion-matrix.png", "worst-mistakes.png"]
