"""What optimisers remember: created when needed, saved, and taken up again."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DTypeError, ShapeError

OPTIMISERS = {
    "sgd": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda params: optim.RMSprop(params, momentum=0.9, centered=True),
    "adagrad": lambda params: optim.Adagrad(params, lr_decay=0.1, initial_accumulator_value=0.1),
    "adadelta": optim.Adadelta,
    "adam": lambda params: optim.Adam(params, weight_decay=0.1),
    "adamw": lambda params: optim.AdamW(params, amsgrad=True),
}
STATE = {
    "sgd": {"momentum_buffer"},
    "rmsprop": {"square_avg", "grad_avg", "momentum_buffer"},
    "adagrad": {"step", "sum"},
    "adadelta": {"square_avg", "acc_delta"},
    "adam": {"step", "exp_avg", "exp_avg_sq"},
    "adamw": {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
}
each_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def trained(weight, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        (weight * weight * weight).sum().backward()
        optimizer.step()
    return weight.tolist()


def make(name, values, dtype=mg.float32):
    weight = nn.Parameter(mg.tensor(values, dtype=dtype))
    return weight, OPTIMISERS[name]([weight])


@each_optimiser
def test_a_saved_state_resumes_bit_for_bit(name):
    weight, optimizer = make(name, [0.3, -0.7])
    middle = trained(weight, optimizer, 5)
    resumed, other = make(name, middle)
    other.load_state_dict(optimizer.state_dict())
    assert trained(resumed, other, 5) == trained(weight, optimizer, 5)


@each_optimiser
def test_only_what_the_settings_need_is_kept_under_pytorch_s_names(name):
    weight, optimizer = make(name, [0.3])
    trained(weight, optimizer, 1)
    assert set(optimizer.state[weight]) == STATE[name]


@each_optimiser
def test_a_group_s_own_settings_hold(name):
    alone, optimizer = make(name, [0.3])
    optimizer.param_groups[0]["lr"] = 0.5
    first, second = make(name, [0.3])[0], make(name, [0.3])[0]
    both = OPTIMISERS[name]([{"params": first}, {"params": second, "lr": 0.5}])
    for weight in (first, second, alone):
        weight.grad = mg.ones(1)
    optimizer.step()
    both.step()
    assert second.item() == alone.item() != first.item()


@each_optimiser
def test_the_state_follows_a_parameter_that_moved(name):
    weight, optimizer = make(name, [0.3])
    module = nn.Module()
    module.weight = weight
    trained(weight, optimizer, 2)
    module.to(mg.float64)
    trained(weight, optimizer, 1)
    tensors = [value for value in optimizer.state[weight].values() if isinstance(value, mg.Tensor)]
    assert {value.dtype for value in tensors} == {mg.float64}


def test_steps_are_counted_for_each_parameter():
    early, late = make("adam", [0.3])[0], make("adam", [0.3])[0]
    optimizer = optim.Adam([early, late])
    trained(early, optimizer, 3)
    late.grad = mg.ones(1)
    optimizer.step()
    assert (optimizer.state[early]["step"], optimizer.state[late]["step"]) == (4, 1)


def test_the_first_accumulator_is_filled():
    weight, optimizer = make("adagrad", [0.3], mg.float64)
    weight.grad = mg.tensor([2.0], dtype=mg.float64)
    optimizer.step()
    assert optimizer.state[weight]["sum"].item() == pytest.approx(4.1, rel=1e-15)


@pytest.mark.parametrize(
    ("count", "error", "wanted"),
    [(-1, ShapeError, "at least 0"), *((count, DTypeError, "an integer") for count in (1.0, True, None))],
)
def test_a_count_that_is_none_changes_nothing(count, error, wanted):
    weight, optimizer = make("adam", [0.3])
    trained(weight, optimizer, 2)
    before = optimizer.state
    state = optimizer.state_dict()
    state["state"][0]["step"] = count
    with pytest.raises(error) as caught:
        optimizer.load_state_dict(state)
    assert str(caught.value) == f"load_state_dict: step must be {wanted}, got {count!r}"
    assert optimizer.state is before
    assert before[weight]["step"] == 2


def test_steps_give_equal_bits_at_any_number_of_threads():
    values = np.random.default_rng(0).standard_normal(300_001).astype(np.float32)
    count, results = mg.get_num_threads(), []
    for threads in (1, 2, 4):
        mg.set_num_threads(threads)
        results.append(trained(*make("adamw", values), 2))
    mg.set_num_threads(count)
    assert results[0] == results[1] == results[2]
