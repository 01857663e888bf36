"""Whether the tape records: a context variable, so that contexts, decorators and threads behave."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from minigrad.errors import GraphError

_recording: ContextVar[bool] = ContextVar("recording", default=True)
_RUNS_IN_PIECES = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Recording(ContextDecorator):
    """Switches recording on or off: as a context, as a decorator, for the current thread alone."""

    def __init__(self, on: bool) -> None:
        self._on = on
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_recording.set(self._on))

    def __exit__(self, *_: object) -> None:
        _recording.reset(self._tokens.pop())

    def _recreate_cm(self) -> Recording:
        return Recording(self._on)

    def __call__(self, func: _Function) -> _Function:
        """Decorate a function; one that runs in pieces would record, or not, at the wrong times."""
        if any(runs_in_pieces(func) for runs_in_pieces in _RUNS_IN_PIECES):
            raise GraphError(f"no_grad, enable_grad: {func.__name__} runs in pieces; use the context inside it instead")
        return super().__call__(func)


def no_grad() -> Recording:
    """Stop recording, as a context or as a decorator, in the current thread."""
    return Recording(False)


def enable_grad() -> Recording:
    """Record again inside a `no_grad`."""
    return Recording(True)


def is_grad_enabled() -> bool:
    """Whether the current thread records."""
    return _recording.get()
