import threading

import pytest

import minigrad as mg
from minigrad.errors import GraphError


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def records():
    return (leaf(1.0) * 2.0).requires_grad


def test_recording_is_on_when_a_program_starts():
    assert mg.is_grad_enabled()
    assert records()


def test_no_grad_as_a_context():
    with mg.no_grad():
        assert not mg.is_grad_enabled()
        assert not records()
    assert records()


def test_no_grad_as_a_decorator():
    assert not mg.no_grad()(records)()
    assert records()


def test_contexts_nest_and_come_back():
    seen = []
    with mg.no_grad():
        seen.append(records())
        with mg.enable_grad():
            seen.append(records())
            with mg.no_grad():
                seen.append(records())
            seen.append(records())
        seen.append(records())
    assert seen == [False, True, False, True, False]


def test_enable_grad_as_a_decorator():
    with mg.no_grad():
        assert mg.enable_grad()(records)()
        assert not records()


def test_one_context_object_may_be_entered_twice():
    off = mg.no_grad()
    with off, off:
        assert not records()
    assert records()


def test_a_decorated_function_may_call_itself():
    @mg.no_grad()
    def count_down(depth):
        return count_down(depth - 1) if depth else records()

    assert count_down(3) is False
    assert records()


def test_recording_comes_back_after_an_error():
    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), mg.no_grad():
        fails()
    assert records()


def test_recording_is_per_thread():
    seen = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(records()))
        thread.start()
        thread.join()
        assert not records()
    assert seen == [True]


def test_a_generator_is_not_decorated():
    def batches():
        yield 1

    with pytest.raises(GraphError, match="batches runs in pieces; use the context inside it instead"):
        mg.no_grad()(batches)


def test_a_coroutine_is_not_decorated():
    async def later():
        return 1

    with pytest.raises(GraphError, match="later runs in pieces"):
        mg.enable_grad()(later)


def test_an_asynchronous_generator_is_not_decorated():
    async def stream():
        yield 1

    with pytest.raises(GraphError, match="stream runs in pieces"):
        mg.no_grad()(stream)
