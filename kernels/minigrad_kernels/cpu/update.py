"""In-place updates: one flat pass over the elements, which do not depend on each other.

sgd goes by blocks of fixed size, so that an element is always in the vector part of the loop or always in its rest,
however many threads there are: the two may round differently.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import elementwise, threads
from minigrad_kernels.cpu.compiler import kernel

Array = NDArray[Any]

# Elements: a multiple of any vector, and small change as a share of a thread.
BLOCK = 4096
SGD_NANOSECONDS = 0.3


def fill(out: Array, value: float) -> None:
    """`out = value`."""
    out.fill(value)


def copy(out: Array, x: Array) -> None:
    """`out = x`."""
    np.copyto(out, x)


def accumulate(out: Array, x: Array) -> None:
    """`out = out + x`."""
    elementwise.add(out, out, x)


def sgd(
    param: Array,
    buffer: Array,
    grad: Array,
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
    arrays = param.reshape(-1), buffer.reshape(-1), grad.reshape(-1)
    scalars = (lr, momentum, 1 - dampening, weight_decay, nesterov, first)
    threads.run(_sgd, -(-param.size // BLOCK), param.size * SGD_NANOSECONDS, *arrays, *scalars)


@kernel("out T1", "out T1", "in T1", "T", "T", "T", "T", "int", "int")
def _sgd(begin, end, worker, param, buffer, grad, lr, momentum, keep, weight_decay, nesterov, first):
    param, grad = param[begin * BLOCK : end * BLOCK], grad[begin * BLOCK : end * BLOCK]
    if len(buffer) == 0:
        for i in range(len(param)):
            param[i] -= lr * (grad[i] + weight_decay * param[i])
    else:
        buffer = buffer[begin * BLOCK : end * BLOCK]
        for i in range(len(param)):
            gradient = grad[i] + weight_decay * param[i]
            velocity = gradient if first else momentum * buffer[i] + keep * gradient
            buffer[i] = velocity
            param[i] -= lr * (gradient + momentum * velocity if nesterov else velocity)
