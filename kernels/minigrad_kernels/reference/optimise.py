"""Steps of the optimisers: a parameter and what is remembered of it, changed in place, element by element.

In all of them g = grad + weight_decay param, the gradient with that of the L2 penalty.
"""

import numpy as np


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

    The step is g without momentum, where buffer has no elements. Else buffer = momentum buffer + (1 - dampening) g, or
    g the first time, and the step is buffer or, with Nesterov's momentum, g + momentum buffer.

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


@np.errstate(all="ignore")
def rmsprop(
    param: np.ndarray,
    square_avg: np.ndarray,
    grad_avg: np.ndarray,
    buffer: np.ndarray,
    grad: np.ndarray,
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
    for place in np.ndindex(param.shape):
        value = np.float64(param[place])
        gradient = np.float64(grad[place]) + weight_decay * value
        variance = square = alpha * np.float64(square_avg[place]) + (1 - alpha) * gradient**2
        square_avg[place] = square
        if grad_avg.size:
            mean = alpha * np.float64(grad_avg[place]) + (1 - alpha) * gradient
            grad_avg[place] = mean
            variance = np.maximum(square - mean**2, 0)
        step = gradient / (np.sqrt(variance) + eps)
        if buffer.size:
            step = momentum * np.float64(buffer[place]) + step
            buffer[place] = step
        param[place] = value - lr * step


@np.errstate(all="ignore")
def adagrad(
    param: np.ndarray, square_sum: np.ndarray, grad: np.ndarray, lr: float, eps: float, weight_decay: float
) -> None:
    """Run a step of Adagrad: square_sum += g^2; param -= lr g / (sqrt(square_sum) + eps).

    Source: PyTorch, torch.optim.Adagrad.
    """
    for place in np.ndindex(param.shape):
        value = np.float64(param[place])
        gradient = np.float64(grad[place]) + weight_decay * value
        total = np.float64(square_sum[place]) + gradient**2
        square_sum[place] = total
        param[place] = value - lr * gradient / (np.sqrt(total) + eps)


@np.errstate(all="ignore")
def adadelta(
    param: np.ndarray,
    square_avg: np.ndarray,
    acc_delta: np.ndarray,
    grad: np.ndarray,
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
    for place in np.ndindex(param.shape):
        value, delta = np.float64(param[place]), np.float64(acc_delta[place])
        gradient = np.float64(grad[place]) + weight_decay * value
        square = rho * np.float64(square_avg[place]) + (1 - rho) * gradient**2
        step = np.sqrt(delta + eps) / np.sqrt(square + eps) * gradient
        square_avg[place] = square
        acc_delta[place] = rho * delta + (1 - rho) * step**2
        param[place] = value - lr * step


@np.errstate(all="ignore")
def adam(
    param: np.ndarray,
    exp_avg: np.ndarray,
    exp_avg_sq: np.ndarray,
    max_exp_avg_sq: np.ndarray,
    grad: np.ndarray,
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
    for place in np.ndindex(param.shape):
        value = np.float64(param[place])
        gradient = np.float64(grad[place]) + weight_decay * value
        mean = beta1 * np.float64(exp_avg[place]) + (1 - beta1) * gradient
        variance = square = beta2 * np.float64(exp_avg_sq[place]) + (1 - beta2) * gradient**2
        exp_avg[place], exp_avg_sq[place] = mean, square
        if max_exp_avg_sq.size:
            variance = np.maximum(np.float64(max_exp_avg_sq[place]), square)
            max_exp_avg_sq[place] = variance
        step = mean / correction1 / (np.sqrt(variance / correction2) + eps)
        param[place] = (1 - shrinkage) * value - lr * step
