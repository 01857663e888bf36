"""The GPU: `is_available`, `synchronize`, statistics of its memory; each is documented where it is defined."""

from minigrad.backends.gpu import *  # noqa: F403 - its __all__ is what this module offers
