"""Sharing tasks between threads: every task once, whoever calls and from where."""

import os
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from minigrad_kernels.cpu import threads

MUCH = 1e12


@pytest.fixture(autouse=True)
def number_of_threads():
    """Restores the number of threads."""
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)


def mark(begin, end, worker, done, workers):
    for task in range(begin, end):
        done[task] += 1
        workers[task] = worker


@pytest.mark.parametrize("count", [1, 2, 4, 7])
@pytest.mark.parametrize("tasks", [0, 1, 3, 100])
def test_every_task_is_done_once(count, tasks):
    threads.set_num_threads(count)
    done, workers = np.zeros(tasks, int), np.zeros(tasks, int)
    threads.run(mark, tasks, MUCH, done, workers)
    assert (done == 1).all()
    assert len(set(workers.tolist())) == min(count, tasks)
    assert (workers < count).all()
    assert (np.diff(workers) >= 0).all(), "shares are contiguous"


def identify(begin, end, worker, seen):
    seen.append(threading.get_ident())


def test_small_work_stays_with_the_caller():
    threads.set_num_threads(4)
    seen = []
    threads.run(identify, 100, threads.SHARE_NANOSECONDS, seen)
    assert seen == [threading.get_ident()]


def test_threads_are_kept():
    threads.set_num_threads(2)
    seen = []
    for _ in range(20):
        threads.run(identify, 2, MUCH, seen)
    assert len(set(seen)) == 2


def test_calls_from_several_python_threads_do_not_mix():
    threads.set_num_threads(3)
    wrong = []

    def call():
        for _ in range(50):
            done, workers = np.zeros(10, int), np.zeros(10, int)
            threads.run(mark, 10, MUCH, done, workers)
            if not (done == 1).all():
                wrong.append(done)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
        assert not caller.is_alive(), "calls wait for each other"
    assert not wrong


def test_nested_calls_end():
    threads.set_num_threads(4)
    done, workers = np.zeros((8, 8), int), np.zeros((8, 8), int)

    def outer(begin, end, worker):
        for row in range(begin, end):
            threads.run(mark, 8, MUCH, done[row], workers[row])

    threads.run(outer, 8, MUCH)
    assert (done == 1).all()


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_error_of_a_share_reaches_the_caller_when_all_have_ended(failing):
    threads.set_num_threads(3)
    ended = []

    def fail(begin, end, worker):
        if worker == failing:
            raise KeyError(f"share {worker}")
        time.sleep(0.01)
        ended.append(worker)

    with pytest.raises(KeyError, match=f"share {failing}"):
        threads.run(fail, 3, MUCH)
    assert sorted(ended) == [worker for worker in range(3) if worker != failing]
    done, workers = np.zeros(9, int), np.zeros(9, int)
    threads.run(mark, 9, MUCH, done, workers)
    assert (done == 1).all()
    assert set(workers.tolist()) == {0, 1, 2}


def test_arrays_do_not_outlive_the_call():
    threads.set_num_threads(4)
    done, workers = np.zeros(4, int), np.zeros(4, int)
    alive = weakref.ref(done)
    threads.run(mark, 4, MUCH, done, workers)
    del done
    assert alive() is None


FORK = """
import os, sys
from minigrad_kernels.cpu import threads

def count(begin, end, worker, seen):
    seen.append(worker)

threads.set_num_threads(3)
threads.run(count, 3, 1e12, [])
child = os.fork()
seen = []
threads.run(count, 3, 1e12, seen)
if child == 0:
    os._exit(0 if sorted(seen) == [0, 1, 2] else 1)
assert sorted(seen) == [0, 1, 2]
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_child_makes_threads_of_its_own():
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK], check=True, timeout=60)


def test_numba_is_not_imported():
    code = "import sys; from minigrad_kernels.cpu import threads; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_number_of_threads_must_be_positive(monkeypatch):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        threads.set_num_threads(0)
    monkeypatch.setenv("MINIGRAD_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="MINIGRAD_NUM_THREADS must be a positive integer, got 'many'"):
        threads._default_num_threads()


def test_default_number_of_threads(monkeypatch):
    monkeypatch.setenv("MINIGRAD_NUM_THREADS", "3")
    assert threads._default_num_threads() == 3
    monkeypatch.delenv("MINIGRAD_NUM_THREADS")
    assert threads._default_num_threads() == len(os.sched_getaffinity(0))
