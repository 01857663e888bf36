"""Fine-tuning: a new last layer, parameters that stay as they are, learning rates for parts of a network."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from minigrad import nn
from minigrad.checks import as_int, as_mapping, shown
from minigrad.data.given import require_given
from minigrad.errors import DataError, DTypeError
from minigrad.models.start import start_for_relu
from minigrad.nn.module import Module
from minigrad.ops.create import zeros
from minigrad.optim.optimizer import Group
from minigrad.tensor import Parameter

BACKBONE = "backbone"
"""In place of a pattern: all parameters but those of the head."""


def head_names(model: Module) -> tuple[str, ...]:
    """Names of the layers that give the logits: the last fully connected layer or convolution, in order of definition.

    A model that ends in several places, or whose last layer is defined before others, says so in an attribute `heads`.
    """
    require_given("head_names", model=model)
    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    if not layers:
        raise DataError(f"head_names: {type(model).__name__} has no fully connected layer and no convolution")
    return tuple(name for name in getattr(model, "heads", layers[-1:]) if name in layers)


def replace_head(model: Module, classes: int) -> tuple[str, ...]:
    """Give a network new last layers, for another number of classes, in place; before its optimiser is made.

    Weights start from N(0, 1 / fan_in), biases from zero. Returns the names of the layers, those of `head_names`.
    """
    require_given("replace_head", model=model)
    classes = as_int("replace_head", "classes", classes, 1)
    modules = dict(model.named_modules())
    heads: list[Any] = [modules[name] for name in head_names(model)]
    # All memory comes before the first change: where it runs out, no head is new.
    for layer, parameters in [(layer, _parameters_of_head(layer, classes)) for layer in heads]:
        layer.weight, layer.bias = parameters
        setattr(layer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", classes)
        start_for_relu(layer, layer)
    return head_names(model)


def _parameters_of_head(layer: Any, classes: int) -> tuple[Parameter, Parameter | None]:
    place: dict[str, Any] = {"dtype": layer.weight.dtype, "device": layer.weight.device}
    weight = Parameter(zeros(classes, *layer.weight.shape[1:], **place))
    return weight, None if layer.bias is None else Parameter(zeros(classes, **place))


def freeze(model: Module, *patterns: str) -> tuple[str, ...]:
    """Let parameters stay as they are: they require no gradient, and cost no backward pass where nothing below does.

    `fit` keeps layers that are frozen whole, with statistics, in evaluation mode: see `eval_frozen`. Optimisers take
    what is left: ``[p for p in model.parameters() if p.requires_grad]``, or `param_groups`.

    Parameters
    ----------
    model : Module
        ``model.requires_grad_()`` undoes it.
    *patterns : str
        Names with ``*``, ``?`` and ``[...]`` as in a shell, such as "features.*"; or "backbone", for all but the head.

    Returns
    -------
    tuple of str
        The names of the parameters that fit.

    Raises
    ------
    DataError
        For a pattern that fits no name, or if nothing is left to train; nothing has changed.
    """
    require_given("freeze", model=model)
    named = dict(model.named_parameters())
    chosen = {name for pattern in patterns for name in _fitting(model, pattern, named, "freeze")}
    if not any(parameter.requires_grad and name not in chosen for name, parameter in named.items()):
        given = ", ".join(map(repr, patterns))
        raise DataError(f"freeze: {given} leaves none of {len(named)} parameters to train; 'backbone' spares the head")
    for name in chosen:
        named[name].requires_grad_(False)
    return tuple(name for name in named if name in chosen)


def param_groups(model: Module, settings: Mapping[str, Mapping[str, Any]]) -> list[Group]:
    """Parameter groups for an optimiser, by patterns: ``param_groups(model, {"fc.*": {"lr": 0.1}})``.

    The first group has what no pattern fits, and the optimiser's own settings; it is left out if it is empty. A
    parameter belongs to the first pattern that fits it, as those of `freeze`; frozen ones are in no group.

    Raises
    ------
    DataError
        For a pattern that fits no parameter that is trained, or none that an earlier pattern left.
    """
    require_given("param_groups", model=model)
    rest = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    groups: list[Group] = []
    for pattern, own in as_mapping("param_groups", "settings", settings).items():
        as_mapping("param_groups", f"settings of {pattern!r}", own)
        names = _fitting(model, pattern, rest, "param_groups")
        groups.append({**own, "params": [rest.pop(name) for name in names]})
    return [{"params": [*rest.values()]}, *groups] if rest else groups


def _fitting(model: Module, pattern: str, names: Mapping[str, Any], caller: str) -> list[str]:
    if not isinstance(pattern, str):
        raise DTypeError(f"{caller}: a pattern must be a text, got {shown(pattern)}")
    if pattern == BACKBONE:
        heads = tuple(f"{head}." for head in head_names(model))
        found = [name for name in names if not name.startswith(heads)]
    else:
        found = [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        raise DataError(
            f"{caller}: {pattern!r} fits no name of a parameter; they are {', '.join(names) or 'all taken'}"
        )
    return found
