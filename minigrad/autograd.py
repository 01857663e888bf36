"""The tape: ops, the record of their application, and reverse-mode differentiation. Read it in one sitting.

An `Op` is declared once and holds everything known about an operation. `apply` runs one and, where a gradient may be
wanted, leaves a `Node`. `grad` and `backward` walk the nodes from the newest to the oldest: the order of creation is a
topological order, so a heap of sequence numbers is all the scheduling there is, and nothing recurses.
"""

from __future__ import annotations

import heapq
import inspect
import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from sys import getrefcount
from typing import Any, Literal, NamedTuple, cast, overload

from minigrad.backends.base import Array, Backend, Spec
from minigrad.checks import require_declaration, require_flags
from minigrad.dtypes import DEFAULT, FLOATS
from minigrad.errors import DeviceError, GraphError, ShapeError
from minigrad.recording import Recording, is_grad_enabled
from minigrad.tensor import Tensor, Version, tensors_of

_sequence = itertools.count()
observers: ContextVar[tuple[Any, ...]] = ContextVar("observers", default=())
"""Those who look at the tape (see `minigrad.tape`): told of every op applied and of every gradient computed."""


class Rule(NamedTuple):
    """A vector-Jacobian product for one argument: `function(grad, *sources)`, and which saved slots it reads."""

    function: Callable[..., Tensor]
    sources: tuple[Callable[[Node, int, bool], Any], ...]
    slots: frozenset[int]


@dataclass(frozen=True, eq=False)
class Op:
    """One operation, declared in one place.

    Parameters
    ----------
    name, arguments
        Its name and those of its tensor arguments, as error messages and rules say them.
    infer
        The shape and dtype rule: `infer(*specs, *params)` gives the output's Spec, or a tuple of them if there are
        several, or raises. All validation happens here or in the public function, before anything is allocated.
    params, out_params
        Names of the static parameters: those the kernel takes as scalars, then those that only fix the output's spec.
    outputs
        Names of the outputs. The first is the differentiable one; others are by-products, such as indices.
    vjp
        For each differentiable argument a function from the output's gradient to the argument's. The names of its
        parameters declare what it needs: "grad" first, then arguments or outputs (these are saved, and nothing else
        is), params, "params" for all of them, "<argument>_spec", and for a variadic op "position" and "specs". It is
        written in differentiable ops.
    constant_in
        Arguments in which the op is piecewise constant: the derivative is zero wherever there is one.
    linear_in
        Arguments in which it is linear; tests hold each to its adjoint.
    flops
        `flops(out_spec, *specs, *params)`: floating-point operations.
    epilogue
        An op of one tensor that the kernel applies to what it writes. The tape holds both ops, one after the other; the
        rules of neither may name what lies between.
    view
        The output shares the input's memory.
    mutates
        So many leading arguments are changed in place; such an op has no output and no gradient.
    variadic
        Takes any number of tensors; the one rule, for "tensors", serves them all.
    """

    name: str
    arguments: tuple[str, ...]
    infer: Callable[..., Any]
    params: tuple[str, ...] = ()
    out_params: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("out",)
    vjp: Mapping[str, Callable[..., Tensor]] = field(default_factory=dict)
    constant_in: tuple[str, ...] = ()
    linear_in: tuple[str, ...] = ()
    flops: Callable[..., int] = lambda out, *_: 0
    epilogue: Op | None = None
    view: bool = False
    mutates: int = 0
    variadic: bool = False
    rules: tuple[Rule | None, ...] = field(init=False)
    constant: tuple[bool, ...] = field(init=False)

    def __post_init__(self) -> None:
        require_declaration(self)
        rules = tuple(self._compile(name, self.vjp.get(name)) for name in self.arguments)
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "constant", tuple(name in self.constant_in for name in self.arguments))

    def rule(self, position: int) -> Rule | None:
        """The rule of the argument at `position`."""
        return self.rules[0 if self.variadic else position]

    def _compile(self, argument: str, function: Callable[..., Tensor] | None) -> Rule | None:
        if function is None:
            return None
        names = list(inspect.signature(function).parameters)
        if names[:1] != ["grad"]:
            raise GraphError(f"{self.name}: the rule for {argument} must take 'grad' first, it takes {names}")
        slot_names = (*self.arguments, *self.outputs)
        sources = tuple(self._source(name, slot_names) for name in names[1:])
        slots = frozenset(slot_names.index(name) for name in names[1:] if name in slot_names)
        if self.variadic and slots:
            raise GraphError(f"{self.name}: the rule of a variadic op cannot save tensors, it takes {names}")
        return Rule(function, sources, slots)

    def _source(self, name: str, slot_names: tuple[str, ...]) -> Callable[[Node, int, bool], Any]:
        param_names = (*self.params, *self.out_params)
        if name in slot_names:
            slot = slot_names.index(name)
            return lambda node, position, linked: node.load(slot, linked)
        if name in param_names:
            index = param_names.index(name)
            return lambda node, position, linked: node.params[index]
        if name == "params":
            return lambda node, position, linked: node.params
        if name.endswith("_spec") and name[:-5] in self.arguments:
            argument = self.arguments.index(name[:-5])
            return lambda node, position, linked: node.specs[argument]
        if self.variadic and name == "position":
            return lambda node, position, linked: position
        if self.variadic and name == "specs":
            return lambda node, position, linked: node.specs
        raise GraphError(f"{self.name}: a rule asks for {name!r}; known are {(*slot_names, *param_names)}")


Change = tuple[Op, Sequence[Tensor], tuple[Any, ...]]
"""An op that changes its first `op.mutates` inputs, its inputs, and its params."""


class Saved(NamedTuple):
    """An array kept for backward, raw, with the version it had."""

    array: Array
    spec: Spec
    version: Version
    version_then: int


class Node:
    """One application of an op. Its edges lead to the nodes, or the leaf tensors, that made its inputs."""

    __slots__ = ("__weakref__", "backend", "edges", "hooks", "op", "params", "saved", "sequence", "spec", "specs")

    def __init__(
        self,
        op: Op,
        params: tuple[Any, ...],
        edges: Sequence[Node | Tensor | None],
        inputs: Sequence[Tensor],
        outs: Sequence[Tensor],
    ) -> None:
        self.op = op
        self.params = params
        self.edges = edges
        self.specs = tuple([given.spec for given in inputs])
        self.spec = outs[0].spec
        self.backend = outs[0].backend
        self.sequence = next(_sequence)
        self.hooks: list[Callable[[Tensor], Tensor | None]] | None = None
        self.saved: dict[int, Saved] | None = {}
        rules = op.rules * len(edges) if op.variadic else op.rules
        for rule, edge in zip(rules, edges, strict=False):
            if edge is None or rule is None:
                continue
            for slot in rule.slots:
                kept = inputs[slot] if slot < len(inputs) else outs[slot - len(inputs)]
                self.saved[slot] = Saved(kept.array, kept.spec, kept.version, kept.version.count)

    def load(self, slot: int, linked: bool) -> Tensor:
        """The saved tensor of a slot; `linked` puts it back on the tape, for a gradient of the gradient."""
        if self.saved is None:
            raise self.released()
        saved = self.saved[slot]
        if saved.version.count != saved.version_then:
            found = f"{saved.spec} at version {saved.version_then}, now at version {saved.version.count}"
            message = f"a tensor that {self.op.name} saved has since been changed in place\n  saved: {found}"
            raise GraphError(f"backward: {message}\n  call backward before the change, or compute on a copy")
        edge: Node | Tensor | None = None
        if linked:
            edge = self.edges[slot] if slot < len(self.edges) else self if slot == len(self.edges) else None
        if isinstance(edge, Tensor):
            return edge
        return Tensor(
            saved.array, saved.spec, self.backend, version=saved.version, node=edge, requires_grad=edge is not None
        )

    def vjp(self, position: int, grad: Tensor, linked: bool) -> Tensor:
        """The gradient of the input at `position`."""
        rule = self.op.rule(position)
        if rule is None:
            name = self.op.arguments[0 if self.op.variadic else position]
            raise GraphError(f"{self.op.name}: no gradient with respect to {name!r} is implemented")
        if self.saved is None:
            raise self.released()
        result = rule.function(grad, *[source(self, position, linked) for source in rule.sources])
        if result.spec != self.specs[position]:
            specs = f"gave {result.spec}, the input is {self.specs[position]}"
            raise GraphError(f"{self.op.name}: the rule for input {position} {specs}")
        for watcher in observers.get():
            watcher.differentiated(self, position, result)
        return result

    def released(self) -> GraphError:
        """The error for a second backward through a graph that is gone."""
        return GraphError(
            f"backward: the arrays that {self.op.name} saved were released by an earlier backward\n"
            "  pass retain_graph=True to the earlier one to go through the graph again"
        )


def apply(op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...] = ()) -> Tensor:
    """Run an op and return its output, the first of them if it has by-products."""
    return apply_all(op, inputs, params)[0]


def apply_all(op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...] = ()) -> list[Tensor]:
    """Run an op: infer the outputs' specs, run the device's kernel, record a node where a gradient may be wanted."""
    backend = _common_backend(op, inputs)
    watchers = observers.get()
    started = time.perf_counter() if watchers else 0.0
    specs = op.infer(*[given.spec for given in inputs], *params)
    scalars = params[: len(op.params)] if op.out_params else params
    if op.view:
        array = backend.view(op.name, inputs[0].array, scalars)
        outs = [Tensor(array, specs, backend, version=inputs[0].version)]
    else:
        try:
            outs = [Tensor(backend.empty(spec), spec, backend) for spec in (specs if len(op.outputs) > 1 else (specs,))]
            backend.run(op, [out.array for out in outs], [given.array for given in inputs], scalars)
        except MemoryError as error:
            raise backend.exhausted(op.name, specs) from error
    if is_grad_enabled() and outs[0].spec.dtype in FLOATS:
        record(op, inputs, params, outs)
    for watcher in watchers:
        watcher.applied(op, inputs, params, outs, time.perf_counter() - started)
    return outs


def apply_in_place(op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...] = ()) -> None:
    """Run an op that changes its first `op.mutates` inputs, and count the change in their versions."""
    apply_each_in_place([(op, inputs, params)])


def apply_each_in_place(changes: Sequence[Change]) -> None:
    """Run such ops in their order, or together where a device sees that they have nothing to do with each other."""
    held = [op.name for op, inputs, _ in changes if any(target.requires_grad for target in inputs[: op.mutates])]
    if held and is_grad_enabled():
        raise GraphError(f"{held[0]}: a tensor that requires a gradient may be changed in place only under no_grad()")
    started = time.perf_counter()
    for backend, those in itertools.groupby(changes, lambda change: _common_backend(*change[:2])):
        backend.run_each_in_place([(op, [given.array for given in inputs], params) for op, inputs, params in those])
    seconds = (time.perf_counter() - started) / max(len(changes), 1)
    for op, inputs, params in changes:
        for target in inputs[: op.mutates]:
            target.version.count += 1
        for watcher in observers.get():
            watcher.applied(op, inputs, params, [], seconds)


def _common_backend(op: Op, inputs: Sequence[Tensor]) -> Backend:
    backend = inputs[0].backend
    for other in inputs:
        if other.backend is not backend:
            raise DeviceError(f"{op.name}: tensors on one device are required, got {[t.device for t in inputs]}")
    return backend


def record(op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor]) -> None:
    """Put an application on the tape, saving what the rules of inputs that need a gradient name."""
    constant = op.constant * len(inputs) if op.variadic else op.constant
    wanted = [given.requires_grad and not constant[position] for position, given in enumerate(inputs)]
    if True in wanted:
        # Where the gradient of an argument goes: to the node that made it, to the leaf itself, or nowhere.
        edges = [given.node or given if wanted[position] else None for position, given in enumerate(inputs)]
        node = Node(op, params, edges, inputs, outs)
        outs[0].node = node if op.epilogue is None else Node(op.epilogue, (), [node], outs, outs)
        outs[0].requires_grad = True


def infer_elementwise(x: Spec, y: Spec) -> Spec:
    """The spec of a binary elementwise op: equal specs, of which one may be 0-d."""
    return x if y.shape == () else y


ADD = Op(
    "add",
    ("input", "other"),
    infer_elementwise,
    vjp={"input": lambda grad: grad, "other": lambda grad: grad},
    linear_in=("input", "other"),
    flops=lambda out, *_: out.size,
)
CLONE = Op("clone", ("input",), lambda x: x, vjp={"input": lambda grad: grad}, linear_in=("input",))
ACCUMULATE = Op("accumulate", ("target", "value"), lambda *_: None, mutates=1)
FILL = Op("fill", ("target",), lambda *_: None, params=("value",), mutates=1)


class _Sum:
    """A gradient under construction: the first term is borrowed, the second allocates, later ones add in place."""

    __slots__ = ("owned", "total")

    def __init__(self, first: Tensor) -> None:
        self.total = first
        self.owned = False

    def add(self, term: Tensor, linked: bool) -> None:
        if self.owned:
            apply_in_place(ACCUMULATE, (self.total, term))
        else:
            self.total = apply(ADD, (self.total, term))
            self.owned = not linked


def _references(total: _Sum) -> tuple[int, int, int]:
    grad = total.total
    return getrefcount(grad), getrefcount(grad.version), getrefcount(grad.array)


# Counted, not assumed: how many references a call holds is the interpreter's affair.
_UNSHARED = _references(_Sum(Tensor(object(), Spec((), DEFAULT), cast(Backend, None))))


def _propagate(
    roots: Iterable[tuple[Tensor, Tensor]], wanted: set[Node | Tensor] | None, retain: bool, linked: bool
) -> dict[Node | Tensor, _Sum]:
    """Run rules from the roots back; the sums at leaves, and at the wanted nodes, are the result."""
    sums: dict[Node | Tensor, _Sum] = {}
    heap: list[tuple[int, Node]] = []

    def receive(edge: Node | Tensor, term: Tensor) -> None:
        if edge in sums:
            sums[edge].add(term, linked)
            return
        sums[edge] = _Sum(term)
        if isinstance(edge, Node):
            heapq.heappush(heap, (-edge.sequence, edge))

    for root, seed in roots:
        receive(root.node or root, seed)
    needed = None if wanted is None else _leading_to(wanted, [node for _, node in heap])
    results: dict[Node | Tensor, _Sum] = {}
    while heap:
        node = heapq.heappop(heap)[1]
        total = sums.pop(node)
        _run_hooks(node, total)
        if wanted is not None and node in wanted:
            results[node] = total
        for position, edge in enumerate(node.edges):
            if edge is not None and (needed is None or edge in needed):
                receive(edge, node.vjp(position, total.total, linked))
        if not retain:
            node.saved = None
    for leaf, total in sums.items():
        _run_hooks(leaf, total)
    return sums | results


def _leading_to(wanted: set[Node | Tensor], roots: list[Node]) -> set[Node | Tensor]:
    """The nodes, among those reachable from the roots, from which a wanted one can be reached."""
    reached: dict[int, Node] = {}
    stack = roots
    while stack:
        node = stack.pop()
        if node.sequence not in reached:
            reached[node.sequence] = node
            stack += [edge for edge in node.edges if isinstance(edge, Node)]
    needed = set(wanted)
    for sequence in sorted(reached):
        if any(edge in needed for edge in reached[sequence].edges if edge is not None):
            needed.add(reached[sequence])
    return needed


def _run_hooks(place: Node | Tensor, total: _Sum) -> None:
    for hook in tuple(place.hooks or ()):
        changed = hook(total.total)
        if changed is not None:
            if changed.spec != total.total.spec:
                raise GraphError(f"hook: it returned {changed.spec} for a gradient {total.total.spec}")
            total.total, total.owned = changed, False


def _seeds(
    outputs: Sequence[Tensor], grads: Sequence[Tensor | None] | None, caller: str
) -> list[tuple[Tensor, Tensor]]:
    if grads is not None and len(grads) != len(outputs):
        raise GraphError(f"{caller}: {len(outputs)} outputs need as many grad_outputs, got {len(grads)}")
    return [(out, _seed(out, seed, caller)) for out, seed in zip(outputs, grads or [None] * len(outputs), strict=True)]


def _seed(out: Tensor, seed: Tensor | None, caller: str) -> Tensor:
    if not out.requires_grad:
        raise GraphError(f"{caller}: the output {out.spec} does not depend on a tensor that requires a gradient")
    if seed is None:
        if out.shape != ():
            raise GraphError(f"{caller}: an output that is not a scalar needs its own gradient; this is {out.spec}")
        return _ones(out.spec, out.backend)
    if seed.backend is not out.backend:
        raise DeviceError(f"{caller}: the output is on device '{out.device}', the gradient given on '{seed.device}'")
    if seed.spec != out.spec:
        specs = f"  output: {out.spec}\n  grad:   {seed.spec}"
        raise ShapeError(f"{caller}: the gradient given must match the output\n{specs}")
    return seed


def _ones(spec: Spec, backend: Backend) -> Tensor:
    out = Tensor(backend.empty(spec), spec, backend)
    apply_in_place(FILL, (out,), (1,))
    return out


@overload
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: Literal[False] = False,
) -> tuple[Tensor, ...]: ...
@overload
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    allow_unused: bool,
) -> tuple[Tensor | None, ...]: ...
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Gradients of the sum of `outputs`, each weighted by its `grad_outputs`, with respect to `inputs`.

    Parameters
    ----------
    grad_outputs
        One tensor of its output's spec for each output; None stands for 1 and goes with a scalar output.
    retain_graph
        Keep what the graph saved, to go through it again; by default as `create_graph`.
    create_graph
        Record the computation of the gradients, so that they can be differentiated in turn.
    allow_unused
        Give None for an input that no output depends on, instead of raising GraphError.
    """
    outputs, inputs = tensors_of("grad", "outputs", outputs), tensors_of("grad", "inputs", inputs)
    seeds = None if grad_outputs is None else tensors_of("grad", "grad_outputs", grad_outputs, optional=True)
    retain = create_graph if retain_graph is None else retain_graph
    require_flags("grad", retain_graph=retain, create_graph=create_graph, allow_unused=allow_unused)
    for position, given in enumerate(inputs):
        if not given.requires_grad:
            raise GraphError(f"grad: input {position}, {given.spec}, does not require a gradient")
    places = [given.node or given for given in inputs]
    with Recording(create_graph):
        roots = _seeds(outputs, seeds, "grad")
        sums = _propagate(roots, set(places), retain, create_graph)
    missing = [position for position, place in enumerate(places) if place not in sums]
    if missing and not allow_unused:
        message = f"the outputs do not depend on inputs {missing}; pass allow_unused=True to get None there"
        raise GraphError(f"grad: {message}")
    return tuple(sums[place].total if place in sums else None for place in places)


def backward(
    output: Tensor, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add the gradient of `output` to `.grad` of every leaf it depends on; a leaf's `.grad` is its own memory."""
    retain = create_graph if retain_graph is None else retain_graph
    require_flags("backward", retain_graph=retain, create_graph=create_graph)
    seeds = None if gradient is None else tensors_of("backward", "gradient", gradient)
    with Recording(create_graph):
        roots = _seeds([output], seeds, "backward")
        sums = _propagate(roots, None, retain, create_graph)
        # All memory comes before the first change: where it runs out, no leaf has got anything.
        ends = [(e, total, _deposit(e, total, create_graph)) for e, total in sums.items() if isinstance(e, Tensor)]
        for leaf, total, grad in ends:
            if grad is leaf.grad:
                apply_in_place(ACCUMULATE, (grad, total.total))
            leaf.grad = grad


def _deposit(leaf: Tensor, total: _Sum, linked: bool) -> Tensor:
    """What is to be the leaf's `.grad`; the one it has, if the sum is to be added to it in place."""
    if leaf.grad is not None:
        return apply(ADD, (leaf.grad, total.total)) if linked else leaf.grad
    # What a rule, a hook or an observer has kept has more references; a view's memory belongs to its base.
    is_own = _references(total) == _UNSHARED and leaf.backend.is_whole(total.total.array)
    return total.total if is_own else apply(CLONE, (total.total,))
