"""Runs a kernel over a range of tasks with the threads of a team.

A kernel is called as kernel(begin, end, worker, *arguments): it does the tasks begin to end - 1, each of which writes
memory of its own. The team's threads are daemons. For some time after a kernel they watch for the next one, in compiled
code, and take part in it within a microsecond (`sharing.py` says how); then they sleep on a lock until they are woken,
which takes tens of microseconds in which the others work.

A team does one kernel at a time. Who comes while it is at work, from another Python thread or from within a task, does
all tasks alone. A forked child starts without threads, and makes its own.
"""

import os
import threading
import time
from collections import deque
from statistics import median
from typing import Any

import numpy as np
from numba import config

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import Kernel, kernel
from minigrad_kernels.cpu.sharing import CALLED, LINE, MOST_PARTS, STATE_BYTES, watch

# A part should be worth more than finding a thread for it, and a piece of a part more than a look at the others' work.
PART_NANOSECONDS = 20_000
PIECE_NANOSECONDS = 5_000
PIECES = 4

# How long a thread watches for the next kernel: longer than Python takes between two of them.
WATCH_NANOSECONDS = 2_000_000
_FEW_LOOKS = 2_000

# Threads beyond the number of cores watch for a moment only: they would keep others from working.
_CORES = threads.available_cores()


@kernel("int", "int")
def _watch(begin, end, worker, team, looks):
    watch(team, worker, looks)


class _Team:
    """The state that threads share, and the threads, which are made when first needed."""

    def __init__(self) -> None:
        memory = np.zeros(STATE_BYTES + LINE, np.uint8)
        start = -memory.ctypes.data % LINE
        self._words = memory[start : start + STATE_BYTES].view(np.int64)
        self.address = self._words.ctypes.data
        self._lock = threading.Lock()
        self._size = 0
        self._looks = 0
        self._asleep: deque[threading.Lock] = deque()

    def gather(self, size: int) -> None:
        """See to it that at least so many threads exist, and that none is asleep."""
        if self._size < size:
            self._grow(size)
        while self._asleep:
            try:
                self._asleep.pop().release()
            except IndexError:  # another caller took the last one
                break

    def call_away(self) -> None:
        """Have the threads leave their watch: somebody else needs the cores."""
        self._words[CALLED // 8] += 1

    def _grow(self, size: int) -> None:
        with self._lock:
            if not self._looks:
                _watch(0, 0, MOST_PARTS, self.address, 0)  # compiles it, or loads it
                self._looks = _FEW_LOOKS * WATCH_NANOSECONDS // int(median(map(self._time_few_looks, range(5))))
            while self._size < size:
                self._size += 1
                threading.Thread(target=self._loop, args=(self._size,), name="minigrad", daemon=True).start()

    def _time_few_looks(self, _: int) -> int:
        start = time.perf_counter_ns()
        _watch(0, 0, MOST_PARTS, self.address, _FEW_LOOKS)
        return time.perf_counter_ns() - start

    def _loop(self, worker: int) -> None:
        wake = threading.Lock()
        wake.acquire()
        while True:
            _watch(0, 0, worker, self.address, self._looks if worker < _CORES else _FEW_LOOKS)
            self._asleep.append(wake)
            wake.acquire()


_team = _Team()


def _forget_team() -> None:
    global _team
    _team = _Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_team)


def run(kernel: Kernel, tasks: int, work: float, *arguments: Any) -> None:
    """Call kernel(begin, end, worker, *arguments) so that every task in range(tasks) is done once.

    Parameters
    ----------
    kernel
        Does tasks begin to end - 1; worker, less than `get_num_threads()`, is a number that no other thread has.
    tasks
        Number of tasks.
    work
        Rough time of all tasks on one thread, in nanoseconds.

    Raises
    ------
    RuntimeError
        If a task raised an exception.
    """
    parts = min(threads.get_num_threads(), tasks, int(work / PART_NANOSECONDS), MOST_PARTS)
    if parts < 2 or config.DISABLE_JIT:
        kernel(0, tasks, 0, *arguments)
        return
    team = _team
    team.gather(parts - 1)
    piece = max(1, tasks // (parts * PIECES), int(tasks * PIECE_NANOSECONDS / work))
    kernel.share(team.address, tasks, parts, piece, *arguments)


def call_away() -> None:
    """Have the team's threads leave the cores to somebody else until the next kernel."""
    _team.call_away()
