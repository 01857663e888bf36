"""Property tests of ops and gradients. Only `strategies` and `geometry` need Hypothesis; they are imported by name."""

from minigrad.testing.adjoint import check_adjoint
from minigrad.testing.gradcheck import Checked, gradcheck, gradgradcheck
from minigrad.testing.kinks import declare_kinks
from minigrad.testing.opspec import ErrorInput, OpSpec, Sample, applied

__all__ = [
    "Checked",
    "ErrorInput",
    "OpSpec",
    "Sample",
    "applied",
    "check_adjoint",
    "declare_kinks",
    "gradcheck",
    "gradgradcheck",
]
