"""Every vector width runs on any host: the other tests of conv and matmul have run the host's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad_kernels.cpu import simd

HERE = Path(__file__).parent


@pytest.mark.parametrize("bits", [bits for bits in simd.WIDTHS if bits != simd.VECTOR_BITS])
def test_width(bits, tmp_path):
    """Run their tests in float32, and products in float64, again, in a process with vectors of this width."""
    environment = os.environ | {"MINIGRAD_SIMD_BITS": str(bits), "MINIGRAD_CACHE_DIR": str(tmp_path)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        "float32 or random or bad_values or (test_product and float64)",
    ]
    files = [str(HERE / f"test_{name}_cpu.py") for name in ("conv", "matmul", "winograd")]
    done = subprocess.run(command + files, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_unknown_width_is_refused():
    environment = os.environ | {"MINIGRAD_SIMD_BITS": "1024"}
    command = [sys.executable, "-c", "import minigrad_kernels.cpu.simd"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "MINIGRAD_SIMD_BITS must be one of" in done.stderr
