"""What the engine promises of every op: memory is written before it is read, and threads change no bit."""

from contextlib import contextmanager

import numpy as np
import pytest

import minigrad as mg
from minigrad.backends.host import HostBackend
from minigrad_kernels.cpu import team, threads
from tests.ops.table import DEVICE, TABLE, over_samples


@contextmanager
def new_memory_holds(byte):
    """What `empty` and `scratch` give is full of one byte; 0xFF makes NaN of a float."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HostBackend, "scratch", lambda self, size: np.full(size, byte, np.uint8))
        patch.setattr(HostBackend, "empty", lambda self, spec: filled(spec, byte))
        yield


def filled(spec, byte):
    return np.full(spec.nbytes, byte, np.uint8).view(spec.dtype).reshape(spec.shape)


def everything(spec, sample):
    """The bytes of the outputs and, where there are any, of the gradients of their sums."""
    tensors = sample.tensors(DEVICE, sample.floats if spec.order else ())
    outs = spec(sample, tensors)
    results = [out.detach() for out in outs]
    if outs[0].requires_grad:
        leaves = [tensor for tensor in tensors if tensor.requires_grad]
        grads = mg.grad(outs[0], leaves, mg.ones_like(outs[0]), allow_unused=True)
        results += [grad for grad in grads if grad is not None]
    return [result.numpy().tobytes() for result in results]


@over_samples(TABLE, 25)
def test_what_memory_holds_before_makes_no_difference(spec, sample):
    with new_memory_holds(0):
        clean = everything(spec, sample)
    with new_memory_holds(0xFF):
        assert everything(spec, sample) == clean


@contextmanager
def any_number_of_threads():
    """Even tiny work goes to several threads."""
    before = threads.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "SHARE_NANOSECONDS", 1)
        patch.setattr(team, "PART_NANOSECONDS", 1)
        try:
            yield
        finally:
            mg.set_num_threads(before)


@over_samples(TABLE, 15)
def test_results_are_equal_bit_for_bit_at_any_number_of_threads(spec, sample):
    with any_number_of_threads():
        results = []
        for count in (1, 2, 4):
            mg.set_num_threads(count)
            results.append(everything(spec, sample))
    assert results[1:] == results[:1] * 2
