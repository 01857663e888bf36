"""How a person is warned, where nobody says otherwise."""

from __future__ import annotations

import warnings

from minigrad.errors import MinigradWarning


def warn(text: str) -> None:
    """Issue a `MinigradWarning` for the caller's caller."""
    warnings.warn(text, MinigradWarning, stacklevel=3)
