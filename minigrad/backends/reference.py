"""The reference: plain loops in Python, slow and exact, that the other devices are tested against."""

from minigrad.backends.host import HostBackend

BACKEND = HostBackend("reference", "minigrad_kernels.reference")
