"""Sharing a kernel's tasks with the team: every task once, whoever calls and from where."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from minigrad_kernels.cpu import compiler, team, threads
from minigrad_kernels.cpu.atomics import load, store, yield_core
from minigrad_kernels.cpu.compiler import kernel

MUCH = 1e12


@pytest.fixture(autouse=True)
def number_of_threads():
    """Restores the number of threads."""
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)


@pytest.fixture(autouse=True, scope="module")
def registry():
    """The kernels of this file are not those of the package."""
    yield
    compiler._registry[:] = [one for one in compiler._registry if not one.name.startswith(__name__)]


@kernel("out int64_1", "out int64_1")
def mark(begin, end, worker, done, workers):
    for task in range(begin, end):
        done[task] += 1
        workers[task] = worker


@kernel("int", "int", "int")
def meet(begin, end, worker, address, count, patience):
    """Each task waits until all have begun, for which each needs a thread of its own."""
    for task in range(begin, end):
        store(address + 8 * task, 1 + worker)
        for _ in range(patience):
            arrived = 0
            for other in range(count):
                arrived += load(address + 8 * other) > 0
            if arrived == count:
                break
            yield_core()


@kernel("out int64_1", "int")
def fail(begin, end, worker, done, failing):
    for task in range(begin, end):
        if task == failing:
            raise ValueError("this task fails")
        done[task] += 1


def empty(tasks):
    return np.zeros(tasks, np.int64)


def assert_all_meet(count):
    """A thread may fall asleep between being woken and the offer, so that one try in some is missed."""
    for _ in range(200):
        arrived = empty(count)
        team.run(meet, count, MUCH, arrived.ctypes.data, count, 10**5)
        if sorted(arrived.tolist()) == list(range(1, count + 1)):
            return
    pytest.fail(f"never more than some of {count} threads took part: {arrived}")


@pytest.mark.parametrize("count", [1, 2, 4, 7])
@pytest.mark.parametrize("tasks", [0, 1, 3, 100, 10_000])
def test_every_task_is_done_once(count, tasks):
    threads.set_num_threads(count)
    done, workers = empty(tasks), empty(tasks)
    for times in range(1, 20):
        team.run(mark, tasks, MUCH, done, workers)
        assert (done == times).all()
        assert (workers < count).all()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_all_threads_take_part(count):
    threads.set_num_threads(count)
    assert_all_meet(count)


def test_threads_that_sleep_are_woken():
    threads.set_num_threads(3)
    assert_all_meet(3)
    time.sleep(team.WATCH_NANOSECONDS * 1e-9 + 0.2)
    assert len(team._team._asleep) >= 2
    assert_all_meet(3)


def test_threads_that_are_called_away_sleep(monkeypatch):
    fresh = team._Team()
    monkeypatch.setattr(team, "_team", fresh)
    fresh._looks = 10**9  # longer than anybody would wait
    fresh.gather(1)
    time.sleep(0.1)
    assert not fresh._asleep
    team.call_away()
    end = time.monotonic() + 20
    while not fresh._asleep and time.monotonic() < end:
        time.sleep(0.01)
    assert len(fresh._asleep) == 1


def test_small_work_stays_with_the_caller():
    threads.set_num_threads(4)
    done, workers = empty(100), empty(100)
    for _ in range(20):
        team.run(mark, 100, 2 * team.PART_NANOSECONDS - 1, done, workers)
        assert (workers == 0).all()


def test_no_thread_is_made_twice():
    threads.set_num_threads(3)
    assert_all_meet(3)
    before = threading.active_count()
    for _ in range(5):
        assert_all_meet(3)
    assert threading.active_count() == before


def test_calls_from_several_python_threads_do_not_mix():
    threads.set_num_threads(3)
    wrong = []

    def call():
        for _ in range(200):
            done, workers = empty(50), empty(50)
            team.run(mark, 50, MUCH, done, workers)
            if not (done == 1).all():
                wrong.append(done)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
        assert not caller.is_alive(), "calls wait for each other"
    assert not wrong


@pytest.mark.parametrize("failing", [0, 40, 99])
def test_error_of_a_task_reaches_the_caller_and_the_team_goes_on(failing):
    threads.set_num_threads(3)
    with pytest.raises(RuntimeError, match="a task of the kernel failed"):
        team.run(fail, 100, MUCH, empty(100), failing)
    assert_all_meet(3)
    threads.set_num_threads(1)
    with pytest.raises(ValueError, match="this task fails"):
        team.run(fail, 100, MUCH, empty(100), failing)


FORK = """
import os, sys, threading
import numpy as np
from minigrad_kernels.cpu import elementwise, threads

threads.set_num_threads(3)
x, out = np.arange(-2e6, 2e6), np.empty(4_000_000)
elementwise.relu(out, x)
child = os.fork()
out[:] = np.nan
elementwise.relu(out, x)
assert (out == np.maximum(x, 0)).all()
if child == 0:
    os._exit(0 if threading.active_count() == 3 else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_child_makes_a_team_of_its_own():
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK], check=True, timeout=60)
