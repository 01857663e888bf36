"""Compile every CUDA kernel for real GPUs, without one, and fail on what a GPU would suffer from.

    python tools/cuda_check.py sm_75 sm_80 sm_90

Each kernel is compiled for each of its dtypes to PTX by Numba CUDA and NVVM, and on to a cubin by ptxas, which says
what it uses. It is an error if a kernel spills registers or keeps arrays in local memory, takes more than 48 KB of
shared memory, computes in float64 although none of its arrays is float64, or does not compile at all.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

MOST_SHARED = 48 * 1024
REGISTERS = 65_536
REGISTERS_AT_ONCE = 256  # registers are given to warps in multiples
WARP = 32


class Target(NamedTuple):
    """What limits how many threads a multiprocessor keeps: CUDA C++ Programming Guide, technical specifications."""

    threads: int
    blocks: int
    shared: int


TARGETS = {
    "sm_75": Target(1024, 16, 64 * 1024),
    "sm_80": Target(2048, 32, 164 * 1024),
    "sm_90": Target(2048, 32, 228 * 1024),
}


class Report(NamedTuple):
    """What ptxas says of a kernel."""

    registers: int
    spilled: int
    local: int
    shared: int
    float64: int

    def occupancy(self, block: int, target: Target) -> float:
        """Return the share of a multiprocessor's threads that can be there at once."""
        warps = -(-block // WARP)
        per_warp = -(-self.registers * WARP // REGISTERS_AT_ONCE) * REGISTERS_AT_ONCE
        by_registers = REGISTERS // per_warp // warps if per_warp else target.blocks
        by_shared = target.shared // self.shared if self.shared else target.blocks
        blocks = min(by_registers, by_shared, target.threads // block, target.blocks)
        return blocks * block / target.threads

    def faults(self, uses_float64: bool) -> list[str]:
        """Return what is wrong, in words."""
        found = []
        if self.spilled:
            found.append(f"spills {self.spilled} bytes")
        elif self.local:
            found.append(f"keeps {self.local} bytes of a thread in local memory")
        if self.shared > MOST_SHARED:
            found.append(f"takes {self.shared} bytes of shared memory")
        if self.float64 and not uses_float64:
            found.append(f"{self.float64} float64 instructions")
        return found


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


def find_ptxas() -> str:
    """Return the path of ptxas: that of the CUDA packages, or of an installed toolkit."""
    specification = importlib.util.find_spec("nvidia")
    for root in specification.submodule_search_locations or () if specification else ():
        for path in Path(root).glob("cu*/bin/ptxas"):
            return str(path)
    found = shutil.which("ptxas")
    if found is None:
        sys.exit("ptxas is missing: pip install './minigrad[cuda]' brings it")
    return found


def load_kernels() -> tuple[Any, ...]:
    """Import every module of CUDA kernels, and return the kernels."""
    package = importlib.import_module("minigrad_kernels.cuda")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "driver":
            importlib.import_module(f"{package.__name__}.{module.name}")
    kernels: tuple[Any, ...] = importlib.import_module("minigrad_kernels.cuda.compiler").registered_kernels()
    return kernels


def report(kernel: Any, types: Any, target: str, ptxas: str) -> Report:
    """Compile a kernel for a target; RuntimeError with the compiler's words if it does not compile."""
    cuda = importlib.import_module("minigrad_kernels.cuda.language").cuda
    capability = (int(target[3:-1]), int(target[-1]))
    with fake_device(capability):
        ptx, _ = cuda.compile_ptx(
            kernel.function, kernel.signature(types), cc=capability, lineinfo=True, launch_bounds=kernel.block
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [ptxas, "-v", f"-arch={target}", "-o", str(Path(folder) / "kernel.cubin"), "-"]
        run = subprocess.run(command, input=ptx, text=True, capture_output=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr)

    def total(pattern: str) -> int:
        return sum(map(int, re.findall(pattern, run.stderr)))

    return Report(
        registers=total(r"Used (\d+) registers"),
        spilled=total(r"(\d+) bytes spill"),
        local=total(r"(\d+) bytes stack frame"),
        shared=total(r"(\d+) bytes smem"),
        float64=len(re.findall(r"\.f64\b", ptx)),
    )


def rows(targets: list[str], only: str) -> Iterator[tuple[str, list[str]]]:
    """Yield a line of the table for each kernel, dtype and target, and what is wrong with it."""
    ptxas = find_ptxas()
    for kernel in load_kernels():
        if only not in kernel.name:
            continue
        for types in kernel.types:
            names = types.T.name if types.T == types.S else f"{types.T.name}, {types.S.name}"
            names += f" x {types.width}" if types.width > 1 else ""
            uses_float64 = np.dtype("float64") in types[:2] or any("float64" in word for word in kernel.words)
            for target in targets:
                try:
                    found = report(kernel, types, target, ptxas)
                except Exception as error:  # whatever a compiler raises is a fault of the kernel
                    yield f"{kernel.name:44s} {names:18s} {target}", [f"does not compile: {error}"]
                    continue
                share = found.occupancy(kernel.block, TARGETS[target])
                numbers = f"{found.registers:5d} {found.spilled:6d} {found.shared:7d} {share:10.0%} {found.float64:8d}"
                yield f"{kernel.name:44s} {names:18s} {target} {numbers}", found.faults(uses_float64)


def main() -> int:
    """Print the table; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--only", default="", help="part of a kernel's name")
    options = parser.parse_args()
    for unknown in set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {unknown}; there are {', '.join(TARGETS)}")
    print(f"{'kernel':44s} {'dtypes':18s} {'for':5s}  regs  spill  shared  occupancy  float64")
    count, wrong = 0, []
    for line, faults in rows(options.targets or list(TARGETS), options.only):
        print(line, "  ".join(["", *faults]), flush=True)
        count += 1
        wrong += [f"{' '.join(line.split()[:2])}: {fault}" for fault in faults]
    print(f"{count} compilations, {len(wrong)} faults")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
