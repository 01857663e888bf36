"""Property tests of ops and gradients. Only `strategies` and `geometry` need Hypothesis; they are imported by name."""

from minigrad.testing.adjoint import check_adjoint
from minigrad.testing.gradcheck import gradcheck, gradgradcheck
from minigrad.testing.opspec import ErrorInput, OpSpec, Sample, applied

__all__ = ["ErrorInput", "OpSpec", "Sample", "applied", "check_adjoint", "gradcheck", "gradgradcheck"]
