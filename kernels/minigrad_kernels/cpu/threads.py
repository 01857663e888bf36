"""How many threads a kernel may use; and Python functions that release the GIL, run over a range of elements.

`team.py` runs compiled kernels. What NumPy does instead of a kernel is shared here: a function is called as
function(begin, end, worker, *arguments) and does its share, which is contiguous. The caller does the first share
itself, persistent daemon threads do the others. Such a thread sleeps on a lock and is woken by its release, which costs
tens of microseconds: small work stays with the caller.

Every call takes threads that nobody else is using and divides its tasks among those it got: calls from several Python
threads and nested calls never wait for each other. A forked child starts without threads and makes its own.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

# Waking a thread and waiting for it costs about 45 us; a share should be worth more than that.
SHARE_NANOSECONDS = 60_000


def available_cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _default_num_threads() -> int:
    chosen = os.environ.get("MINIGRAD_NUM_THREADS")
    if chosen is None:
        return available_cores()
    if not chosen.isdecimal() or int(chosen) == 0:
        raise ValueError(f"MINIGRAD_NUM_THREADS must be a positive integer, got {chosen!r}")
    return int(chosen)


class _Share:
    """One thread's part of a call."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def do(self) -> None:
        try:
            self.function(*self.arguments)
        except BaseException as error:
            self.error = error
        self.arguments = ()  # a sleeping thread must not keep arrays alive


class _Thread:
    """A daemon thread that sleeps until it is given a share, and rejoins its pool after it."""

    def __init__(self, pool: "_Pool") -> None:
        self.pool = pool
        self.share: _Share | None = None
        self.wake = threading.Lock()
        self.wake.acquire()
        threading.Thread(target=self.loop, name="minigrad", daemon=True).start()

    def give(self, share: _Share) -> None:
        self.share = share
        self.wake.release()

    def loop(self) -> None:
        while True:
            self.wake.acquire()
            share = self.share
            assert share is not None
            share.do()
            self.pool.idle.append(self)
            share.done.release()


class _Pool:
    """The threads of this process that have nothing to do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: list[_Thread] = []
        self.size = 0

    def take(self, count: int) -> Sequence[_Thread]:
        """Take up to count idle threads, making those that do not exist yet."""
        taken: list[_Thread] = []
        with self.lock:
            while len(taken) < count and (self.idle or self.size < count):
                if self.idle:
                    taken.append(self.idle.pop())
                else:
                    taken.append(_Thread(self))
                    self.size += 1
        return taken


_pool = _Pool()
_num_threads = _default_num_threads()


def _forget_threads() -> None:
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)


def get_num_threads() -> int:
    """Return how many threads a kernel may use, the calling one among them."""
    return _num_threads


def set_num_threads(count: int) -> None:
    """Set how many threads a kernel may use; results do not depend on it. Not to be called while a kernel runs.

    Raises
    ------
    ValueError
        If count is less than one.
    """
    global _num_threads
    if count < 1:
        raise ValueError(f"the number of threads must be at least 1, got {count}")
    _num_threads = int(count)


def run(function: Callable[..., Any], tasks: int, work: float, *arguments: Any) -> None:
    """Call function(begin, end, worker, *arguments) so that every task in range(tasks) is done once.

    Parameters
    ----------
    function
        Does tasks begin to end - 1; worker, less than `get_num_threads()`, is a number no other share of this call has.
    tasks
        Number of tasks.
    work
        Rough time of all tasks on one thread, in nanoseconds.

    Raises
    ------
    BaseException
        Whatever a share raised, once all shares have ended.
    """
    shares = min(_num_threads, tasks, int(work) // SHARE_NANOSECONDS)
    threads = _pool.take(shares - 1) if shares > 1 else ()
    if not threads:
        function(0, tasks, 0, *arguments)
        return
    count = len(threads) + 1
    given = []
    for worker, thread in enumerate(threads, start=1):
        begin, end = tasks * worker // count, tasks * (worker + 1) // count
        share = _Share(function, (begin, end, worker, *arguments))
        thread.give(share)
        given.append(share)
    try:
        function(0, tasks // count, 0, *arguments)
    finally:
        for share in given:
            share.done.acquire()
    for share in given:
        if share.error is not None:
            raise share.error
