"""Training mode and evaluation mode, module by module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from minigrad.data.given import require_given
from minigrad.nn.module import Module


def eval_frozen(model: Module) -> None:
    """Switch frozen layers that keep statistics to evaluation mode: write it after ``model.train()``, as `fit` does.

    A batch normalisation whose own parameters are all frozen then uses its running statistics, and they stay as they
    are. Otherwise they would drift to the new data, under weights that do not follow.
    """
    require_given("eval_frozen", model=model)
    for module in model.modules():
        own = [*module.parameters(recurse=False)]
        keeps_statistics = next(module.buffers(recurse=False), None) is not None
        if keeps_statistics and own and not any(parameter.requires_grad for parameter in own):
            module.training = False


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode; afterwards every module is in the mode that it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
