"""All that a look at a network must leave alone, in a form that can be compared bit for bit."""

import minigrad as mg


def everything(model, optimizer=None):
    """Weights, buffers, gradients, in-place changes, modes, hooks, the random streams, and an optimiser's state."""
    held = [*model.named_parameters(), *model.named_buffers()]
    settings = None if optimizer is None else optimizer.state_dict()
    return (
        [(name, tensor.array.tobytes(), tensor.version.count, tensor.requires_grad) for name, tensor in held],
        [None if tensor.grad is None else tensor.grad.array.tobytes() for _, tensor in held],
        [(module.training, len(module._hooks), len(module._pre_hooks)) for module in model.modules()],
        mg.get_rng_state(),
        mg.is_grad_enabled(),
        settings and repr(settings),
    )
