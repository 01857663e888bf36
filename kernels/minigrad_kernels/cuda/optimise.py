"""Steps of the optimisers: one kernel each, a thread an element, and elements do not depend on each other.

In all of them g = grad + weight_decay param, the gradient with that of the L2 penalty. A piece of state that a setting
does without has no elements, which is the same for all threads. Averages are given 1 - their factor too, subtracted in
float64: for 0.999, the difference in float32 would be off by 5e-5.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel, kernel
from minigrad_kernels.cuda.language import first_index, float32, grid_threads, math, uint32
from minigrad_kernels.cuda.launch import launch


def sgd(
    param: DeviceArray,
    buffer: DeviceArray,
    grad: DeviceArray,
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
    param: DeviceArray,
    square_avg: DeviceArray,
    grad_avg: DeviceArray,
    buffer: DeviceArray,
    grad: DeviceArray,
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


def adagrad(
    param: DeviceArray, square_sum: DeviceArray, grad: DeviceArray, lr: float, eps: float, weight_decay: float
) -> None:
    """Run a step of Adagrad: square_sum += g^2; param -= lr g / (sqrt(square_sum) + eps).

    Source: PyTorch, torch.optim.Adagrad.
    """
    _run(_adagrad, (param, square_sum, grad), lr, eps, weight_decay)


def adadelta(
    param: DeviceArray,
    square_avg: DeviceArray,
    acc_delta: DeviceArray,
    grad: DeviceArray,
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
    param: DeviceArray,
    exp_avg: DeviceArray,
    exp_avg_sq: DeviceArray,
    max_exp_avg_sq: DeviceArray,
    grad: DeviceArray,
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


def _run(step: Kernel, arrays: tuple[DeviceArray, ...], *scalars: float) -> None:
    size = arrays[0].size
    launch(step, size, *(x.reshape(-1) for x in arrays), *scalars, size)


@kernel("out T1", "out T1", "in T1", *["T"] * 4, "uint", "uint", "uint")
def _sgd(param, buffer, grad, lr, momentum, keep, weight_decay, nesterov, first, size):
    has_momentum = buffer.size > 0
    i = uint32(first_index())
    while i < size:
        step = gradient = grad[i] + weight_decay * param[i]
        if has_momentum:
            velocity = gradient if first else momentum * buffer[i] + keep * gradient
            buffer[i] = velocity
            step = gradient + momentum * velocity if nesterov else velocity
        param[i] -= lr * step
        i = uint32(i + grid_threads())


@kernel(*["out T1"] * 4, "in T1", *["T"] * 6, "uint")
def _rmsprop(param, square_avg, grad_avg, buffer, grad, lr, alpha, keep, eps, weight_decay, momentum, size):
    is_centred, has_momentum = grad_avg.size > 0, buffer.size > 0
    i = uint32(first_index())
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


@kernel("out T1", "out T1", "in T1", *["T"] * 3, "uint")
def _adagrad(param, square_sum, grad, lr, eps, weight_decay, size):
    i = uint32(first_index())
    while i < size:
        gradient = grad[i] + weight_decay * param[i]
        total = square_sum[i] + gradient * gradient
        square_sum[i] = total
        param[i] -= lr * gradient / (math.sqrt(total) + eps)
        i = uint32(i + grid_threads())


@kernel(*["out T1"] * 3, "in T1", *["T"] * 5, "uint")
def _adadelta(param, square_avg, acc_delta, grad, lr, rho, keep, eps, weight_decay, size):
    i = uint32(first_index())
    while i < size:
        gradient = grad[i] + weight_decay * param[i]
        square = rho * square_avg[i] + keep * gradient * gradient
        step = math.sqrt(acc_delta[i] + eps) / math.sqrt(square + eps) * gradient
        square_avg[i] = square
        acc_delta[i] = rho * acc_delta[i] + keep * step * step
        param[i] -= lr * step
        i = uint32(i + grid_threads())


@kernel(*["out T1"] * 4, "in T1", *["T"] * 9, "uint")
def _adam(
    param, exp_avg, exp_avg_sq, max_exp_avg_sq, grad,
    step_size, beta1, keep1, beta2, keep2, eps, weight_decay, shrunk, correction2, size,
):  # fmt: skip
    is_amsgrad = max_exp_avg_sq.size > 0
    i = uint32(first_index())
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
