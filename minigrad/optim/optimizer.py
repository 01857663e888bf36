"""What optimisers share: parameter groups, state, and their saving."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from minigrad.autograd import Change, apply_each_in_place
from minigrad.checks import as_int, as_list, as_mapping, as_number, scalar, shown
from minigrad.errors import DataError, GraphError, ShapeError
from minigrad.ops.arguments import listed, require_tensor
from minigrad.ops.create import empty, full
from minigrad.ops.transfer import to
from minigrad.recording import no_grad
from minigrad.tensor import Tensor, tensors_of

Group = dict[str, Any]


class Optimizer(ABC):
    """Changes parameters by their gradients.

    Parameters
    ----------
    params
        Parameters, or groups: dicts with "params" and settings that override the defaults for them.
    defaults
        The settings of groups that say nothing else. `optimizer.param_groups[i]["lr"]` may be changed at any time.
    """

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        if isinstance(params, Tensor):
            raise DataError("optimizer: params must be an iterable of parameters, this is one tensor; write [tensor]")
        given = as_list(type(self).__name__, "params", params, "parameters, or of groups")
        if not given:
            raise DataError("optimizer: there are no parameters to optimise")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    @abstractmethod
    def check(self, group: Group) -> None:
        """Raise DataError or DTypeError if a group's settings are wrong."""

    @abstractmethod
    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> Change | None:
        """Change one parameter, and its state, in place; or return the change, to be made with those of the others."""

    def buffer(self, parameter: Tensor, name: str, wanted: bool = True, fill: float = 0.0) -> Tensor:
        """A piece of a parameter's state, filled when new; one that is not wanted has no elements, and is not kept."""
        here: dict[str, Any] = {"dtype": parameter.dtype, "device": parameter.device}
        if not wanted:
            return empty(0, **here)
        entries = self.state.setdefault(parameter, {})
        held = entries.get(name)
        # The parameter may have moved since.
        entries[name] = full(parameter.shape, fill, **here) if held is None else to(held, **here)
        return entries[name]

    def require_not_negative(self, group: Group, *names: str) -> None:
        """Raise DataError or DTypeError unless these settings of a group are numbers of at least 0."""
        for name in names:
            as_number(type(self).__name__, name, group[name], 0)

    def steps(self, parameter: Tensor) -> int:
        """How many steps the parameter has taken, where an optimiser counts them."""
        return self.state.get(parameter, {}).get("step", 0)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with settings of their own; on an error nothing is added."""
        if not isinstance(group, Mapping) or "params" not in group:
            raise DataError(f"optimizer: a group must be a dict with 'params', got {shown(group)}")
        members = tensors_of("optimizer", "parameters", group["params"])
        if unknown := sorted(map(str, set(group) - set(self.defaults) - {"params"})):
            raise DataError(f"optimizer: unknown settings {unknown}; known are {sorted(self.defaults)}")
        known = {id(member) for existing in self.param_groups for member in existing["params"]}
        for member in members:
            if not member.is_leaf or not member.requires_grad:
                wanted = "leaf tensors that require a gradient"
                raise DataError(f"optimizer: parameters must be {wanted}, got {shown(member)}")
            if id(member) in known:
                raise DataError(f"optimizer: a parameter {member.spec} occurs twice")
            known.add(id(member))
        complete = {name: scalar(value) for name, value in {**self.defaults, **group}.items()} | {"params": members}
        self.check(complete)
        self.param_groups.append(complete)

    def zero_grad(self) -> None:
        """Forget every gradient."""
        for parameter in self._parameters():
            parameter.grad = None

    @no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient; all is checked, and has memory, before the first changes."""
        work = [(p, p.grad, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        for group in self.param_groups:
            self.check(group)
        for parameter, grad, _ in work:
            if grad.spec != parameter.spec or grad.backend is not parameter.backend:
                message = f"{type(self).__name__}: a gradient must match its parameter; nothing was updated"
                raise ShapeError(listed(message, parameter=parameter.spec, grad=grad.spec))
            if grad is parameter:
                raise GraphError(f"{type(self).__name__}: a parameter is its own gradient")
        before = {parameter: dict(entries) for parameter, entries in self.state.items()}
        try:
            changes = [self.update(parameter, grad, group) for parameter, grad, group in work]
        except BaseException:  # such as MemoryError, for the state of one of them
            self.state = before
            raise
        apply_each_in_place([change for change in changes if change])

    def state_dict(self) -> dict[str, Any]:
        """Settings and state, parameters numbered in the order of the groups; the tensors share memory."""
        numbers = {id(p): number for number, p in enumerate(self._parameters())}
        groups = [{**group, "params": [numbers[id(p)] for p in group["params"]]} for group in self.param_groups]
        state = {numbers[id(p)]: dict(entries) for p, entries in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and a copy of the state; on an error nothing has changed."""
        if not {"state", "param_groups"} <= set(as_mapping("load_state_dict", "state_dict", state_dict)):
            names = shown(sorted(map(str, state_dict)))
            raise DataError(f"load_state_dict: 'state' and 'param_groups' are required, got {names}")
        groups = as_list("load_state_dict", "param_groups", state_dict["param_groups"], "dicts")
        parameters = self._parameters()
        members = [as_mapping("load_state_dict", "a group", group).get("params", ()) for group in groups]
        sizes = [len(as_list("load_state_dict", "params", group, "numbers")) for group in members]
        own_sizes = [len(group["params"]) for group in self.param_groups]
        if sizes != own_sizes:
            raise DataError(f"load_state_dict: groups of {own_sizes} parameters are required, the state has {sizes}")
        new_groups = [{**group, "params": own["params"]} for group, own in zip(groups, self.param_groups, strict=True)]
        for group in new_groups:
            if lost := set(self.defaults) - set(group):
                raise DataError(f"load_state_dict: a group lacks the settings {sorted(lost)}")
            self.check(group)
        held = as_mapping("load_state_dict", "state", state_dict["state"])
        if strangers := set(held) - set(range(len(parameters))):
            found = f"there is state for parameters {list(strangers)}, there are {len(parameters)}"
            raise DataError(f"load_state_dict: {found}")
        state = {parameters[number]: _loaded(entries, parameters[number]) for number, entries in held.items()}
        self.param_groups, self.state = new_groups, state

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]


def _loaded(entries: Any, parameter: Tensor) -> dict[str, Any]:
    """A parameter's state: a count of steps, and copies of tensors on its device and in its dtype."""
    loaded: dict[str, Any] = {}
    for name, value in as_mapping("load_state_dict", "a parameter's state", entries).items():
        if name == "step":
            loaded[name] = as_int("load_state_dict", name, value, 0)
            continue
        require_tensor("load_state_dict", **{str(name): value})
        if value.shape != parameter.shape:
            message = f"load_state_dict: {name} must have its parameter's shape; nothing was loaded"
            raise ShapeError(listed(message, parameter=parameter.spec, state=value.spec))
        loaded[name] = to(value.detach().clone(), device=parameter.device, dtype=parameter.dtype)
    return loaded


def numbers(group: Group, *names: str) -> tuple[float, ...]:
    """Settings of a group as Python floats."""
    return tuple(float(group[name]) for name in names)
