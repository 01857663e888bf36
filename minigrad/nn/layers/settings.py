"""Layers that are their settings and a function of `minigrad.nn.functional`: dataclasses whose fields are both.

A field's type carries its check. Files that declare such layers do without `from __future__ import annotations`, which
would make a text of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Any, ClassVar

from minigrad.nn.module import Module
from minigrad.ops.arguments import as_flag, as_int, as_number, as_one_of, as_pair, as_probability, require_tensor
from minigrad.tensor import Buffer, Tensor


def as_size(layer: str, name: str, value: Any, minimum: int) -> int | tuple[int, int]:
    """One integer, or a pair (height, width), as it was given."""
    pair = as_pair(layer, name, value, minimum)
    return pair if isinstance(value, tuple | list) else pair[0]


def as_buffer(layer: str, name: str, value: Any) -> Buffer | None:
    """A tensor as state of the layer, which moves and is saved with it."""
    if value is not None:
        require_tensor(layer, **{name: value})
    return None if value is None else Buffer(value)


def one_of(*allowed: Any) -> Callable[[str, str, Any], Any]:
    """The check that a value is one of those allowed."""
    return lambda layer, name, value: as_one_of(layer, name, value, *allowed)


Int = Annotated[int, as_int]
Flag = Annotated[bool, as_flag]
Number = Annotated[float, as_number]
NotNegative = Annotated[float, partial(as_number, low=0)]
Fraction = Annotated[float, partial(as_number, low=0, high=1)]
Probability = Annotated[float, lambda layer, name, value: as_probability(layer, value)]
Size = Annotated[Any, partial(as_size, minimum=1)]
Padding = Annotated[Any, partial(as_size, minimum=0)]
Reduction = Annotated[str, one_of("none", "mean", "sum")]
Weight = Annotated[Tensor | None, as_buffer]


@dataclass(eq=False, repr=False)
class Settings(Module):
    """Checks the fields of a subclass, and calls its function with them by name: they have its arguments' names."""

    function: ClassVar[Callable[..., Any]]
    """To be called on the class: on the layer it would be a method."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            for check in getattr(setting.type, "__metadata__", ()):
                setattr(self, setting.name, check(type(self).__name__, setting.name, getattr(self, setting.name)))

    def settings(self) -> dict[str, Any]:
        """The fields by name."""
        return {setting.name: getattr(self, setting.name) for setting in fields(self)}

    def extra_repr(self) -> str:
        """The settings that `repr` shows: those of a field(repr=False) where they are not the default."""
        named = ((setting, getattr(self, setting.name)) for setting in fields(self))
        return ", ".join(f"{s.name}={value!r}" for s, value in named if s.repr or value != s.default)


class Layer(Settings):
    """A function of one tensor."""

    def forward(self, input: Tensor) -> Any:
        """Call the function."""
        return type(self).function(input, **self.settings())


class Loss(Settings):
    """A function of what a model gives and what was wanted."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Call the function."""
        return type(self).function(input, target, **self.settings())

    def extra_repr(self) -> str:
        """Nothing: a loss is known by its name, as in PyTorch."""
        return ""
