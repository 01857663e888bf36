"""Groups of threads of a block that reduce a row together: a tree in shared memory, in an order that shapes decide.

A block is 256 / lanes groups, with lanes a power of two. Neighbours of a group are `step` threads apart: 1, where a row
lies in one piece, so that neighbours read neighbours; and as many as there are groups where rows lie side by side, so
that it is the groups that do. All threads of a block must come to each of these functions.
"""

from typing import NamedTuple

from minigrad_kernels.cuda.compiler import BLOCK
from minigrad_kernels.cuda.language import cuda, device, uint32

ELEMENTS = 4
ROWS_OF_A_SECTOR = 8
"""Neighbouring rows that are read in one piece of 32 bytes."""


class Groups(NamedTuple):
    """How a block is divided."""

    lanes: int
    step: int


def groups(count: int, rows: int, side_by_side: bool) -> Groups:
    """Choose groups for rows of so many elements, such that each thread has a few."""
    most = BLOCK // min(max(rows, 1), ROWS_OF_A_SECTOR) if side_by_side else BLOCK
    lanes = 1
    while 2 * lanes <= most and 2 * lanes * ELEMENTS <= count:
        lanes *= 2
    return Groups(lanes, BLOCK // lanes if side_by_side else 1)


@device
def lane_of(lanes, step):
    """Return the number of this thread in its group."""
    return uint32(uint32(cuda.threadIdx.x) // step % lanes)


@device
def group_of(lanes, step):
    """Return the number of this thread's group in its block."""
    thread = uint32(cuda.threadIdx.x)
    return uint32(thread // lanes) if step == uint32(1) else uint32(thread % step)


@device
def first_row(lanes):
    """Return the first row of this block."""
    return uint32(uint32(cuda.blockIdx.x) * uint32(BLOCK // lanes))


@device
def grid_rows(lanes):
    """Return how many rows the grid takes at a time."""
    return uint32(uint32(cuda.gridDim.x) * uint32(BLOCK // lanes))


def _of_group(combine):
    """Make the function that combines, in a tree, what the threads of a group have, and returns it to all of them."""

    @device
    def of_group(shared, own, lane, lanes, step):
        me = uint32(cuda.threadIdx.x)
        shared[me] = own
        cuda.syncthreads()
        half = uint32(lanes >> uint32(1))
        while half > uint32(0):
            if lane < half:
                shared[me] = combine(shared[me], shared[uint32(me + half * step)])
            cuda.syncthreads()
            half = uint32(half >> uint32(1))
        combined = shared[uint32(me - lane * step)]
        cuda.syncthreads()
        return combined

    return of_group


@device
def _add(a, b):
    return a + b


@device
def _larger(a, b):
    return max(a, b)


sum_of_group = _of_group(_add)
largest_of_group = _of_group(_larger)  # of what is not NaN


@device
def sum_before(shared, own, lane, lanes, step):
    """Return the sum of what the threads before this one in its group have."""
    me = uint32(cuda.threadIdx.x)
    shared[me] = own
    cuda.syncthreads()
    reach = uint32(1)
    while reach < lanes:
        added = shared[uint32(me - reach * step)] if lane >= reach else shared.dtype.type(0)
        cuda.syncthreads()
        shared[me] = shared[me] + added
        cuda.syncthreads()
        reach = uint32(reach << uint32(1))
    before = shared[uint32(me - step)] if lane > uint32(0) else shared.dtype.type(0)
    cuda.syncthreads()
    return before
