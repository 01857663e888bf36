"""What a search draws from: ranges, numbers, seeds."""

import math

import numpy as np
import pytest

from minigrad.errors import DataError
from minigrad.train.search_plan import Range, planned, rounded

PLAN = planned(["a", "b"], (1e-4, 1.0), (1e-6, 1e-3), [(3, 1), (2, 5), (1, 9)], seed=7)


def decades(ends):
    return math.log10(ends.high / ends.low)


def test_the_first_stage_draws_from_the_whole_ranges():
    first, second = PLAN.boxes(0, {})
    assert (first.model, first.lr, first.reg, first.epochs) == ("a", (1e-4, 1.0), (1e-6, 1e-3), 1)
    assert ([*first.numbers], [*second.numbers]) == ([1, 2, 3], [4, 5, 6])


def test_each_later_stage_draws_from_ranges_a_third_as_wide_around_the_best():
    best = {"a": (0.01, 1e-4), "b": (1.0, 1e-6)}
    for stage, width in ((1, 4 / 3), (2, 4 / 9)):
        for box in PLAN.boxes(stage, best):
            assert decades(box.lr) == pytest.approx(width, rel=1e-3)
            assert decades(box.reg) == pytest.approx(width * 3 / 4, rel=1e-3)
            for ends, middle in zip((box.lr, box.reg), best[box.model], strict=True):
                assert math.sqrt(ends.low * ends.high) == pytest.approx(middle, rel=1e-3)
    numbers = [number for stage in range(3) for box in PLAN.boxes(stage, best) for number in box.numbers]
    assert numbers == [*range(1, PLAN.total + 1)]


def test_a_network_without_a_best_run_is_left_out_and_the_numbers_of_others_stay():
    (box,) = PLAN.boxes(1, {"b": (0.1, 1e-4)})
    assert (box.model, [*box.numbers]) == ("b", [9, 10])


def test_a_range_of_one_value_stays_one():
    assert Range(0.5, 0.5).around(0.5) == (0.5, 0.5)
    assert Range(0.5, 0.5).edge(0.5) == ""


@pytest.mark.parametrize(("value", "edge"), [(1e-4, "lower"), (1.3e-4, "lower"), (0.01, ""), (0.7, "upper")])
def test_the_outer_twentieth_of_a_range_is_its_edge(value, edge):
    assert Range(1e-4, 1.0).edge(value) == edge


def test_every_run_has_seeds_of_its_own_that_are_a_function_of_seed_and_number():
    words = [PLAN.words(number) for number in range(1, 100)]
    assert len({word for pair in words for word in pair}) == 198
    assert words[0] == tuple(np.random.SeedSequence([7, 1]).generate_state(2))
    assert planned(["a"], (1, 1), (1, 1), [(1, 1)], seed=2**64 - 1).words(1) != words[0]


def test_a_number_is_rounded_to_four_digits():
    assert rounded(0.00123456) == 0.001235


WRONG = {
    "low above high": ({"lr": (1.0, 0.1)}, "lr must be two numbers above 0, the lowest first, got 1.0 and 0.1"),
    "zero": ({"reg": (0, 0.1)}, "reg must be two numbers above 0, the lowest first, got 0 and 0.1"),
    "not a number": ({"lr": (math.nan, 1)}, "lr must be two numbers above 0, the lowest first, got nan and 1"),
    "infinite": ({"lr": (1, math.inf)}, "lr must be two numbers above 0, the lowest first, got 1 and inf"),
    "empty range": ({"lr": ()}, r"lr must be two numbers, the lowest and the highest, got \(\)"),
    "one number": ({"reg": 0.1}, "reg must be two numbers, the lowest and the highest, got 0.1"),
    "text": ({"reg": "ab"}, "reg must be two numbers, the lowest and the highest, got 'ab'"),
    "no stages": ({"stages": ()}, r"stages must be pairs \(runs, epochs\), one for each stage, got \(\)"),
    "no pair": ({"stages": (3, 1)}, r"a stage must be a pair \(runs, epochs\), got 3"),
    "no runs": ({"stages": [(0, 1)]}, "runs of a stage must be an integer of at least 1, got 0"),
    "no epochs": ({"stages": [(1, 0)]}, "epochs must be an integer of at least 1, got 0"),
    "seed": ({"seed": -1}, r"seed must be an integer in \[0, "),
}


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_planned_is_refused(changed, message):
    settings = {"lr": (0.1, 1.0), "reg": (0.1, 1.0), "stages": [(1, 1)], "seed": 0} | changed
    with pytest.raises(DataError, match=f"^search: {message}"):
        planned(["a"], **settings)
