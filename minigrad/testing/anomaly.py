"""Where the first NaN of a program came from: it is run under anomaly mode, and its outputs are looked at too."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

from minigrad.autograd import Op
from minigrad.dtypes import FLOATS
from minigrad.tape import calling_line, detect_anomaly
from minigrad.tensor import Tensor


class FirstNan(detect_anomaly):
    """Anomaly mode that also remembers the first op with a NaN in its output and none in its inputs."""

    def __enter__(self) -> FirstNan:
        self.said = ""
        self.on_tape = False
        super().__enter__()
        return self

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """Look for a NaN."""
        super().applied(op, inputs, params, outs, seconds)
        if not self.said and _any_nan(outs) and not _any_nan(inputs):
            self.said = f"the first NaN is the result of {op.name}, whose inputs have none; it ran at\n{calling_line()}"
            self.on_tape = outs[0].node is not None


def first_nan(program: Callable[[], object]) -> str:
    """Run a program, whose output and errors nobody sees; say which op made the first NaN, or nothing."""
    seen = FirstNan()
    try:
        with seen, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            program()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # pytest's own outcomes are no Exceptions
        if str(error).startswith("anomaly: "):
            # What is not on the tape is part of the rule that the error names.
            return f"{seen.said}\n{error}" if seen.on_tape else str(error)
    return seen.said


def _any_nan(tensors: Iterable[Tensor]) -> bool:
    arrays = (one.backend.to_numpy(one.array) for one in tensors if one.dtype in FLOATS and one.device != "meta")
    return any(np.isnan(array).any() for array in arrays)
