"""An element whose random word is the threshold itself is kept, on every device."""

import numpy as np
import pytest

from minigrad_kernels.cpu import dropout as cpu
from minigrad_kernels.reference import dropout as reference
from minigrad_kernels.reference.words import random_word


@pytest.mark.parametrize("device", [cpu, reference])
@pytest.mark.parametrize("element", [0, 5])
def test_the_threshold_is_kept(device, element):
    x, out = np.ones(8), np.full(8, np.nan)
    words = [random_word(3 + i, 11, cpu.STREAM) for i in range(8)]
    device.dropout(out, x, words[element], 2.0, 11, 3)
    assert out.tolist() == [2.0 if word >= words[element] else 0.0 for word in words]
    device.dropout(out, x, words[element] + 1, 2.0, 11, 3)
    assert out[element] == 0
