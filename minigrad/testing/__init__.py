"""Property tests of ops and gradients. Only `strategies` and `geometry` need Hypothesis; they are imported by name."""

from minigrad.testing.adjoint import check_adjoint
from minigrad.testing.checking import CheckedOp, check_op, check_property
from minigrad.testing.gradcheck import Checked, gradcheck, gradgradcheck
from minigrad.testing.kinks import declare_kinks
from minigrad.testing.opspec import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.properties import PROPERTIES, Property

__all__ = [
    "PROPERTIES",
    "Checked",
    "CheckedOp",
    "ErrorInput",
    "OpSpec",
    "Property",
    "Sample",
    "applied",
    "check_adjoint",
    "check_op",
    "check_property",
    "declare_kinks",
    "gradcheck",
    "gradgradcheck",
]
