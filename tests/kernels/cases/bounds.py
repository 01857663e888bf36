"""How far a result may be from the reference."""

import numpy as np

from tests.kernels.cases.running import run


def exact(case, call, expected):
    return [0 for _ in expected]


def rounded(case, call, expected):
    """4 eps |result|: a single operation."""
    return [4 * epsilon(out) * np.abs(out) for out in expected]


def summed(case, call, expected):
    """4 K eps (|x| * |w|)."""
    sizes = magnitude(case, call)
    return [4 * call.terms * epsilon(out) * size for out, size in zip(expected, sizes, strict=True)]


def magnitude(case, call):
    """The magnitude of what was summed, |x| * |w|: the kernel of the absolute values."""
    outs, inputs = (tuple(magnitudes(array) for array in arrays) for arrays in (call.outs, call.inputs))
    return run("reference", case.name, call._replace(outs=outs, inputs=inputs))


def magnitudes(array):
    return np.asarray(np.abs(array), np.float64) if array.dtype.kind == "f" else array


def epsilon(array):
    return np.finfo(array.dtype).eps if array.dtype.kind == "f" else 0
