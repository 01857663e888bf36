"""Steps of the optimisers: one kernel each, over several parameters: a network has many, and most of them are small.

Each entry point takes tuples of arrays too, an array for each parameter, none of which has memory of another; eight
parameters go in a launch. Their elements are counted through, a thread an element: beyond the end of one parameter
begins the next. Elements do not depend on each other.

In all of them g = grad + weight_decay param, the gradient with that of the L2 penalty. A piece of state that a setting
does without has no elements, which is the same for all threads. Averages are given 1 - their factor too, subtracted in
float64: for 0.999, the difference in float32 would be off by 5e-5.
"""

from minigrad_kernels.cuda.array import DeviceArray, Memory
from minigrad_kernels.cuda.compiler import WIDTHS, Kernel, kernel
from minigrad_kernels.cuda.language import first_index, float32, grid_threads, math, uint32
from minigrad_kernels.cuda.launch import launch

Arrays = DeviceArray | tuple[DeviceArray, ...]


def sgd(
    param: Arrays,
    buffer: Arrays,
    grad: Arrays,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    first: bool,
) -> None:
    """Run a step of stochastic gradient descent: param -= lr step.

    The step is g without momentum, where buffer has no elements. Else buffer = momentum buffer + (1 - dampening) g, or
    g the first time, and the step is buffer or, with Nesterov's momentum, g + momentum buffer.

    Source: PyTorch, torch.optim.SGD.
    """
    _run(_sgd, (param, buffer, grad), lr, momentum, 1 - dampening, weight_decay, nesterov, first)


def rmsprop(
    param: Arrays,
    square_avg: Arrays,
    grad_avg: Arrays,
    buffer: Arrays,
    grad: Arrays,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> None:
    """Run a step of RMSprop: param -= lr step.

    square_avg = alpha square_avg + (1 - alpha) g^2, and the step is g / (sqrt(v) + eps) with v = square_avg. Where
    grad_avg has elements, grad_avg = alpha grad_avg + (1 - alpha) g, and v = max(square_avg - grad_avg^2, 0). Where
    buffer has elements, buffer = momentum buffer + step, and that is the step.

    Source: PyTorch, torch.optim.RMSprop.
    """
    arrays = param, square_avg, grad_avg, buffer, grad
    _run(_rmsprop, arrays, lr, alpha, 1 - alpha, eps, weight_decay, momentum)


def adagrad(param: Arrays, square_sum: Arrays, grad: Arrays, lr: float, eps: float, weight_decay: float) -> None:
    """Run a step of Adagrad: square_sum += g^2; param -= lr g / (sqrt(square_sum) + eps).

    Source: PyTorch, torch.optim.Adagrad.
    """
    _run(_adagrad, (param, square_sum, grad), lr, eps, weight_decay)


def adadelta(
    param: Arrays,
    square_avg: Arrays,
    acc_delta: Arrays,
    grad: Arrays,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
) -> None:
    """Run a step of Adadelta: param -= lr step.

    square_avg = rho square_avg + (1 - rho) g^2; step = sqrt(acc_delta + eps) / sqrt(square_avg + eps) g;
    acc_delta = rho acc_delta + (1 - rho) step^2.

    Source: PyTorch, torch.optim.Adadelta.
    """
    _run(_adadelta, (param, square_avg, acc_delta, grad), lr, rho, 1 - rho, eps, weight_decay)


def adam(
    param: Arrays,
    exp_avg: Arrays,
    exp_avg_sq: Arrays,
    max_exp_avg_sq: Arrays,
    grad: Arrays,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    shrinkage: float,
    correction1: float,
    correction2: float,
) -> None:
    """Run a step of Adam: param = (1 - shrinkage) param - lr (m / correction1) / (sqrt(v / correction2) + eps).

    m = exp_avg = beta1 exp_avg + (1 - beta1) g; v = exp_avg_sq = beta2 exp_avg_sq + (1 - beta2) g^2. Where
    max_exp_avg_sq has elements, it becomes the larger of itself and exp_avg_sq, and that is v. In step t, correction1
    is 1 - beta1^t and correction2 is 1 - beta2^t. shrinkage is the decoupled weight decay, lr times its rate.

    Source: PyTorch, torch.optim.Adam and AdamW.
    """
    arrays = param, exp_avg, exp_avg_sq, max_exp_avg_sq, grad
    factors = beta1, 1 - beta1, beta2, 1 - beta2
    _run(_adam, arrays, lr / correction1, *factors, eps, weight_decay, 1 - shrinkage, correction2)


def _run(step: Kernel, columns: tuple[Arrays, ...], *scalars: float) -> None:
    rows = [*zip(*(x if isinstance(x, tuple) else (x,) for x in columns), strict=True)]
    nothing = DeviceArray(Memory(0, 0), (0,), rows[0][0].dtype)
    for start in range(0, len(rows), WIDTHS[-1]):
        part = rows[start : start + WIDTHS[-1]]
        width = next(width for width in WIDTHS if width >= len(part))
        part += [(nothing,) * len(columns)] * (width - len(part))
        arrays = [tuple(x.reshape(-1) for x in column) for column in zip(*part, strict=True)]
        launch(step, sum(x.size for x in arrays[0]), *arrays, *scalars)


@kernel("outs T1", "outs T1", "ins T1", *["T"] * 4, "uint", "uint")
def _sgd(params, buffers, grads, lr, momentum, keep, weight_decay, nesterov, first):
    i = uint32(first_index())
    for param, buffer, grad in zip(params, buffers, grads):
        size, has_momentum = uint32(param.size), buffer.size > 0
        while i < size:
            step = gradient = grad[i] + weight_decay * param[i]
            if has_momentum:
                velocity = gradient if first else momentum * buffer[i] + keep * gradient
                buffer[i] = velocity
                step = gradient + momentum * velocity if nesterov else velocity
            param[i] -= lr * step
            i = uint32(i + grid_threads())
        i = uint32(i - size)


@kernel(*["outs T1"] * 4, "ins T1", *["T"] * 6)
def _rmsprop(params, square_avgs, grad_avgs, buffers, grads, lr, alpha, keep, eps, weight_decay, momentum):
    i = uint32(first_index())
    for param, square_avg, grad_avg, buffer, grad in zip(params, square_avgs, grad_avgs, buffers, grads):
        size, is_centred, has_momentum = uint32(param.size), grad_avg.size > 0, buffer.size > 0
        while i < size:
            gradient = grad[i] + weight_decay * param[i]
            variance = square = alpha * square_avg[i] + keep * gradient * gradient
            square_avg[i] = square
            if is_centred:
                mean = alpha * grad_avg[i] + keep * gradient
                grad_avg[i] = mean
                difference = square - mean * mean
                variance = float32(0) if difference < float32(0) else difference
            step = gradient / (math.sqrt(variance) + eps)
            if has_momentum:
                step += momentum * buffer[i]
                buffer[i] = step
            param[i] -= lr * step
            i = uint32(i + grid_threads())
        i = uint32(i - size)


@kernel("outs T1", "outs T1", "ins T1", *["T"] * 3)
def _adagrad(params, square_sums, grads, lr, eps, weight_decay):
    i = uint32(first_index())
    for param, square_sum, grad in zip(params, square_sums, grads):
        size = uint32(param.size)
        while i < size:
            gradient = grad[i] + weight_decay * param[i]
            total = square_sum[i] + gradient * gradient
            square_sum[i] = total
            param[i] -= lr * gradient / (math.sqrt(total) + eps)
            i = uint32(i + grid_threads())
        i = uint32(i - size)


@kernel(*["outs T1"] * 3, "ins T1", *["T"] * 5)
def _adadelta(params, square_avgs, acc_deltas, grads, lr, rho, keep, eps, weight_decay):
    i = uint32(first_index())
    for param, square_avg, acc_delta, grad in zip(params, square_avgs, acc_deltas, grads):
        size = uint32(param.size)
        while i < size:
            gradient = grad[i] + weight_decay * param[i]
            square = rho * square_avg[i] + keep * gradient * gradient
            step = math.sqrt(acc_delta[i] + eps) / math.sqrt(square + eps) * gradient
            square_avg[i] = square
            acc_delta[i] = rho * acc_delta[i] + keep * step * step
            param[i] -= lr * step
            i = uint32(i + grid_threads())
        i = uint32(i - size)


@kernel(*["outs T1"] * 4, "ins T1", *["T"] * 9)
def _adam(
    params, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, grads,
    step_size, beta1, keep1, beta2, keep2, eps, weight_decay, shrunk, correction2,
):  # fmt: skip
    i = uint32(first_index())
    for param, exp_avg, exp_avg_sq, max_exp_avg_sq, grad in zip(params, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, grads):
        size, is_amsgrad = uint32(param.size), max_exp_avg_sq.size > 0
        while i < size:
            gradient = grad[i] + weight_decay * param[i]
            mean = beta1 * exp_avg[i] + keep1 * gradient
            variance = square = beta2 * exp_avg_sq[i] + keep2 * gradient * gradient
            exp_avg[i], exp_avg_sq[i] = mean, square
            if is_amsgrad:
                largest = max_exp_avg_sq[i]
                variance = largest if largest >= square or largest != largest else square  # NaN stays, in either
                max_exp_avg_sq[i] = variance
            param[i] = shrunk * param[i] - step_size * mean / (math.sqrt(variance / correction2) + eps)
            i = uint32(i + grid_threads())
        i = uint32(i - size)
