"""Modules made of a sequence of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from minigrad.errors import DataError
from minigrad.nn.module import Module


class _Row(Module):
    """Modules in attributes "0", "1", ...: their names in a state dict, as in PyTorch."""

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        if not isinstance(module, Module):
            name, position = type(self).__name__, len(self)
            raise DataError(f"{name}: layer {position} must be a Module, this is {type(module).__name__}")
        setattr(self, str(len(self)), module)

    def extend(self, modules: Iterable[Module]) -> None:
        """Add modules at the end."""
        for module in modules:
            self.append(module)

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def _picked(self, position: int | slice) -> Module | list[Module]:
        return list(self.children())[position]


class Sequential(_Row):
    """Modules applied one after the other; also indexed, counted and iterated like a list."""

    def __init__(self, *layers: Module) -> None:
        self.extend(layers)

    def forward(self, input: Any) -> Any:
        """Apply the layers in order."""
        for layer in self.children():
            input = layer(input)
        return input

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
