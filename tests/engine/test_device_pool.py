"""The pool of a device's memory, over a device that only counts."""

import gc
import threading

import pytest

from minigrad.backends.device_pool import DevicePool
from minigrad.errors import DeviceError

MIB = 1 << 20
TOTAL = 64 * MIB


class Device:
    """Hands out addresses as long as there is room."""

    def __init__(self):
        self.blocks, self.log, self.next = {}, [], 512

    def allocate(self, nbytes):
        if sum(self.blocks.values()) + nbytes > TOTAL:
            raise MemoryError
        self.log.append("allocate")
        self.next += nbytes
        self.blocks[self.next] = nbytes
        return self.next

    def free(self, address):
        self.log.append("free")
        del self.blocks[address]

    def memory_info(self):
        return TOTAL - sum(self.blocks.values()), TOTAL


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def pool(device):
    return DevicePool(device)


def test_a_block_is_used_again_when_it_dies(pool, device):
    first = pool.allocate(3 * MIB)
    address = first.address
    second = pool.allocate(3 * MIB)
    assert second.address != address
    del first
    assert pool.allocate(2 * MIB).address == address
    assert device.log == ["allocate"] * 2


def test_a_block_is_at_most_twice_as_large_as_asked_for(pool, device):
    pool.allocate(4 * MIB)
    pool.allocate(2 * MIB - 512 * 1024)
    assert device.log == ["allocate"] * 2


@pytest.mark.parametrize("nbytes", [0, 1, 511, 513, 4095, 5000, 3_000_001])
def test_a_block_says_what_was_asked_for_and_has_room_for_it(pool, device, nbytes):
    block = pool.allocate(nbytes)
    (size,) = device.blocks.values()
    assert block.nbytes == nbytes <= size <= max(1.125 * nbytes + 512, 512)
    assert size % 512 == 0


def test_statistics(pool):
    first, second = pool.allocate(MIB), pool.allocate(2 * MIB)
    assert (pool.allocated(), pool.reserved(), pool.peak()) == (3 * MIB, 3 * MIB, 3 * MIB)
    del first
    assert (pool.allocated(), pool.reserved(), pool.peak()) == (2 * MIB, 3 * MIB, 3 * MIB)
    pool.reset_peak()
    assert pool.peak() == 2 * MIB
    pool.clear()
    assert (pool.allocated(), pool.reserved()) == (2 * MIB, 2 * MIB)
    del second
    pool.clear()
    assert (pool.allocated(), pool.reserved(), pool.peak()) == (0, 0, 2 * MIB)


def test_unused_blocks_go_before_memory_runs_out(pool, device):
    blocks = [pool.allocate(15 * MIB) for _ in range(4)]
    blocks.pop()
    large = pool.allocate(16 * MIB + 512 * 1024)
    assert device.log == ["allocate"] * 4 + ["free", "allocate"]
    assert pool.reserved() == pool.allocated() == 3 * 15 * MIB + 18 * MIB
    assert large.nbytes == 16 * MIB + 512 * 1024


def test_out_of_memory_is_one_line_and_leaves_the_rest_as_it_is(pool):
    kept = pool.allocate(40 * MIB)
    pool.allocate(10 * MIB)
    with pytest.raises(DeviceError) as caught:
        pool.allocate(30 * MIB)
    assert str(caught.value) == (
        "cuda: out of memory: 30.0 MiB are asked for, tensors hold 40.0 MiB, unused blocks of 10.0 MiB "
        "were given back, 24.0 MiB of the device's 64.0 MiB are free"
    )
    assert pool.allocated() == pool.reserved() == kept.nbytes
    assert pool.allocate(20 * MIB).nbytes == 20 * MIB


def test_blocks_that_die_in_any_thread_come_back(pool, device):
    blocks = [pool.allocate(MIB) for _ in range(8)]
    thread = threading.Thread(target=blocks.clear)
    thread.start()
    thread.join()
    gc.collect()
    assert pool.allocated() == 0
    assert [pool.allocate(MIB) for _ in range(8)]
    assert device.log == ["allocate"] * 8
