"""What the engine promises of every op is seen by changing what an op must not depend on: old memory, threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np

from minigrad.backends.base import Spec, get_backend
from minigrad.backends.cpu import get_num_threads, set_num_threads


@contextmanager
def new_memory_holds(byte: int, device: str = "cpu") -> Iterator[None]:
    """What `empty` and `scratch` of a device in host memory give is full of one byte; 0xFF makes NaN of a float."""

    def empty(spec: Spec) -> Any:
        return np.full(spec.nbytes, byte, np.uint8).view(spec.dtype).reshape(spec.shape)

    backend = get_backend(device)
    with (
        patch.object(backend, "empty", empty),
        patch.object(backend, "scratch", lambda size: np.full(size, byte, np.uint8)),
    ):
        yield


@contextmanager
def any_number_of_threads() -> Iterator[Callable[[int], None]]:
    """Even tiny work goes to several threads; gives what sets their number, which is as before in the end."""
    before = get_num_threads()
    with ExitStack() as stack:
        for module, bound in (("threads", "SHARE_NANOSECONDS"), ("team", "PART_NANOSECONDS")):
            stack.enter_context(patch.object(import_module(f"minigrad_kernels.cpu.{module}"), bound, 1))
        stack.callback(set_num_threads, before)
        yield set_num_threads
