"""Steps of the optimisers as ops: a parameter and what is remembered of it are changed in place."""

from __future__ import annotations

from minigrad.autograd import Op


def _step(name: str, state: tuple[str, ...], params: tuple[str, ...], operations: int) -> Op:
    return Op(
        name,
        ("param", *state, "grad"),
        lambda *_: None,
        params=params,
        mutates=1 + len(state),
        flops=lambda param, *_: operations * param.size,
    )


SGD: Op = _step("sgd", ("buffer",), ("lr", "momentum", "dampening", "weight_decay", "nesterov", "first"), 4)
RMSPROP: Op = _step(
    "rmsprop", ("square_avg", "grad_avg", "buffer"), ("lr", "alpha", "eps", "weight_decay", "momentum"), 10
)
ADAGRAD: Op = _step("adagrad", ("square_sum",), ("lr", "eps", "weight_decay"), 9)
ADADELTA: Op = _step("adadelta", ("square_avg", "acc_delta"), ("lr", "rho", "eps", "weight_decay"), 17)
_OF_ADAM = ("lr", "beta1", "beta2", "eps", "weight_decay", "shrinkage", "correction1", "correction2")
ADAM: Op = _step("adam", ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"), _OF_ADAM, 16)
