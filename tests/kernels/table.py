"""The table of all cases, and a test over each."""

import pytest

from tests.kernels.cases import (
    augment,
    batch_norm,
    conv,
    dropout,
    elementwise,
    index,
    matmul,
    optimise,
    pool,
    random,
    reduce,
    response_norm,
    softmax,
    unfold,
    update,
)
from tests.kernels.cases.case import Case

FAMILIES = (
    *(elementwise, reduce, index, matmul, conv, pool, unfold, dropout, random, softmax),
    *(batch_norm, response_norm, update, optimise, augment),
)
TABLE: list[Case] = [case for family in FAMILIES for case in family.CASES]

each_case = pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
