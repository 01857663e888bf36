"""What goes wrong on a GPU, said as errors of ours: one line of what is missing, and how to get it."""

from __future__ import annotations

import re
from typing import NoReturn

from minigrad.errors import DeviceError
from minigrad_kernels.cuda.errors import Unavailable

_ADVICE = {
    r"unsupported.*(ptx|toolchain)": "the driver is too old for the kernels; install a newer one, or older compilers",
    r"out.of.memory|memoryerror": "the device is out of memory; use smaller batches",
    r"libcuda|driver.*(not found|cannot be found|missing)": "there is no NVIDIA driver; install one",
    r"no.(cuda.*)?device": "the driver finds no GPU; nvidia-smi shows what it sees",
}
_FOREIGN = ("numba.", "cuda.")


def raise_ours(op: str, error: Exception) -> NoReturn:
    """Raise the error of ours for what a runtime raised while `op` ran, or that itself if no device is to blame."""
    text = " ".join(str(error).split())
    if isinstance(error, Unavailable | ImportError):
        raise DeviceError(f"{op}: {text}") from error
    if isinstance(error, ValueError) and text.startswith("cuda: "):  # the limits of `launch`
        raise DeviceError(f"{op}: {text.removeprefix('cuda: ')}") from error
    if not (isinstance(error, MemoryError) or type(error).__module__.startswith(_FOREIGN)):
        raise error
    told = f"{type(error).__name__}: {text}"
    advice = [advice for pattern, advice in _ADVICE.items() if re.search(pattern, told, re.IGNORECASE)]
    raise DeviceError(f"{op}: {(advice or ['the GPU failed'])[0]} (docs/cuda.md): {told}") from error
