"""What comes out of the layers of a model while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.autograd import Op
from minigrad.dtypes import FLOATS
from minigrad.nn.module import Module
from minigrad.tape import HookHandle, Observer
from minigrad.tensor import Tensor

_LIBRARY = "minigrad.nn.layers."
_FUNCTIONS = ("relu", "tanh", "sigmoid")  # shown where a `forward` calls them, without a layer of their own


class Outputs(Observer):
    """Sees what comes out of the innermost modules, and of functions that a `forward` calls beside them.

    While its context is open it hangs hooks on the modules, so that layers which run together run one by one.

    Parameters
    ----------
    model : Module
        What is going to run.
    found : callable
        ``found(name, layer, output)`` for every output that does not share its memory with an earlier one: the name in
        the model and the class; "forward" and the function for one that a module's `forward` calls. What comes the
        second time is called "name (2)".
    """

    def __init__(self, model: Module, found: Callable[[str, str, Tensor], object]) -> None:
        self._model, self._found = model, found
        self._seen: set[Any] = set()
        self._times: Counter[str] = Counter()
        self._inside = 0  # a layer of the library, whose functions are not listed beside it
        self._handles: list[HookHandle] = []

    def __enter__(self) -> Outputs:
        for name, module in self._model.named_modules():
            if not any(module.children()):
                self._handles.append(module.register_forward_pre_hook(self._before))
                self._handles.append(module.register_forward_hook(self._after(name or "model")))
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for handle in self._handles:
            handle.remove()

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """An op was applied."""
        if op.name in _FUNCTIONS and not self._inside:
            self._add("forward", f"F.{op.name}", outs[0])

    def _before(self, layer: Module, inputs: tuple[Any, ...]) -> None:
        self._inside += type(layer).__module__.startswith(_LIBRARY)
        self._seen |= {item.version for item in inputs if isinstance(item, Tensor)}

    def _after(self, name: str) -> Callable[[Module, tuple[Any, ...], Any], None]:
        def after(layer: Module, inputs: tuple[Any, ...], output: Any) -> None:
            self._inside -= type(layer).__module__.startswith(_LIBRARY)
            self._add(name, type(layer).__name__, output[0] if isinstance(output, tuple) else output)

        return after

    def _add(self, name: str, layer: str, output: Any) -> None:
        if isinstance(output, Tensor) and output.dtype in FLOATS and output.version not in self._seen:
            self._seen.add(output.version)
            self._times[name] += 1
            times = self._times[name]
            self._found(name if times == 1 else f"{name} ({times})", layer, output)
