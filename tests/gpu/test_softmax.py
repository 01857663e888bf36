"""What the softmax loss does where the host would have refused."""

import numpy as np

from tests.gpu.running import run
from tests.kernels.cases.case import Call, poisoned


def test_loss_of_a_target_outside_is_nan_and_so_is_its_gradient():
    x, target = np.zeros((5, 3), "float32"), np.array([0, -1, 3, 2**40, 2])
    outs = poisoned("float32", (5,)), poisoned("float32", (5, 2))
    loss, scale = run("softmax.softmax_loss", Call(outs, (x, target)))
    assert np.isnan(loss).tolist() == [False, True, True, True, False]
    assert np.array_equal(scale, np.full((5, 2), [0, 1 / 3], "float32"))
    inputs = np.ones(5, "float32"), x, target, scale
    (dx,) = run("softmax.softmax_loss_input_grad", Call((poisoned("float32", (5, 3)),), inputs))
    assert np.isnan(dx).all(axis=1).tolist() == [False, True, True, True, False]
    assert np.isfinite(dx[[0, 4]]).all()
