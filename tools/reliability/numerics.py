"""Measure the errors of ops on hard inputs beside NumPy's and PyTorch's: `make numerics`.

The exact results are the formulas in float64. It fails if an error exceeds its stated bound, or, where PyTorch is
installed, twice PyTorch's error; errors of less than one rounding of the scale are never a failure.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from typing import Any, NamedTuple

import numpy as np
from numerics_cases import CASES, EPS, Case
from page import markdown_table, write_section

import minigrad

AT_MOST = 2.0  # times PyTorch's error
ROUNDING = 1.0  # units: an error of half a unit against one of 1 is no finding


class Errors(NamedTuple):
    """The largest errors in units of rounding; None where there is no such function or library."""

    ours: float
    numpy: float | None
    torch: float | None


def measured(case: Case, seed: int = 0) -> Errors:
    """Run a case everywhere."""
    arrays = case.make(np.random.default_rng(seed))
    exact = _exact(case, arrays)
    wide = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
    scale = np.abs(exact) if case.scale is None else case.scale(*wide)

    def units(found: Any) -> float:
        errors = np.abs(np.asarray(found, np.float64) - exact) / np.maximum(np.abs(scale), np.finfo(np.float32).tiny)
        return float(errors.max() / EPS)

    ours = case.run(minigrad, *[minigrad.from_numpy(array) for array in arrays]).detach().numpy()
    with np.errstate(all="ignore"):
        numpy = None if case.numpy is None else units(case.numpy(*arrays))
    return Errors(units(ours), numpy, units(_of_torch(case, arrays)) if _torch_is_there() else None)


def _exact(case: Case, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    """In float64: by the formula where there is one, for the reference's loops take long, else by the reference."""
    wide = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
    if case.numpy is not None:
        with np.errstate(all="ignore"):
            return np.asarray(case.numpy(*wide))
    tensors = [minigrad.from_numpy(array).to("reference") for array in wide]
    return np.asarray(case.run(minigrad, *tensors).detach().cpu().numpy())


def _torch_is_there() -> bool:
    return importlib.util.find_spec("torch") is not None


def _of_torch(case: Case, arrays: tuple[np.ndarray, ...]) -> Any:
    torch = importlib.import_module("torch")
    return case.run(torch, *[torch.from_numpy(array) for array in arrays]).detach().numpy()


def main() -> int:
    """Measure every case, print the table, and say what is too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()
    rows, failures = [], []
    for case in CASES:
        errors = measured(case)
        shown = ["-" if error is None else f"{error:.2f}" for error in errors]
        rows.append((case.op, case.inputs_are, f"{case.bound:g}", *shown))
        if errors.ours > case.bound:
            failures.append(f"{case.op}, {case.inputs_are}: {errors.ours:.2f} exceeds the stated {case.bound:g}")
        if errors.torch is not None and errors.ours > max(AT_MOST * errors.torch, ROUNDING):
            failures.append(f"{case.op}, {case.inputs_are}: {errors.ours:.2f} is more than twice {errors.torch:.2f}")
    text = markdown_table(("op", "inputs", "stated", "minigrad", "NumPy", "PyTorch"), rows, right=2)
    print(text)
    verdict = "Misses: " + "; ".join(failures) + "." if failures else "No error exceeds its bound, or twice PyTorch's."
    print(verdict)
    if arguments.write:
        write_section("numerics", f"{text}\n\n{verdict}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
