"""Work of several blocks, each of which has to come back for more, ragged at its end, against the reference."""

import numpy as np
import pytest

from minigrad_kernels.cuda import launch
from tests.gpu.running import run
from tests.gpu.test_kernels import CASES
from tests.kernels.cases.running import run as run_on_host
from tests.kernels.test_kernels import assert_close

FAMILIES = ("pool", "unfold", "index", "softmax", "reduce", "batch_norm", "response_norm")
LARGE = [(case, sizes) for case in CASES if case.name.partition(".")[0] in FAMILIES for sizes in case.large]


@pytest.mark.parametrize(("case", "sizes"), LARGE, ids=lambda value: getattr(value, "name", ""))
def test_large_work_equals_reference(case, sizes, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 3)
    call = case.build(np.random.default_rng(0), "float32", **sizes)
    expected = run_on_host("reference", case.name, call)
    for result, answer, bound in zip(run(case.name, call), expected, case.bound(case, call, expected), strict=True):
        assert_close(result, answer, bound)
