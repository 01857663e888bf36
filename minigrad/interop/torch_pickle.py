"""The part of the pickle format that files of tensors use, read by a machine that can do nothing else.

A pickle is a program for a stack machine, and Python's own runs whatever function a file names. This one knows the
instructions that build tuples, lists and dicts, and the few names that it is given a meaning for. At any other it
stops.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any

from minigrad.errors import DataError

Meaning = Callable[..., Any]

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_PIECE = 2**20
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
_LITERALS |= {"BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING", "SHORT_BINBYTES"}
_PUTS, _GETS = {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


class Name:
    """A name of the table: what a file may call."""

    def __init__(self, name: str, meaning: Meaning) -> None:
        self.name, self.meaning = name, meaning


class Pieces:
    """A stream that reserves no more memory for a read than there is to be read, whatever length a file claims."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.readline, self.tell = stream.readline, stream.tell

    def read(self, size: int) -> bytes:
        """The next `size` bytes, or those there are."""
        pieces: list[bytes] = []
        while size > 0 and (piece := self._stream.read(min(size, _PIECE))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


class Machine:
    """Reads one object after the other from a stream of pickles.

    Parameters
    ----------
    stream : binary file
        It is left behind the last instruction that was read.
    names : mapping of str to callable
        What ``module.name`` means; a name that is not here ends the reading with a DataError.
    persistent : callable
        What an identifier stands for: of data that lie outside of the pickle.
    """

    def __init__(self, stream: IO[bytes], names: Mapping[str, Meaning], persistent: Meaning) -> None:
        self._names, self._persistent = names, persistent
        self._stream: Any = Pieces(stream)
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        """The next object."""
        self._stack, self._memo = [], {}
        for opcode, argument, _ in pickletools.genops(self._stream):
            if opcode.name == "STOP":
                return self._stack.pop()
            self._do(opcode.name, argument)
        raise DataError("the pickle ends before its end")

    def _do(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _PUTS:
            self._memo[int(argument)] = self._stack[-1]
        elif name in _GETS:
            self._stack.append(self._memo[int(argument)])
        elif name in _TUPLES:
            items = [self._stack.pop() for _ in range(_TUPLES[name])]
            self._stack.append(tuple(items[::-1]))
        elif name not in ("PROTO", "FRAME"):
            method = getattr(self, f"_do_{name.lower()}", None)
            if method is None:
                raise DataError(f"it has the instruction {name}, which files of tensors do without")
            method(argument)

    def _since_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _do_mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _do_memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _do_empty_dict(self, _: Any) -> None:
        self._stack.append({})

    def _do_empty_list(self, _: Any) -> None:
        self._stack.append([])

    def _do_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _do_append(self, _: Any) -> None:
        item = self._stack.pop()
        self._top(list).append(item)

    def _do_appends(self, _: Any) -> None:
        items = self._since_mark()
        self._top(list).extend(items)

    def _do_setitem(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._top(dict)[key] = value

    def _do_setitems(self, _: Any) -> None:
        items = self._since_mark()
        self._top(dict).update(zip(items[::2], items[1::2], strict=True))

    def _do_global(self, argument: str) -> None:
        self._stack.append(self._known(argument.replace(" ", ".", 1)))

    def _do_stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(self._known(f"{module}.{name}"))

    def _do_reduce(self, _: Any) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise DataError("it calls what is no function")
        self._stack.append(function.meaning(*arguments))

    def _do_build(self, _: Any) -> None:
        self._stack.pop()  # the metadata that PyTorch hangs on a state dict
        self._top(dict)

    def _do_binpersid(self, _: Any) -> None:
        self._stack.append(self._persistent(self._stack.pop()))

    def _top(self, kind: type[Any]) -> Any:
        if not isinstance(self._stack[-1], kind):
            raise DataError(f"it changes a {type(self._stack[-1]).__name__} as if it were a {kind.__name__}")
        return self._stack[-1]

    def _known(self, name: str) -> Name:
        if name not in self._names:
            raise DataError(f"it names {name}, which is no part of tensors; nothing of it was run")
        return Name(name, self._names[name])
