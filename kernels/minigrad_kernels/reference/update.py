"""In-place updates."""

import numpy as np


def fill(out: np.ndarray, value: float) -> None:
    """`out = value`."""
    for place in np.ndindex(out.shape):
        out[place] = value


def copy(out: np.ndarray, x: np.ndarray) -> None:
    """`out = x`."""
    for place in np.ndindex(out.shape):
        out[place] = x[place]


@np.errstate(all="ignore")
def accumulate(out: np.ndarray, x: np.ndarray) -> None:
    """`out = out + x`."""
    for place in np.ndindex(out.shape):
        out[place] = out[place] + x[place]


@np.errstate(all="ignore")
def sgd(
    param: np.ndarray,
    buffer: np.ndarray,
    grad: np.ndarray,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    first: bool,
) -> None:
    """Run a step of stochastic gradient descent: param -= lr step.

    With g = grad + weight_decay param: the step is g without momentum, where buffer has no elements. Else
    buffer = momentum buffer + (1 - dampening) g, or g the first time, and the step is buffer or, with Nesterov's
    momentum, g + momentum buffer.

    Source: PyTorch, torch.optim.SGD.
    """
    for place in np.ndindex(param.shape):
        value = np.float64(param[place])
        step = gradient = np.float64(grad[place]) + weight_decay * value
        if buffer.size:
            velocity = gradient if first else momentum * np.float64(buffer[place]) + (1 - dampening) * gradient
            step = gradient + momentum * velocity if nesterov else velocity
            buffer[place] = velocity
        param[place] = value - lr * step
