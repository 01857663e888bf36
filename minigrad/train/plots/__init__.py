"""Pictures of a training run; matplotlib is an extra, imported when the first is drawn.

Each function draws into a file whose name it is given, or into axes.
"""

from minigrad.train.plots.confusion import confusion_matrix
from minigrad.train.plots.curves import accuracy, learning_rate, loss, plot_history
from minigrad.train.plots.everything import Drawn, draw_all
from minigrad.train.plots.layers import activation_means, activation_stds, activations, update_ratios
from minigrad.train.plots.mistakes import worst_mistakes
from minigrad.train.plots.predictions import Predictions, predict
from minigrad.train.plots.weights import first_layer_weights

__all__ = [
    "Drawn",
    "Predictions",
    "accuracy",
    "activation_means",
    "activation_stds",
    "activations",
    "confusion_matrix",
    "draw_all",
    "first_layer_weights",
    "learning_rate",
    "loss",
    "plot_history",
    "predict",
    "update_ratios",
    "worst_mistakes",
]
