"""What the GPU's runtime asks of Numba CUDA, in which stream: no GPU is behind it here, so nothing is computed."""

from types import SimpleNamespace

import numpy as np
import pytest

from minigrad_kernels.cuda import driver, language


class Calls(list):
    """Stands in for `numba.cuda`, and keeps what was called."""

    def __init__(self):
        super().__init__()
        self.gpus = [None]
        self.streams = iter(["kernels", "copies"])
        self.events = iter(range(100))

    def stream(self):
        name = next(self.streams)

        class Stream:
            __int__ = staticmethod(lambda: 99)
            __repr__ = staticmethod(lambda: name)
            synchronize = staticmethod(lambda: self.append(f"the host waits for {name}"))

        return Stream()

    def event(self, timing):
        number = next(self.events)
        return SimpleNamespace(
            record=lambda stream: self.append(f"event {number} in {stream}"),
            wait=lambda stream: self.append(f"{stream} waits for event {number}"),
            synchronize=lambda: self.append(f"the host waits for event {number}"),
        )

    def pinned_array(self, size, dtype):
        return np.empty(size, dtype)

    def from_cuda_array_interface(self, interface, sync):
        assert not sync
        return SimpleNamespace(
            copy_to_device=lambda source, stream: self.append(f"copy in {stream}"),
            copy_to_host=lambda host, stream: self.append(f"copy to the host in {stream}"),
        )


@pytest.fixture
def calls(monkeypatch):
    calls = Calls()
    monkeypatch.setattr(driver, "cuda", calls)
    monkeypatch.setattr(language, "driver_version", language.compiler_version)
    monkeypatch.setattr(driver, "STAGED_BYTES", 16)
    return calls


def test_a_copy_waits_for_its_mark_and_kernels_for_theirs_and_the_host_for_nothing(calls):
    runtime = driver.Driver()
    copied = runtime.copy_to_device(0, np.zeros(2), runtime.mark())
    runtime.wait(copied)
    assert calls == [
        "event 0 in kernels",
        "copies waits for event 0",
        "copy in copies",
        "event 1 in copies",
        "kernels waits for event 1",
    ]


def test_a_large_copy_ends_with_its_last_piece_and_reuses_staging_that_is_done(calls):
    runtime = driver.Driver()
    mark = runtime.mark()
    calls.clear()
    runtime.wait(runtime.copy_to_device(0, np.zeros(9), mark))
    pieces = [call for call in calls if call == "copy in copies"]
    assert len(pieces) == 5
    assert calls[-4:] == [
        "the host waits for event 1",
        "copy in copies",
        "event 5 in copies",
        "kernels waits for event 5",
    ]


def test_all_else_is_in_the_order_of_kernels(calls):
    runtime = driver.Driver()
    runtime.copy_on_device(0, 8, 8)
    runtime.copy_to_host(np.zeros(1), 0)
    runtime.synchronize()
    assert calls == [
        "copy in kernels",
        "copy to the host in kernels",
        "the host waits for kernels",
        "the host waits for copies",
        "the host waits for kernels",
    ]


def test_other_libraries_are_told_the_stream_of_kernels(calls):
    assert driver.Driver().stream == 99
