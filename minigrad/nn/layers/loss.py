"""Losses as modules."""

from dataclasses import dataclass
from typing import Annotated

from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Flag, Fraction, Int, Loss, NotNegative, Number, Reduction, Weight, one_of


@dataclass(eq=False, repr=False)
class CrossEntropyLoss(Loss):
    """Softmax loss of scores (N, C) and classes (N,); see `minigrad.nn.functional.cross_entropy`."""

    function = F.cross_entropy
    weight: Weight = None
    ignore_index: Int = -100
    reduction: Reduction = "mean"
    label_smoothing: Fraction = 0.0


@dataclass(eq=False, repr=False)
class NLLLoss(Loss):
    """Minus the log-probability of the right class: log-probabilities (N, C), classes (N,); see `F.nll_loss`."""

    function = F.nll_loss
    weight: Weight = None
    ignore_index: Int = -100
    reduction: Reduction = "mean"


@dataclass(eq=False, repr=False)
class BCEWithLogitsLoss(Loss):
    """Sigmoid loss of scores and probabilities; see `minigrad.nn.functional.binary_cross_entropy_with_logits`."""

    function = F.binary_cross_entropy_with_logits
    weight: Weight = None
    reduction: Reduction = "mean"
    pos_weight: Weight = None


@dataclass(eq=False, repr=False)
class MultiMarginLoss(Loss):
    """Hinge loss of scores (N, C) and classes (N,), divided by C; see `minigrad.nn.functional.multi_margin_loss`."""

    function = F.multi_margin_loss
    p: Annotated[int, one_of(1, 2)] = 1
    margin: Number = 1.0
    weight: Weight = None
    reduction: Reduction = "mean"


@dataclass(eq=False, repr=False)
class SVMLoss(Loss):
    """The course's hinge loss, not divided by C, or of its squares; see `minigrad.nn.functional.svm_loss`."""

    function = F.svm_loss
    squared: Flag = False
    reduction: Reduction = "mean"


@dataclass(eq=False, repr=False)
class MSELoss(Loss):
    """Squared difference of two tensors of one shape; see `minigrad.nn.functional.mse_loss`."""

    function = F.mse_loss
    reduction: Reduction = "mean"


@dataclass(eq=False, repr=False)
class L1Loss(Loss):
    """Absolute difference of two tensors of one shape; see `minigrad.nn.functional.l1_loss`."""

    function = F.l1_loss
    reduction: Reduction = "mean"


@dataclass(eq=False, repr=False)
class SmoothL1Loss(Loss):
    """Absolute difference with a round bottom of half-width beta; see `minigrad.nn.functional.smooth_l1_loss`."""

    function = F.smooth_l1_loss
    reduction: Reduction = "mean"
    beta: NotNegative = 1.0
