"""The threads of a block, one after the other from barrier to barrier."""

import ctypes
import itertools

from greenlet import greenlet

from tests.gpu.emulator.native import registers

UNWRITTEN = 0xFF  # as bytes of a float: NaN


class BarrierError(RuntimeError):
    """Some threads of a block wait at a barrier that others never reach."""


def run_blocks(native, grid, block, call, backwards):
    """Call for each thread of each block; blocks follow each other, as their order is nobody's business."""
    sizes = (*block, 1, 1)[:3]
    registers[3:6], registers[9:12] = sizes, grid
    for z, y, x in itertools.product(*(range(count) for count in reversed(grid))):
        registers[6:9] = x, y, z
        for shared in native.shared:
            ctypes.memset(shared.address, UNWRITTEN, shared.nbytes)
        if native.does_whole_block:
            call()
        else:
            _run_block(sizes, call, backwards)


def _run_block(sizes, call, backwards):
    """Reading what a later thread writes shows a missing barrier in one order, an earlier one's in the other."""
    threads = [greenlet(call) for _ in range(sizes[0] * sizes[1] * sizes[2])]
    numbers = [(x, y, z) for z in range(sizes[2]) for y in range(sizes[1]) for x in range(sizes[0])]
    alive = list(range(len(threads)))[:: -1 if backwards else 1]
    while alive:
        for number in alive:
            registers[:3] = numbers[number]
            threads[number].switch()
        waiting = [number for number in alive if not threads[number].dead]
        if waiting and len(waiting) != len(threads):
            ended = len(threads) - len(waiting)
            raise BarrierError(f"{ended} of {len(threads)} threads ended, the others wait at a barrier")
        alive = waiting
