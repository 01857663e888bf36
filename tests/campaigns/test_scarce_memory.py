"""Where memory runs out nothing is half done."""

import pytest
import scarce_memory

from minigrad import optim
from minigrad.ops.update import copy_


@pytest.mark.parametrize("name", scarce_memory.OPTIMISERS)
def test_a_step_without_memory_leaves_model_and_optimiser_as_they_were(name):
    found = scarce_memory.failing_everywhere(scarce_memory.OPTIMISERS[name], 2)
    assert found.faults == []
    assert found.failures > 100


class HalfDone(optim.Optimizer):
    """Changes a parameter before it has memory for the next one."""

    def check(self, group):
        pass

    def update(self, parameter, grad, group):
        copy_(parameter, parameter - grad * 0.01)


def test_a_step_that_is_half_done_is_noticed():
    found = scarce_memory.failing_everywhere(lambda parameters: HalfDone(parameters, {}), 1)
    assert any("something has changed" in fault for fault in found.faults)
    assert found.faults[-1] == "the training does not end as one whose memory never ran out"
