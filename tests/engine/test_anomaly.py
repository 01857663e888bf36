import linecache
import sys

import pytest

import minigrad as mg
from minigrad.errors import GraphError
from minigrad.ops.matmul import linear_relu


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def zero_over_zero(x):
    """The gradient of the root at 0 is 0 / 0."""
    root = mg.sqrt(x)
    return (root * 0.0).sum()


def test_the_error_names_the_op_and_the_line_of_its_forward_pass():
    number = zero_over_zero.__code__.co_firstlineno + 2
    assert linecache.getline(__file__, number).strip() == "root = mg.sqrt(x)"
    with mg.detect_anomaly():
        out = zero_over_zero(leaf([4.0, 0.0]))
        with pytest.raises(GraphError) as caught:
            out.backward()
    assert "the gradient of sqrt for 'input' has a NaN" in str(caught.value)
    assert f"{__file__}:{number}: root = mg.sqrt(x)" in str(caught.value)


def test_an_op_with_an_epilogue_has_its_line_for_either_rule():
    for seed, op in ((0.0, "linear_relu"), (float("nan"), "relu")):
        with mg.detect_anomaly():
            out = linear_relu(leaf([[1.0]]), leaf([[float("inf")]]), None)
            with pytest.raises(GraphError, match=rf"the gradient of {op} for 'input' has a NaN.*\n.*linear_relu\(leaf"):
                out.backward(leaf([[seed]]))


def test_a_gradient_without_nan_passes():
    x = leaf([4.0, 1.0])
    with mg.detect_anomaly():
        mg.sqrt(x).sum().backward()
    assert x.grad.tolist() == [0.25, 0.5]


def test_a_forward_pass_outside_is_named_as_such():
    out = zero_over_zero(leaf([0.0]))
    with mg.detect_anomaly(), pytest.raises(GraphError, match=r"sqrt for 'input' has a NaN.*\n  a line outside"):
        out.backward()


def test_the_mode_ends_with_its_context():
    x = leaf([0.0])
    with mg.detect_anomaly():
        out = zero_over_zero(x)
    out.backward()
    assert x.grad.item() != x.grad.item()


def test_the_mode_ends_with_an_error():
    with pytest.raises(GraphError, match="NaN"), mg.detect_anomaly():
        zero_over_zero(leaf([0.0])).backward()
    zero_over_zero(leaf([0.0])).backward()


def test_lines_inside_a_module_s_forward_are_named():
    class Root(mg.nn.Module):
        def forward(self, x):
            self.line = sys._getframe().f_lineno + 1
            return mg.sqrt(x)

    module = mg.nn.Sequential(Root())
    with mg.detect_anomaly(), pytest.raises(GraphError) as caught:
        (module(leaf([0.0])) * 0.0).sum().backward()
    assert f"{__file__}:{module[0].line}: return mg.sqrt(x)" in str(caught.value)
