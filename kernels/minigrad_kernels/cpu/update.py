"""Changes in place, each one flat pass: fills, copies, sums, and the optimisers' rules, on blocks that threads share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]

# Elements of a task, and what one costs in nanoseconds.
BLOCK = 8192
ELEMENT_NANOSECONDS = 0.3


def fill(out: Array, value: float) -> None:
    """Write the value everywhere."""
    out.fill(value)


def copy(out: Array, x: Array) -> None:
    """Write x, of any strides."""
    np.copyto(out, x)


def accumulate(out: Array, x: Array) -> None:
    """Add x to out."""
    quiet(np.add, out, x, out)


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
    """Change param, and the velocity in buffer, by PyTorch's rule; a buffer of length zero means no momentum.

    With g = grad + weight_decay * param: v = g the first time, else momentum * v + (1 - dampening) * g; then param loses
    lr * v, with nesterov lr * (g + momentum * v), without momentum lr * g.
    """
    tasks = -(-param.size // BLOCK)
    work = param.size * ELEMENT_NANOSECONDS
    flat, g = param.reshape(-1), grad.reshape(-1)
    if not buffer.size:
        threads.run(_descend, tasks, work, flat, g, lr, weight_decay)
        return
    # The first velocity is the gradient, whatever the buffer holds, NaN included.
    if first:
        buffer.fill(0)
        momentum_now, gain = 0.0, 1.0
    else:
        momentum_now, gain = momentum, 1 - dampening
    look_ahead = (1.0, momentum) if nesterov else (0.0, 1.0)
    threads.run(
        _descend_with_momentum, tasks, work, flat, buffer.reshape(-1), g, lr, momentum_now, gain, weight_decay, *look_ahead
    )


@kernel("out T1", "in T1", "float", "float")
def _descend(begin, end, worker, param, grad, lr, weight_decay):
    param, grad = param[begin * BLOCK : end * BLOCK], grad[begin * BLOCK : end * BLOCK]
    real = param.dtype.type
    lr, weight_decay = real(lr), real(weight_decay)
    for i in range(param.size):
        param[i] -= lr * (grad[i] + weight_decay * param[i])


@kernel("out T1", "out T1", "in T1", *["float"] * 6)
def _descend_with_momentum(
    begin, end, worker, param, buffer, grad, lr, momentum, gain, weight_decay, gradient_part, velocity_part
):
    param, buffer = param[begin * BLOCK : end * BLOCK], buffer[begin * BLOCK : end * BLOCK]
    grad = grad[begin * BLOCK : end * BLOCK]
    real = param.dtype.type
    lr, momentum, gain, weight_decay = real(lr), real(momentum), real(gain), real(weight_decay)
    gradient_part, velocity_part = real(gradient_part), real(velocity_part)
    for i in range(param.size):
        g = grad[i] + weight_decay * param[i]
        velocity = momentum * buffer[i] + gain * g
        buffer[i] = velocity
        param[i] -= lr * (gradient_part * g + velocity_part * velocity)
