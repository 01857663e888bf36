"""Modules made of a sequence of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

from minigrad.checks import as_int, as_list, shown
from minigrad.errors import DataError, DTypeError, PositionError
from minigrad.nn import fusion
from minigrad.nn.module import Module


class _Row(Module):
    """Modules in attributes "0", "1", ...: their names in a state dict, as in PyTorch."""

    def append(self, module: Module) -> Self:
        """Add a module at the end; returns the container."""
        self._put(len(self), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; returns the container."""
        given = as_list(type(self).__name__, "modules", modules, "Modules")
        for position, module in enumerate(given, len(self)):  # all, before the first is added
            self._require_module(position, module)
        for module in given:
            self.append(module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __setitem__(self, position: int, module: Module) -> None:
        self._put(self._place(position), module)

    def _put(self, position: int, module: Module) -> None:
        self._require_module(position, module)
        setattr(self, str(position), module)

    def _require_module(self, position: int, module: Module) -> None:
        if not isinstance(module, Module):
            name = type(self).__name__
            raise DataError(f"{name}: layer {position} must be a Module, this is {type(module).__name__}")

    def _picked(self, position: int | slice) -> Module | list[Module]:
        layers = list(self.children())
        if not isinstance(position, slice):
            return layers[self._place(position)]
        try:
            return layers[position]
        except (TypeError, ValueError) as error:
            wanted = "a slice needs integers, and a step that is not 0"
            raise DTypeError(f"{type(self).__name__}: {wanted}, got {shown(position)}") from error

    def _place(self, position: int) -> int:
        number = as_int(type(self).__name__, "an index", position)
        if not -len(self) <= number < len(self):
            raise PositionError(f"{type(self).__name__}: there are {len(self)} layers, none at {number}")
        return number % len(self)


class Sequential(_Row):
    """Modules applied one after the other; also indexed, counted and iterated like a list."""

    def __init__(self, *layers: Module) -> None:
        self.extend(layers)

    def forward(self, input: Any) -> Any:
        """Apply the layers in order; `minigrad.nn.fusion` runs some neighbours together, with the same results."""
        return fusion.run(self.children(), input)

    def __getitem__(self, position: int | slice) -> Module:
        picked = self._picked(position)
        return picked if isinstance(picked, Module) else Sequential(*picked)


class ModuleList(_Row):
    """A list of modules, for a `forward` that walks it in its own way."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def __getitem__(self, position: int | slice) -> Module:
        picked = self._picked(position)
        return picked if isinstance(picked, Module) else ModuleList(picked)
