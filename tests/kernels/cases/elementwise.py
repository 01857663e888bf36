"""Cases of elementwise functions."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from tests.kernels.cases.bounds import exact, rounded
from tests.kernels.cases.case import ALL, FLOATS, INTEGERS, NUMBERS, Call, Case, poisoned, values
from tests.kernels.cases.sizes import LARGE, SHAPED, SHAPES, sized


def elementwise(inputs: int, out_dtype: str = "") -> Callable[..., Call]:
    def build(rng, dtype, shape):
        return Call((poisoned(out_dtype or dtype, shape),), tuple(values(rng, dtype, shape) for _ in range(inputs)))

    return build


def with_extremes(rng, dtype, shape):
    call = elementwise(1)(rng, dtype, shape)
    extremes = rng.choice([0.0, -0.0, 1e-8, -1e-8, 30.0, -30.0, 200.0, -200.0, np.inf, -np.inf], shape)
    (x,) = call.inputs
    return call._replace(inputs=(np.where(rng.random(shape) < 0.3, extremes, x).astype(dtype),))


def integer_power(rng, dtype, shape):
    exponents = np.asarray(rng.integers(0, 5, shape), dtype)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape), exponents))


def floored_quotient(rng, dtype, shape):
    """Of floats, half of the quotients would be whole, had x not been rounded."""
    x, y = values(rng, dtype, shape), values(rng, dtype, shape)
    if dtype in INTEGERS:
        x[rng.random(shape) < 0.1] = np.iinfo(dtype).min  # divided by -1, it exceeds its type
        y[y == 0] = 1
    else:
        multiples = rng.integers(-1000, 1000, shape) * y
        x = np.where(rng.random(shape) < 0.5, multiples, x).astype(dtype)
    return Call((poisoned(dtype, shape),), (x, y))


def choice(rng, dtype, shape):
    inputs = values(rng, "bool", shape), values(rng, dtype, shape), values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), inputs)


def conversion(rng, dtype, shape, to):
    x = values(rng, dtype, shape)
    if to in INTEGERS and dtype in FLOATS:
        x = np.abs(x)  # what uint8 makes of a negative float depends on the processor
    return Call((poisoned(to, shape),), (x,))


CASES = [
    *(Case(f"elementwise.{name}", elementwise(2), SHAPED, LARGE, rounded, ALL) for name in ("add", "mul")),
    Case("elementwise.sub", elementwise(2), SHAPED, LARGE, rounded, NUMBERS),
    Case("elementwise.div", elementwise(2), SHAPED, LARGE, rounded),
    Case("elementwise.floor_divide", floored_quotient, SHAPED, LARGE, rounded),
    Case("elementwise.floor_divide", floored_quotient, SHAPED, (), exact, INTEGERS),
    Case("elementwise.pow", elementwise(2), SHAPED, LARGE, rounded),
    Case("elementwise.pow", integer_power, SHAPED, (), exact, INTEGERS),
    *(Case(f"elementwise.{name}", elementwise(2), SHAPED, LARGE, exact, ALL) for name in ("maximum", "minimum")),
    *(
        Case(f"elementwise.{name}", elementwise(2, "bool"), SHAPED, LARGE, exact, ALL)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    ),
    Case("elementwise.neg", elementwise(1), SHAPED, LARGE, exact, NUMBERS),
    Case("elementwise.abs", elementwise(1), SHAPED, LARGE, exact, NUMBERS),
    *(Case(f"elementwise.{name}", with_extremes, SHAPED, LARGE, exact) for name in ("floor", "trunc")),
    *(
        Case(f"elementwise.{name}", with_extremes, SHAPED, LARGE, rounded)
        for name in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "sigmoid", "erf")
    ),
    Case("elementwise.relu", elementwise(1), SHAPED, LARGE, exact),
    Case("elementwise.relu_input_grad", elementwise(2), SHAPED, LARGE, exact),
    Case("elementwise.where", choice, SHAPED, LARGE, exact, ALL),
    Case(
        "elementwise.cast",
        conversion,
        sized(shape=SHAPES, to=st.sampled_from(ALL)),
        ({**LARGE[0], "to": "float64"},),
        exact,
        ALL,
        stay_finite=(0,),  # the others have no agreed image among the integers
    ),
]
