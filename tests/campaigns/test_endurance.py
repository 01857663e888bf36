"""Large graphs, and long trainings, in small."""

import sys

import endurance
import pytest


@pytest.mark.parametrize("name", endurance.GRAPHS)
def test_a_graph_gives_its_gradient_and_dies(name):
    assert endurance.measured(endurance.GRAPHS[name], 300).fault == ""


def test_a_graph_that_lives_on_is_noticed():
    kept = []
    graph = endurance.measured(lambda x, nodes: kept.append(endurance.chain(x, nodes)) or kept[0], 10)
    assert graph.fault == "the graph outlives its last tensor"


def calls(function, *arguments):
    """How many Python functions are called."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", endurance.GRAPHS)
def test_work_grows_with_the_graph_and_no_faster(name):
    small, large = (calls(endurance.measured, endurance.GRAPHS[name], nodes) for nodes in (250, 1000))
    assert large < 4.5 * small


def test_a_training_needs_no_more_memory_than_at_its_beginning():
    endurance.training(20, 2)
    looks = endurance.training(120, 4)
    assert endurance.leaks([look._replace(resident=0) for look in looks]) == [], (
        "too short for resident pages to settle"
    )


def test_growth_is_noticed():
    look = endurance.Memory(100, 10**8, 10**6, 10**5)
    assert endurance.leaks([look, look]) == []
    slow = [look._replace(resident=look.resident + step * 2**17) for step in range(6)]
    assert len(endurance.leaks(slow)) == 1
    for change in ({"resident": 2 * 10**8}, {"pool": 10**6 + 1}, {"objects": 2 * 10**5}):
        assert len(endurance.leaks([look, look._replace(**change)])) == 1
