"""Property tests of ops and gradients. Only `strategies` and `geometry` need Hypothesis; they are imported by name."""

from minigrad.testing.adjoint import check_adjoint
from minigrad.testing.checking import CheckedOp, check_op, check_property
from minigrad.testing.differential import DivergenceError, compare, replay
from minigrad.testing.gradcheck import Checked, gradcheck, gradgradcheck
from minigrad.testing.kinks import declare_kinks
from minigrad.testing.opspec import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.properties import PROPERTIES, Property
from minigrad.testing.shadow import Shadow, float64_shadow

__all__ = [
    "PROPERTIES",
    "Checked",
    "CheckedOp",
    "DivergenceError",
    "ErrorInput",
    "OpSpec",
    "Property",
    "Sample",
    "Shadow",
    "applied",
    "check_adjoint",
    "check_op",
    "check_property",
    "compare",
    "declare_kinks",
    "float64_shadow",
    "gradcheck",
    "gradgradcheck",
    "replay",
]
