"""Module: what it holds is found by walking its attributes, by type. Nothing has to be registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from minigrad import dtypes
from minigrad.backends.base import Spec
from minigrad.checks import as_flag, as_mapping, require_callable, require_texts
from minigrad.dtypes import FLOATS
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops.transfer import to
from minigrad.ops.update import copy_
from minigrad.recording import no_grad
from minigrad.tape import HookHandle
from minigrad.tensor import Buffer, Parameter, Tensor, tensor

if TYPE_CHECKING:
    from minigrad.nn.summary import Summary


PreHook = Callable[["Module", tuple[Any, ...]], Any]
ForwardHook = Callable[["Module", tuple[Any, ...], Any], Any]


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A piece of a network: assign parameters, buffers and modules to attributes, define `forward`, call it.

    Lists, tuples and dicts of modules or parameters are walked too, by position or key. Names are dotted paths, as in
    PyTorch: "blocks.0.conv.weight".
    """

    training: bool = True
    fan_in_axes: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    """For the names of weights: the axes over which one unit sums. `optim.regularize.MaxNorm` asks for them."""
    # Lists of a module's own, made when the first hook comes.
    _pre_hooks: list[PreHook] | tuple[()] = ()
    _hooks: list[ForwardHook] | tuple[()] = ()

    def forward(self, *inputs: Any) -> Any:
        """Compute the output; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run `forward` between its hooks."""
        for pre_hook in tuple(self._pre_hooks):
            changed = pre_hook(self, inputs)
            if changed is not None:
                inputs = changed if isinstance(changed, tuple) else (changed,)
        output = self.forward(*inputs, **options)
        for hook in tuple(self._hooks):
            changed = hook(self, inputs, output)
            output = output if changed is None else changed
        return output

    def register_forward_pre_hook(self, hook: PreHook) -> HookHandle:
        """Call `hook(module, inputs)` before `forward`; what it returns, if not None, replaces the inputs."""
        return _hung(self, "_pre_hooks", require_callable("register_forward_pre_hook", "hook", hook))

    def register_forward_hook(self, hook: ForwardHook) -> HookHandle:
        """Call `hook(module, inputs, output)` after `forward`; what it returns, if not None, replaces the output."""
        return _hung(self, "_hooks", require_callable("register_forward_hook", "hook", hook))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module and all below it, each once, with their names."""
        seen: set[int] = set()
        require_texts("named_modules", prefix=prefix)
        for path, module in _modules_below(self, prefix):
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module

    def modules(self) -> Iterator[Module]:
        """The module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules in this one's own attributes."""
        return ((name, item) for name, item in _items(self) if isinstance(item, Module))

    def children(self) -> Iterator[Module]:
        """The modules in this one's own attributes, without names."""
        return (module for _, module in self.named_children())

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, with their names; without `recurse`, those of this module alone."""
        return self._named("named_parameters", Parameter, prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (parameter for _, parameter in self._named("parameters", Parameter, "", recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Buffer]]:
        """All buffers, each once, with their names; without `recurse`, those of this module alone."""
        return self._named("named_buffers", Buffer, prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Buffer]:
        """All buffers, each once."""
        return (buffer for _, buffer in self._named("buffers", Buffer, "", recurse))

    def _named(self, op: str, kind: type[Any], prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        require_texts(op, prefix=prefix)
        for path, module in self.named_modules(prefix) if as_flag(op, "recurse", recurse) else [(prefix, self)]:
            for name, item in _items(module):
                if isinstance(item, kind) and id(item) not in seen:
                    seen.add(id(item))
                    yield _joined(path, name), item

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below this one, then on itself, say to initialise them; returns the module."""
        require_callable("apply", "fn", fn)
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training mode, or with False to evaluation; returns the module."""
        is_training = as_flag("train", "mode", mode)
        for module in self.modules():
            module.training = is_training
        return self

    def eval(self) -> Self:
        """Switch to evaluation mode: dropout and its like do nothing; returns the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze or unfreeze every parameter; returns the module."""
        as_flag("requires_grad_", "requires_grad", requires_grad)
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Forget every parameter's gradient."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, *wanted: Any, dtype: Any = None, device: str | None = None) -> Self:
        """Move parameters, buffers and gradients to a device, floats to a float dtype, or both; returns the module."""
        with no_grad():
            held = [item for _, item in (*self.named_parameters(), *self.named_buffers())]
            moved = [_move(item, wanted, dtype, device) for item in held]
            grads = [None if item.grad is None else _move(item.grad, wanted, dtype, device) for item in held]
        for item, other, grad in zip(held, moved, grads, strict=True):
            item.array, item.spec, item.backend, item.version = other.array, other.spec, other.backend, other.version
            item.grad = grad
        return self

    def float(self) -> Self:
        """Make floats float32; returns the module."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """Make floats float64; returns the module."""
        return self.to(dtypes.float64)

    def cpu(self) -> Self:
        """Move to the CPU; returns the module."""
        return self.to("cpu")

    def cuda(self) -> Self:
        """Move to the GPU; returns the module."""
        return self.to("cuda")

    def summary(self, input_shape: tuple[int, ...]) -> Summary:
        """A table of the layers, as an image of a shape runs through them: `minigrad.nn.summary`."""
        from minigrad.nn.summary import summary  # which imports this file

        return summary(self, input_shape)

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, in order; they share the module's memory."""
        return dict(self._state())

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """Every name of every parameter and buffer: one that is shared has several, and each is saved."""
        for path, module in _modules_below(self, ""):
            for name, item in _items(module):
                if isinstance(item, Parameter | Buffer):
                    yield _joined(path, name), item.detach()

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy tensors or arrays into the parameters and buffers of the same names.

        Values of another float dtype are converted. Everything is checked first: on an error nothing has changed.

        Parameters
        ----------
        strict
            Missing and unexpected names are errors. With False they are returned; what does not fit is always an error.

        Raises
        ------
        ShapeError
            Names every missing, unexpected and unfitting entry at once.
        """
        own = dict(self._state())
        as_flag("load_state_dict", "strict", strict)
        entries = as_mapping("load_state_dict", "state_dict", state_dict)
        given = {name: _as_tensor(name, value) for name, value in entries.items()}
        missing = [name for name in own if name not in given]
        unexpected = [name for name in given if name not in own]
        problems = [
            f"  does not fit: {name} is {own[name].spec} here, {given[name].spec} in the state"
            for name in own
            if name in given and not _fits(own[name].spec, given[name].spec)
        ]
        if strict:
            problems += [f"  missing: {name}" for name in missing] + [f"  unexpected: {name}" for name in unexpected]
        if problems:
            raise ShapeError("\n".join([f"load_state_dict: {type(self).__name__} was left as it is", *problems]))
        for name, target in own.items():
            if name in given:
                copy_(target, to(given[name], device=target.device, dtype=target.dtype))
        return IncompatibleKeys(missing, unexpected)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {_indented(repr(child))}" for name, child in self.named_children()]
        settings = self.extra_repr()
        if not children:
            return f"{type(self).__name__}({settings})"
        lines = ([settings] if settings else []) + children
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def _hung(module: Module, attribute: str, hook: Callable[..., Any]) -> HookHandle:
    hooks = vars(module).setdefault(attribute, [])
    hooks.append(hook)
    return HookHandle(hooks, hook)


def _items(module: Module) -> Iterator[tuple[str, Any]]:
    """Attributes, and the elements of lists, tuples and dicts among them, with their names."""
    for name, value in vars(module).items():
        yield from _unpacked(name, value)


def _unpacked(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _unpacked(f"{name}.{position}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unpacked(f"{name}.{key}", item)
    else:
        yield name, value


def _modules_below(module: Module, path: str) -> Iterator[tuple[str, Module]]:
    """`module` and those below it, depth first, a shared one under each of its names."""
    yield path, module
    for name, child in module.named_children():
        yield from _modules_below(child, _joined(path, name))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _as_tensor(name: str, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, np.ndarray | np.generic):
        return tensor(value)
    raise DataError(f"load_state_dict: {name} must be a tensor or an array, this is {type(value).__name__}")


def _fits(own: Spec, given: Spec) -> bool:
    return own.shape == given.shape and (own.dtype == given.dtype or {own.dtype, given.dtype} <= FLOATS)


def _move(item: Tensor, wanted: tuple[Any, ...], dtype: Any, device: str | None) -> Tensor:
    """Where it has to go; integers keep their dtype."""
    moved = to(item.detach(), *wanted, dtype=dtype, device=device)
    if item.dtype not in FLOATS:
        return to(item.detach(), device=moved.device)
    if moved.dtype not in FLOATS:
        raise DTypeError(f"to: a module's dtype must be float, got {moved.dtype.name}")
    return moved
