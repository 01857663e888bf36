"""What goes wrong on a GPU, said as errors of ours: one line of what is missing, and how to get it."""

from __future__ import annotations

import re
from typing import NoReturn

from minigrad.errors import DeviceError, OutOfMemoryError

_INSTALL = "the package numba-cuda is not installed, or not whole; pip install './minigrad[cuda]'"
_ADVICE = {
    # The compiler has parts of several versions, and that of the part which was asked is not the newest.
    r"unsupported.*(ptx|toolchain)": "the NVIDIA driver is too old for the compiled kernels; install a newer one",
    r"driver.mismatch": "the NVIDIA driver has parts of different versions; restart, or install it anew",
    r"compiler cannot be used": _INSTALL,
    r"out.of.memory|memoryerror": "the GPU is out of memory; use smaller batches",
    r"libcuda|driver library|driver.*not found": "there is no NVIDIA driver; install one",
    r"no.(cuda.*)?(device|gpu)": "the NVIDIA driver finds no GPU; nvidia-smi shows what it sees",
}
_OF_DEVICE = ("numba.", "cuda.", "minigrad_kernels.cuda.runtime")


def raise_ours(op: str, error: Exception) -> NoReturn:
    """Raise the error of ours for what a runtime raised while `op` ran, or that itself if no device is to blame."""
    text = " ".join(str(error).split())
    is_of_device = type(error).__module__.startswith(_OF_DEVICE)
    if isinstance(error, ImportError) and not is_of_device:
        raise DeviceError(f"{op}: {_INSTALL}") from error
    if isinstance(error, ValueError) and text.startswith("cuda: "):  # the limits of `launch`
        raise DeviceError(f"{op}: {text.removeprefix('cuda: ')}") from error
    if not (isinstance(error, MemoryError) or is_of_device):
        raise error
    told = f"{type(error).__name__}: {text}"
    for pattern, advice in _ADVICE.items():
        if re.search(pattern, told, re.IGNORECASE):
            kind = OutOfMemoryError if "out of memory" in advice else DeviceError
            raise kind(f"{op}: {advice} (docs/cuda.md)") from error
    is_said = type(error).__name__ == "UnavailableError"
    raise DeviceError(f"{op}: {text if is_said else 'the GPU failed: ' + told}") from error
