"""Seeds and streams. Random numbers are a pure function of (seed, stream, offset): Philox, a counter-based generator.

A stream's whole state is its offset, so that a checkpoint holds a few integers. Streams are separate, so that the order
of the images, say, does not depend on whether there is dropout.
"""

from __future__ import annotations

import threading
from typing import Any

from minigrad.checks import as_int, as_state
from minigrad.errors import DataError, ShapeError

INITIALISATION, DROPOUT, SHUFFLING, AUGMENTATION = range(4)
_STREAMS = ("initialisation", "dropout", "shuffling", "augmentation")
_lock = threading.Lock()
_seed = 0
_offsets = [0] * len(_STREAMS)


def manual_seed(seed: int) -> None:
    """Start every stream anew with `seed`, an integer in [0, 2**64); it is 0 when a program starts."""
    global _seed
    number = _as_word("manual_seed", "seed", seed)
    with _lock:
        _seed = number
        _offsets[:] = [0] * len(_STREAMS)


def initial_seed() -> int:
    """The seed in force."""
    return _seed


def draw(stream: int, count: int) -> tuple[int, int]:
    """Reserve `count` words of a stream: (seed, offset of the first); the next one starts at a multiple of 4."""
    with _lock:
        offset = _offsets[stream]
        _offsets[stream] = offset + (count + 3) // 4 * 4
        return _seed, offset


def get_rng_state() -> dict[str, int]:
    """The seed and the offset of each stream."""
    with _lock:
        return {"seed": _seed} | dict(zip(_STREAMS, _offsets, strict=True))


def set_rng_state(state: dict[str, Any]) -> None:
    """Go back to a state that `get_rng_state` gave."""
    global _seed
    given = as_state("set_rng_state", state, "seed", *_STREAMS)
    seed, *offsets = [_as_word("set_rng_state", name, given[name]) for name in ("seed", *_STREAMS)]
    with _lock:
        _seed = seed
        _offsets[:] = offsets


def _as_word(caller: str, name: str, value: Any) -> int:
    """`value` as an integer of 64 bits."""
    try:
        return as_int(caller, name, value, 0, 2**64 - 1)
    except ShapeError as error:
        raise DataError(str(error)) from None
