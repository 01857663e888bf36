"""A device that does not exist, for Numba CUDA to compile for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock


@contextlib.contextmanager
def fake_device(compute_capability: tuple[int, int]) -> Iterator[None]:
    """Have Numba CUDA believe that there is a GPU of this compute capability."""
    device = SimpleNamespace(
        compute_capability=compute_capability, id=0, supports_bfloat16=True, supports_float16=True, supports_fp8=False
    )
    context = SimpleNamespace(device=device)

    def get_context(*_: Any, **__: Any) -> Any:
        return context

    with (
        mock.patch("numba.cuda.cudadrv.devices.get_context", get_context),
        mock.patch("numba.cuda.api.current_context", get_context),
    ):
        yield
