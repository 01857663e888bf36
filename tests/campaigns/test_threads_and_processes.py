"""Equal bits whoever computes."""

import threads_and_processes

import minigrad as mg


def test_all_ways_give_the_same_bits():
    before = mg.get_num_threads()
    try:
        text, faults = threads_and_processes.run(repeats=1, steps=1)
    finally:
        mg.set_num_threads(before)
    assert faults == []
    assert "| forked after training, and its parent | 2 | 0 |" in text


def test_other_bits_are_told(monkeypatch):
    monkeypatch.setattr(threads_and_processes, "_all_divided", lambda steps: ["other bits"])
    _, faults = threads_and_processes.run(repeats=1, steps=1)
    assert faults == ["4 threads, even the smallest work divided: 1 of 1 trainings gave other bits"]
