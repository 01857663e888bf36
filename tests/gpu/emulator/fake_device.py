"""A device that does not exist, for Numba CUDA to compile for."""

import contextlib
from types import SimpleNamespace
from unittest import mock


@contextlib.contextmanager
def fake_device(compute_capability):
    """Numba CUDA believes that there is a GPU of this compute capability."""
    device = SimpleNamespace(
        compute_capability=compute_capability, id=0, supports_bfloat16=True, supports_float16=True, supports_fp8=False
    )
    context = SimpleNamespace(device=device)

    def get_context(*_, **__):
        return context

    with (
        mock.patch("numba.cuda.cudadrv.devices.get_context", get_context),
        mock.patch("numba.cuda.api.current_context", get_context),
    ):
        yield
