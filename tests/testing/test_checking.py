"""`check_op`: every property can fail, and what it says can be pasted."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DataError, DeviceError, DTypeError, MinigradError, ShapeError
from minigrad.testing import PROPERTIES, ErrorInput, OpSpec, Sample, check_op, check_property, declare_kinks
from minigrad.testing.fills import floats
from minigrad.testing.geometry import convolutions
from minigrad.testing.layouts import LAYOUTS, relaid
from minigrad.testing.reproduction import reproduction
from minigrad.testing.strategies import filled, samples

TEXT = ErrorInput(("text",), DataError, "cube: no text")


def record(kernel=lambda out, x: np.power(x, 3, out=out), slope=lambda x: 3 * x * x, refused=(TEXT,), **options):
    """The record of a cube, which may be wrong in any way."""
    op = mg.Op("cube", ("input",), lambda x: x, vjp={"input": lambda grad, input: grad * slope(input)})
    mg.register_kernel(op, "cpu", kernel)

    def cube(input):
        if not isinstance(input, mg.Tensor):
            raise DataError("cube: no text")
        return mg.apply(op, (input,))

    options = {"reference": lambda x: x**3, "nan": (0,), "error_inputs": refused, **options}
    return OpSpec("cube", cube, filled(floats), op, **options)


RIGHT = record()
WRONG = [record(slope=lambda x: 2 * x * x)]


def only(name):
    return next(property for property in PROPERTIES if property.name == name)


def test_a_right_op_has_every_property_that_says_something_of_it():
    done = check_op(RIGHT, examples=5)
    assert set(done.examples) == {property.name for property in PROPERTIES} - {"adjoint"} | {"error_input"}
    assert all(count >= 1 for count in done.examples.values())
    assert done.left_out == {"adjoint": "linear in no input"}
    assert str(done).split() == [
        *("cube", "examples"),
        *(word for name, count in done.examples.items() for word in (name, str(count))),
        *("adjoint", "linear", "in", "no", "input"),
    ]


def test_without_a_reference_there_is_no_comparison_with_one():
    left_out = check_op(record(reference=None), examples=2).left_out
    assert left_out["forward"] == "no reference: cube: the device 'reference' has no kernel for it"
    with pytest.raises(DeviceError):
        check_property(record(reference=None), only("forward"), examples=2)


def writes(out, x):
    np.power(x, 3, out=out)
    x += 1


def one_short(out, x):
    np.power(x.flat[1:], 3, out=out.reshape(-1)[1:])


def by_threads(out, x):
    np.power(x, 3, out=out)
    out += mg.get_num_threads()


def of_some(out, x):
    assert x.size, "there must be something"
    np.power(x, 3, out=out)


BROKEN = {
    "forward": record(reference=lambda x: x**3 + 1e-9),
    "gradient": record(slope=lambda x: 2 * x * x),
    "second_gradient": record(slope=lambda x: (3 * x * x).detach()),
    "adjoint": record(linear=(0,)),
    "no_elements": record(of_some),
    "unchanged_inputs": record(writes),
    "old_memory": record(one_short),
    "threads": record(by_threads),
    "nan": record(lambda out, x: np.nan_to_num(x, copy=False) is np.power(x, 3, out=out)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_property_can_fail(name):
    with pytest.raises(AssertionError) as caught:
        check_property(BROKEN[name], only(name), examples=30)
    assert f"properties.{name}(" in caught.value.__notes__[0]


def test_layouts_can_fail():
    op = mg.Op("strided", ("input",), lambda x: x)
    mg.register_kernel(op, "cpu", lambda out, x: out.fill(float(x.flags.c_contiguous)), strided=True)
    spec = OpSpec("strided", lambda x: mg.apply(op, (x,)), filled(floats), op)
    with pytest.raises(AssertionError, match=r"^strided: \d+ of \d+ differ"):
        check_property(spec, only("layouts"), examples=50)


def test_a_failure_is_shrunk_and_can_be_pasted():
    with pytest.raises(AssertionError) as caught:
        check_op(WRONG[0])
    (note,) = caught.value.__notes__
    lines = note.splitlines()
    assert lines[:3] == ["To see it again:", "", "from minigrad.testing import properties"]
    assert lines[3].endswith("test_checking import WRONG")
    assert lines[4:] == [
        "",
        "spec = next(one for one in WRONG if one.name == 'cube')",
        "sample = spec.sample(0, shape=())",
        "properties.gradient(spec, sample)",
    ]
    pasted = "\n".join([lines[2], *lines[4:]])
    with pytest.raises(AssertionError) as again:
        exec(pasted, {"WRONG": WRONG})
    assert str(again.value) == str(caught.value)
    assert not hasattr(again.value, "__notes__")


def failing(drawn):
    """The note of a record that no module holds."""
    spec = OpSpec("none", lambda x, **_: x, drawn, reference=lambda x, **_: x[None])
    with pytest.raises(AssertionError) as caught:
        check_property(spec, only("forward"), examples=5)
    return caught.value.__notes__[0], spec


def test_sizes_that_are_objects_are_imported():
    def build(rng, conv, dtype):
        return Sample((floats(rng, (2,)),), {"conv": conv})

    note, spec = failing(samples(build, conv=convolutions(), dtype=st.just(mg.float32)))
    assert "from minigrad.testing.geometry import Convolution\n" in note
    assert "from numpy import dtype\n" in note
    assert "spec = ...  # the record 'none'\n" in note
    with pytest.raises(AssertionError, match=r"^none: "):
        exec(note.partition("\n")[2].replace("spec = ...", "spec = given"), {"given": spec})


@pytest.mark.parametrize("array", [np.array([1.0, np.nan, -np.inf]), np.ones((2, 0)), np.array(0.5)])
def test_a_sample_that_knows_no_seed_is_written_out(array):
    note, spec = failing(st.builds(Sample, st.just((array,)), st.just({"bias": 0.5})))
    assert "\nfrom minigrad.testing import Sample, properties\n" in note
    pasted = note.partition("\n")[2].replace("spec = ...", "spec = given").rpartition("\n")[0]
    names = {"given": spec}
    exec(pasted, names)
    assert names["sample"].options == {"bias": 0.5}
    assert names["sample"].inputs[0].shape == array.shape
    np.testing.assert_array_equal(names["sample"].inputs[0], array)


def test_errors_are_held_to_their_words():
    for case in (
        TEXT._replace(message="cube: no words"),
        TEXT._replace(error=MinigradError),
        ErrorInput((np.zeros(2),), ShapeError, "cube: too short"),
    ):
        with pytest.raises(AssertionError, match=r"^cube: n"):
            check_op(record(refused=(case,)), examples=1)


def test_an_error_of_the_kernel_keeps_its_trace():
    def kernel(out, x):
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError) as caught:
        check_op(record(kernel), examples=1)
    assert caught.traceback[-1].name == "kernel"
    assert os.fspath(caught.traceback[-1].path) == __file__


def single(x):
    """The slope of a cube that is right in float64 alone."""
    return (3 if x.dtype == mg.float64 else 2) * x * x


def test_a_gradient_that_is_wrong_in_one_dtype_is_found():
    message = r"^cube: the gradient is wrong in float32 at input 0, index \(.*\): .*, and .* in float64"
    with pytest.raises(AssertionError, match=message) as caught:
        check_property(record(slope=single), only("gradient"))
    assert "properties.gradient(" in caught.value.__notes__[0]
    assert check_property(record(slope=single, dtypes=(mg.float64,)), only("gradient"), examples=5)


def test_samples_that_are_all_at_kinks_compare_nothing():
    wrong = record(slope=lambda x: x)
    declare_kinks(wrong.op, lambda inputs, outputs: inputs[0])  # says that each point is a piece of its own
    with pytest.raises(AssertionError, match=r"^cube: gradient compared nothing: each element of \d+ samples is"):
        check_property(wrong, only("gradient"), examples=9)


def test_what_fails_only_sometimes_is_readable():
    answers = iter([1.0])
    flaky = record(reference=lambda x: x**3 + next(answers, 0))
    with pytest.raises(AssertionError, match=r"^cube: \d+ of \d+ differ") as caught:
        check_property(flaky, only("forward"), examples=20)
    assert "It does not fail whenever it is tried" in caught.value.__notes__[-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda drawn: drawn.filter(lambda sample: sample.inputs[0].ndim == 2),
        lambda drawn: drawn.map(lambda sample: replace(sample, inputs=(sample.inputs[0] + 3,))),
        lambda drawn: drawn | drawn,
    ],
)
def test_a_changed_strategy_is_reproduced_too(change):
    note, spec = failing(change(filled(floats)))
    with pytest.raises(AssertionError, match=r"^none: "):
        exec(note.partition("\n")[2].replace("spec = ...", "spec = given"), {"given": spec})


def test_a_sample_that_is_written_out_keeps_its_layout():
    for layout in LAYOUTS:
        array = relaid(np.arange(24.0).reshape(2, 3, 4), layout)
        note = reproduction(RIGHT, "forward", Sample((array,)), "cpu")
        names = {"RIGHT": RIGHT}
        exec(note.partition("\n")[2].rpartition("\n")[0], names)
        found = names["sample"].inputs[0]
        assert (found.strides, found.flags.writeable) == (array.strides, array.flags.writeable)


def test_a_record_that_is_none_is_refused():
    for wrong in (replace(RIGHT, function=None), replace(RIGHT, samples=[1]), replace(RIGHT, nan=(3,))):
        with pytest.raises(MinigradError, match=r"^(check_op: the \w+ of cube must be|cube: nan must be)"):
            check_op(wrong, examples=2)
    with pytest.raises(DTypeError, match=r"^nothing: the function's outputs must be"):
        check_op(OpSpec("nothing", lambda x: None, filled(floats)), examples=2)


def test_a_reference_may_give_a_list():
    spec = OpSpec("two", lambda x: (x, x * 2), filled(floats), reference=lambda x: [x, x * 2])
    assert check_property(spec, only("forward"), examples=5)


def test_options_that_python_cannot_read_are_left_to_fill_in():
    note = reproduction(RIGHT, "forward", Sample((np.ones(1),), {"by": single}), "cpu")
    compile(note.partition("\n")[2], "note", "exec")
    assert ", ...)  # options {'by': <function single at" in note
