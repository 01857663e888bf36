"""What is no tensor is refused in the name of the function, before anything is done with it."""

from inspect import Parameter, signature

import pytest

import minigrad as mg
from minigrad.errors import DTypeError
from minigrad.ops.index import getitem
from minigrad.ops.transfer import to_device
from tests.ops.test_completeness import public_functions

FUNCTIONS = {function.__name__: function for function in (*public_functions(), getitem, to_device)}
SPOKEN_FOR = {
    **dict.fromkeys(("float", "double", "long", "int", "bool"), "cast"),
    "floor_divide": "div",
    "getitem": "index",
}
WORDS = (
    "must be a Tensor, this is str; use minigrad.tensor",
    "numbers are required, got str",
    "tensors must be a sequence of tensors, got 'text'",
)


def required(function):
    return [one for one in signature(function).parameters.values() if one.default is Parameter.empty]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_text_is_no_tensor(name):
    others = [mg.ones(2)] * (len(required(FUNCTIONS[name])) - 1)
    with pytest.raises(DTypeError) as caught:
        FUNCTIONS[name]("text", *others)
    said, _, what = str(caught.value).partition(": ")
    assert said == SPOKEN_FOR.get(name, name)
    assert what.endswith(WORDS)
