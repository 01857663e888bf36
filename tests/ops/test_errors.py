"""Every call that must fail: its exception, its whole message, and that it changes nothing."""

import numpy as np
import pytest

from minigrad.backends.base import get_backend
from minigrad.tensor import wrap
from tests.ops.table import DEVICE, TABLE

CASES = [
    pytest.param(spec, case, id=f"{spec.name}-{number}")
    for spec in TABLE
    for number, case in enumerate(spec.error_inputs)
]


@pytest.mark.parametrize(("spec", "case"), CASES)
def test_bad_input_is_refused_in_the_words_promised(spec, case):
    backend = get_backend(DEVICE)
    given = [wrap(value.copy(), backend) if isinstance(value, np.ndarray) else value for value in case.inputs]
    with pytest.raises(case.error) as caught:
        spec.function(*given, **case.options)
    assert type(caught.value) is case.error
    assert str(caught.value) == case.message
    for tensor, value in zip(given, case.inputs, strict=True):
        if isinstance(value, np.ndarray):
            assert tensor.array.tobytes() == value.tobytes()
            assert (tensor.version.count, tensor.requires_grad) == (0, False)
