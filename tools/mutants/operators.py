"""What is changed, and how: each operator yields the changes that it makes of one node of a syntax tree."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import NamedTuple

from .estimates import estimates_of, shares_work

Function = ast.FunctionDef | ast.Lambda


class Change(NamedTuple):
    """The text between two offsets of a source, in bytes, becomes another."""

    operator: str
    start: int
    end: int
    text: str

    def apply(self, source: str) -> str:
        """The source with the change in it, and as many lines as before."""
        data = source.encode()
        lines = data.count(b"\n", self.start, self.end) - self.text.count("\n")
        text = f"({self.text}{chr(10) * lines})" if lines else self.text
        return (data[: self.start] + text.encode() + data[self.end :]).decode()


class Source:
    """A source text, its tree, and where the nodes lie in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.names = {name for node in ast.walk(self.tree) for name in _bound_names(node)} | set(dir(builtins))
        self._data = text.encode()
        self._lines = [0]
        for line in self._data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node starts and ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = self._lines[node.lineno - 1], self._lines[node.end_lineno - 1]
        return start + node.col_offset, end + node.end_col_offset

    def of(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node, in parentheses where another operator might take it apart."""
        start, end = self.span(node)
        text = self._data[start:end].decode()
        is_whole = isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript | ast.stmt)
        return text if is_whole else f"({text})"

    def replaced(self, operator: str, node: ast.expr | ast.stmt, text: str) -> Change:
        """The change of a node into a text."""
        return Change(operator, *self.span(node), text)

    def between(self, operator: str, left: ast.expr, right: ast.expr, old: str, new: str) -> Change:
        """The change of a token between two nodes."""
        start = self._data.index(old.encode(), self.span(left)[1], self.span(right)[0])
        return Change(operator, start, start + len(old), new)

    def line(self, offset: int) -> int:
        """The number of the line, from 1, that an offset lies in."""
        return self._data.count(b"\n", 0, offset) + 1


def _bound_names(node: ast.AST) -> list[str]:
    """The name that an import or a definition binds."""
    if isinstance(node, ast.alias | ast.FunctionDef):
        return [node.asname or node.name if isinstance(node, ast.alias) else node.name]
    return []


_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitXor: ("^", "|"),
}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.In: ("in", "not in"),
}
_TWIN_NAMES = (
    *("min max", "minimum maximum", "amin amax", "argmin argmax", "floor ceil", "cos sin", "any all", "add sub"),
    *("mul div", "gt ge", "lt le", "eq ne", "subtract add", "multiply divide", "less less_equal"),
    *("greater greater_equal", "equal not_equal"),
)
_AXIS_NAMES = (
    *("height width", "h w", "rows columns", "row column", "top left", "begin end", "first last", "before after"),
    *("strides pads", "x y", "dx dy"),
)


def _either_way(pairs: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for first, second in map(str.split, pairs):
        found.setdefault(first, second)
        found.setdefault(second, first)
    return found


_TWINS, _AXES = _either_way(_TWIN_NAMES), _either_way(_AXIS_NAMES)
# Calls of one argument that make something else of it, rather than something of its kind.
_CONVERSIONS = {
    *(
        "len",
        "range",
        "tuple",
        "list",
        "set",
        "frozenset",
        "dict",
        "str",
        "repr",
        "iter",
        "enumerate",
        "type",
        "sorted",
    ),
    *("reversed", "sum", "any", "all", "int", "max", "min", "cast", "bool"),
}
_TRANSPOSES = {"transpose", "permute", "swapaxes", "moveaxis", "swapdims", "flip"}
# Functions of which the order of the arguments, or of the two after the first, is nobody's concern.
_SYMMETRIC = {"max", "min", "maximum", "minimum", "add", "mul", "multiply", "eq", "ne", "equal", "not_equal"}
_PAIR_OF_AXES = {"transpose", "swapaxes", "swapdims"}
_TYPES = {"NDArray", "Callable", "Iterable", "Iterator", "Sequence", "Strategy", "dict", "tuple", "list", "type", "Any"}


def arithmetic(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """Another operator: a + b becomes a - b, a * b becomes a + b."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield source.between("arithmetic", node.left, node.right, *_ARITHMETIC[type(node.op)])


def dropped_term(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A sum, a difference, a product or a quotient without one of its two parts, a negative number without its sign."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv):
        yield source.replaced("dropped term", node, source.of(node.left))
        if isinstance(node.op, ast.Add | ast.Mult):
            yield source.replaced("dropped term", node, source.of(node.right))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield source.replaced("dropped term", node, source.of(node.operand))


def comparison(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A bound that lies beside: a < b becomes a <= b; equality becomes its opposite."""
    if isinstance(node, ast.Compare):
        places = zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)
        for left, operator, right in places:
            if type(operator) in _COMPARISONS:
                yield source.between("comparison", left, right, *_COMPARISONS[type(operator)])


def condition(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A condition that is turned round; `and` for `or`."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield source.replaced("condition", node.test, f"not {source.of(node.test)}")
    elif isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            yield source.between("condition", left, right, old, new)


def constant(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """An integer that is one more or one less, twice a float, the other truth value."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield source.replaced("constant", node, str(not value))
    elif isinstance(value, int):
        yield source.replaced("constant", node, str(value + 1))
        if value > 1:
            yield source.replaced("constant", node, str(value - 1))
    elif isinstance(value, float):
        yield source.replaced("constant", node, repr(2 * value or 1.0))


def index(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """The element beside: a[i] becomes a[i + 1], a[i:j] begins one later or ends one earlier."""
    if not isinstance(node, ast.Subscript) or (isinstance(node.value, ast.Name) and node.value.id in _TYPES):
        return
    for item in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
        if isinstance(item, ast.Slice):
            for bound, shift in ((item.lower, "+"), (item.upper, "-")):
                if bound is not None and not isinstance(bound, ast.Constant):
                    yield source.replaced("index", bound, f"{source.of(bound)} {shift} 1")
        elif not isinstance(item, ast.Constant | ast.Starred | ast.JoinedStr):
            yield source.replaced("index", item, f"{source.of(item)} + 1")


def loop_bound(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A loop that misses its last turn, or its first."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        stop = node.args[1] if len(node.args) > 1 else node.args[0]
        yield source.replaced("loop bound", stop, f"{source.of(stop)} - 1")
        if len(node.args) > 1:
            yield source.replaced("loop bound", node.args[0], f"{source.of(node.args[0])} + 1")


def axis(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """The name of the other axis: stride_w for stride_h, width for height."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and function is not None:
        other = _other_axis(node.id)
        if other is not None and other in _names(function):
            yield source.replaced("axis", node, other)


def _other_axis(name: str) -> str | None:
    stem, _, last = name.rpartition("_")
    if stem and last in ("h", "w"):
        return f"{stem}_{'w' if last == 'h' else 'h'}"
    return _AXES.get(name)


def _names(function: Function) -> set[str]:
    """What a function is given and what it assigns."""
    arguments = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return arguments | stored


def swapped_arguments(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """Two neighbouring arguments in the other order, where it matters.

    A text in another's place would be noticed by anything.
    """
    if isinstance(node, ast.Call):
        name = _called(node)
        arguments = [] if name in _SYMMETRIC else node.args[:2] if name in _PAIR_OF_AXES else node.args
        for first, second in pairwise(arguments):
            if any(_is_text(one) or isinstance(one, ast.Starred) for one in (first, second)):
                continue
            texts = source.of(first), source.of(second)
            if texts[0] != texts[1]:
                start, end = source.span(first)[0], source.span(second)[1]
                yield Change("swapped arguments", start, end, f"{texts[1]}, {texts[0]}")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def transpose(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A transposed array as it was."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield source.replaced("transpose", node, source.of(node.value))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TRANSPOSES:
        is_module = isinstance(node.func.value, ast.Name) and node.func.value.id == "np"
        yield source.replaced("transpose", node, source.of(node.args[0] if is_module else node.func.value))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TRANSPOSES and node.args:
        yield source.replaced("transpose", node, source.of(node.args[0]))


def dropped_call(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """The argument of a function of one variable in place of its value: neg(x) becomes x."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        is_scalar_function = isinstance(node.func, ast.Name) and node.func.id not in _CONVERSIONS
        is_of_library = isinstance(node.func, ast.Attribute) and _is_library(node.func.value)
        if (is_scalar_function or is_of_library) and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
            yield source.replaced("dropped call", node, source.of(node.args[0]))


def other_function(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A function's twin: max for min, le for lt, sin for cos."""
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name) and _TWINS.get(called.id) in source.names:
            yield source.replaced("other function", called, _TWINS[called.id])
        elif isinstance(called, ast.Attribute) and called.attr in _TWINS and _is_library(called.value):
            yield source.replaced("other function", called, f"{source.of(called.value)}.{_TWINS[called.attr]}")


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "math")


def accumulation(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """What is added up is subtracted instead, or kept alone."""
    if isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        old, new = _ARITHMETIC[type(node.op)]
        yield source.between("accumulation", node.target, node.value, f"{old}=", f"{new}=")
        yield source.between("accumulation", node.target, node.value, f"{old}=", "=")


def dropped_statement(source: Source, node: ast.AST, function: Function | None) -> Iterator[Change]:
    """A call for its effect, or what is written into an array, is left out."""
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    is_write = isinstance(node, ast.Assign) and any(isinstance(target, ast.Subscript) for target in node.targets)
    if is_call or is_write or isinstance(node, ast.AugAssign):
        assert isinstance(node, ast.stmt)
        yield source.replaced("dropped statement", node, "...")


OPERATORS: tuple[Callable[[Source, ast.AST, Function | None], Iterator[Change]], ...] = (
    *(arithmetic, dropped_term, comparison, condition, constant, index, loop_bound, axis, swapped_arguments),
    *(transpose, dropped_call, other_function, accumulation, dropped_statement),
)


def changes_of(source: Source) -> Iterator[tuple[Change, tuple[Function, ...]]]:
    """Every change of a source that every operator makes, and the functions it lies in, the outermost first."""
    for node, functions in _nodes(source.tree, (), estimates_of(source.tree)):
        for operator in OPERATORS:
            for change in operator(source, node, functions[-1] if functions else None):
                yield change, functions


def _nodes(
    parent: ast.AST, functions: tuple[Function, ...], estimates: frozenset[str]
) -> Iterator[tuple[ast.AST, tuple[Function, ...]]]:
    """The nodes of code that computes: no annotations, docstrings, imports, decorators, messages, estimates of time."""
    for node in _computing(parent, estimates):
        inner = (*functions, node) if isinstance(node, Function) else functions
        yield node, inner
        yield from _nodes(node, inner, estimates)


def _computing(parent: ast.AST, estimates: Collection[str]) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(parent):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        nodes = value if isinstance(value, list) else [value]
        if name == "args" and isinstance(parent, ast.Call) and shares_work(parent):
            nodes = [*nodes[:2], *nodes[3:]]  # the third says how long it takes
        yield from (node for node in nodes if isinstance(node, ast.AST) and not _is_left_out(node, estimates))


def _is_left_out(node: ast.AST, estimates: Collection[str]) -> bool:
    if isinstance(node, ast.FunctionDef):
        return any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id in estimates
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)
