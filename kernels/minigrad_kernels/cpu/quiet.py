"""Calls a NumPy function without its warnings: overflow and division by zero have IEEE results, which are right here.

`np.errstate` around every call would cost more than a small addition. The state lives in a context variable, so each
thread keeps a context in which it was set once, and running a function there costs next to nothing.
"""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


class _Context(threading.local):
    """A thread's own context: one context cannot run in two threads at once."""

    def __init__(self) -> None:
        context = contextvars.copy_context()
        context.run(np.seterr, all="ignore")
        self.run: Callable[..., Any] = context.run


_context = _Context()


def quiet(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return function(*arguments, **options), warnings of floating-point arithmetic off."""
    return _context.run(function, *arguments, **options)
