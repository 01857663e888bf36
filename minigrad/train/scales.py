"""A look at the start: how large activations and gradients are in every layer, for one batch."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import minigrad.nn.functional as F
from minigrad.autograd import grad
from minigrad.data.given import require_given
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.ops.arguments import require_tensor
from minigrad.ops.transfer import to_device
from minigrad.random import get_rng_state, set_rng_state
from minigrad.recording import enable_grad
from minigrad.tables import table
from minigrad.tensor import Tensor, from_numpy
from minigrad.train import scales_words
from minigrad.train.heads import Loss, over_heads
from minigrad.train.outputs import Outputs

_BINS = 40


class Moments(NamedTuple):
    """Mean and standard deviation over all elements; not finite where an element is not."""

    mean: float
    std: float


@dataclass(frozen=True)
class LayerScale:
    """What came out of a layer, for one batch.

    Attributes
    ----------
    name, layer
        Its name in the model and its class; "forward" and the function for one that a module's `forward` calls.
    activation, gradient
        Moments of the output, and of the loss's gradient with respect to it: None without labels, and where there is
        none.
    variation
        Deviation from example to example: the root of its variance's mean over units. Biases do not add to it.
    gradient_norm
        Length of that gradient; a good start keeps it from layer to layer, however many elements a layer has.
    units, dead
        Channels or features, and how many of them are zero for every example, at every place.
    saturated
        The part of the outputs of a tanh or a sigmoid that lies within 0.01 of an end of its range; 0 for other layers.
    counts, edges
        A histogram of the finite outputs.
    """

    name: str
    layer: str
    activation: Moments
    gradient: Moments | None
    variation: float
    gradient_norm: float | None
    units: int
    dead: int
    saturated: float
    counts: tuple[int, ...]
    edges: tuple[float, ...]

    @property
    def is_relu(self) -> bool:
        """Whether its outputs are those of a ReLU."""
        return self.layer in ("ReLU", "F.relu")


class ParameterScale(NamedTuple):
    """A parameter and its gradient, None without labels or where the loss does not depend on it."""

    name: str
    shape: tuple[int, ...]
    value: Moments
    gradient: Moments | None


@dataclass(frozen=True)
class Scales:
    """What `look` returns; printed, it is two tables and what is wrong, in words.

    Attributes
    ----------
    input, input_variation
        Moments of the batch, and how much it varies from example to example.
    layers
        In the order in which they ran; one that ran twice occurs twice.
    parameters
        In the order of the model.
    with_labels
        Whether gradients were computed.
    """

    input: Moments
    input_variation: float
    layers: tuple[LayerScale, ...]
    parameters: tuple[ParameterScale, ...]
    with_labels: bool

    @property
    def verdicts(self) -> tuple[scales_words.Verdict, ...]:
        """What is wrong with these scales; nothing, for a good start."""
        return scales_words.verdicts(self)

    def notes(self) -> dict[str, str]:
        """For the names of layers that something is wrong with: what, in a word or two."""
        return {name: verdict.word for verdict in reversed(self.verdicts) for name in verdict.layers}

    def plot(self, path: str | PathLike[str]) -> Path:
        """Draw deviations and histograms of all layers as a PNG, whose folder is made; matplotlib is an extra."""
        from minigrad.train.scales_picture import draw  # which imports this file

        return draw(self, path)

    def __str__(self) -> str:
        notes = self.notes()
        layers = [("layer", "", "mean", "std", "gradient mean", "gradient std", "dead units", "")]
        layers.append(("input", "", *_cells(self.input), "", "", "", ""))
        for row in self.layers:
            dead = f"{row.dead} of {row.units}" if row.is_relu else ""
            numbers = (*_cells(row.activation), *_cells(row.gradient), dead)
            layers.append((row.name, row.layer, *numbers, notes.get(row.name, "")))
        parameters = [("parameter", "shape", "mean", "std", "gradient mean", "gradient std")]
        for p in self.parameters:
            parameters.append((p.name, "x".join(map(str, p.shape)), *_cells(p.value), *_cells(p.gradient)))
        words = [verdict.text for verdict in self.verdicts] or ["nothing looks wrong with these scales"]
        return "\n\n".join([table(layers, right=range(2, 7)), table(parameters, right=range(2, 6)), "\n".join(words)])


def look(model: Module, images: Any, labels: Any = None, loss: Loss = F.cross_entropy) -> Scales:
    """Run one batch through a model, and say how large the activations and the gradients of every layer are.

    A bad initialisation shows: weights of zero, activations that die out or explode from layer to layer, saturated
    tanhs, dead ReLUs, gradients that vanish on their way down. The batch runs through a copy: the model, its buffers
    and its mode, and the random streams are as before, whatever happens.

    Parameters
    ----------
    model
        Any module; it runs in the mode it is in, so a network that is to be trained should be in training mode.
    images, labels
        A batch, as tensors or arrays: inputs (N, ...), and what `loss` takes. Without labels there are no gradients.
    loss
        ``loss(scores, labels)``, a scalar.

    Returns
    -------
    Scales
        Layers without children are listed, and ReLU, tanh and sigmoid where a module's `forward` calls the functions.
        What shares its input's memory, such as a flattened image, is left out. It prints as a table, and
        ``look(...).plot("start.png")`` draws it.

    Raises
    ------
    DataError
        For an empty batch.
    """
    require_given("look", model=model, loss=loss)
    device = device_of(model)
    inputs = as_batch(images, device)
    if 0 in inputs.shape:
        raise DataError(f"look: needs a batch with examples, got {inputs.spec}")
    model = copy.deepcopy(model)
    found: list[tuple[str, str, Tensor]] = []
    with kept_random_state(), enable_grad(), Outputs(model, lambda *output: found.append(output)):
        scores = model(inputs)
    wanted = [output for _, _, output in found] + list(model.parameters())
    grads: list[Tensor | None] = [None] * len(wanted)
    if labels is not None:
        with kept_random_state(), enable_grad():
            grads = gradients(over_heads(loss, model)(scores, as_batch(labels, device)), wanted)
    layers = tuple(_layer(*output, grad) for output, grad in zip(found, grads, strict=False))
    parameters = zip(model.named_parameters(), grads[len(layers) :], strict=True)
    return Scales(
        _moments(inputs),
        _variation(array_of(inputs)),
        layers,
        tuple(ParameterScale(name, p.shape, _moments(p), _moments_or_none(g)) for (name, p), g in parameters),
        labels is not None,
    )


def gradients(objective: Tensor, tensors: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradients of a scalar, None where it does not depend on a tensor; nothing is left in any `.grad`."""
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    if not objective.requires_grad or not wanted:
        return [None] * len(tensors)
    found = iter(grad(objective, wanted, allow_unused=True))
    return [next(found) if tensor.requires_grad else None for tensor in tensors]


def device_of(model: Module) -> str:
    """The device of the first parameter; that of a model without parameters is the CPU."""
    parameter = next(model.parameters(), None)
    return "cpu" if parameter is None else parameter.device


def as_batch(values: Any, device: str) -> Tensor:
    """Tensors or arrays, on a device."""
    tensor = from_numpy(values) if isinstance(values, np.ndarray) else values
    require_tensor("look", batch=tensor)
    return to_device(tensor, device, "look")


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Put the random streams back where they were."""
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def array_of(tensor: Tensor) -> np.ndarray:
    """Its content on the host."""
    return np.asarray(tensor.detach().cpu().numpy())


def _layer(name: str, layer: str, output: Tensor, gradient: Tensor | None) -> LayerScale:
    values = array_of(output)
    counts, edges = np.histogram(values[np.isfinite(values)].astype(np.float64), _BINS)
    return LayerScale(
        name,
        layer,
        _moments(output),
        _moments_or_none(gradient),
        _variation(values),
        None if gradient is None else float(np.linalg.norm(array_of(gradient).ravel().astype(np.float64))),
        *_units(values),
        _saturated(layer, values),
        tuple(counts.tolist()),
        tuple(edges.tolist()),
    )


def _units(values: np.ndarray) -> tuple[int, int]:
    """How many units there are, along axis 1, and how many of them are zero throughout."""
    others = tuple(axis for axis in range(values.ndim) if axis != 1)
    silent = ~values.any(axis=others if values.ndim > 1 else None)
    return int(silent.size), int(silent.sum())


@np.errstate(all="ignore")
def _variation(values: np.ndarray) -> float:
    return float(np.sqrt(values.var(0, dtype=np.float64).mean()))


def _saturated(layer: str, values: np.ndarray) -> float:
    low = {"Tanh": -1, "F.tanh": -1, "Sigmoid": 0, "F.sigmoid": 0}.get(layer)
    return 0.0 if low is None else float(np.mean((values < low + 0.01) | (values > 0.99)))


def _moments(tensor: Tensor) -> Moments:
    values = array_of(tensor)
    with np.errstate(all="ignore"):
        return Moments(float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64)))


def _moments_or_none(tensor: Tensor | None) -> Moments | None:
    return None if tensor is None else _moments(tensor)


def _cells(moments: Moments | None) -> tuple[str, str]:
    return ("", "") if moments is None else (f"{moments.mean:.2g}", f"{moments.std:.2g}")
