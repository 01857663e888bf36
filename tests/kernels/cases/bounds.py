"""How far a result may be from the reference."""

import numpy as np

from tests.kernels.cases.running import run


def exact(case, call, expected):
    return [0 for _ in expected]


def rounded(case, call, expected):
    """4 eps |result|: a single operation."""
    return [4 * epsilon(out) * np.abs(out) for out in expected]


def summed(case, call, expected):
    """4 K eps (|x| * |w|): the kernel of the absolute values is the magnitude of what was summed."""
    magnitude = call._replace(
        outs=tuple(magnitudes(out) for out in call.outs), inputs=tuple(magnitudes(array) for array in call.inputs)
    )
    sizes = run("reference", case.name, magnitude)
    return [4 * call.terms * epsilon(out) * size for out, size in zip(expected, sizes, strict=True)]


def magnitudes(array):
    return np.asarray(np.abs(array), np.float64) if array.dtype.kind == "f" else array


def epsilon(array):
    return np.finfo(array.dtype).eps if array.dtype.kind == "f" else 0
