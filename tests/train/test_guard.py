import json

import numpy as np
import pytest

from minigrad import nn
from minigrad.data import ArrayDataset
from minigrad.errors import DataError, MinigradWarning
from minigrad.train import LockedTestSet, evaluate

DATA = ArrayDataset(np.eye(3, dtype=np.float32), np.arange(3))
WARNING = r"the test set has been read {} times in this run.*false discovery.*Choose with the validation set"


def test_the_score_is_that_of_evaluate_and_the_first_reading_is_silent():
    model = nn.Linear(3, 3)
    test = LockedTestSet(DATA)
    assert test.score(model) == evaluate(model, DATA)
    assert (test.reads, len(test)) == (1, 3)


def test_later_readings_warn():
    model = nn.Linear(3, 3)
    test = LockedTestSet(DATA)
    test.score(model)
    for reads in (2, 3):
        with pytest.warns(MinigradWarning, match=WARNING.format(reads)):
            test.score(model)


def test_nothing_can_be_trained_on():
    test = LockedTestSet(DATA)
    with pytest.raises(TypeError):
        test[0]
    with pytest.raises(TypeError):
        iter(test)


def test_readings_of_earlier_processes_count(tmp_path):
    told = []
    for _ in range(2):
        test = LockedTestSet(DATA, log=tmp_path / "reads", name="digits", warn=told.append)
        cost, accuracy = test.score(nn.Linear(3, 3))
    assert [text[:32] for text in told] == ["digits has been read 2 times in "]
    *_, last = map(json.loads, (tmp_path / "reads").read_text().splitlines())
    assert (last["data"], last["cost"], last["accuracy"]) == ("digits", cost, accuracy)
    other = LockedTestSet(DATA, log=tmp_path / "reads", name="letters", warn=told.append)
    other.score(nn.Linear(3, 3))
    assert (other.reads, len(told)) == (1, 1)


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"data": "le'])
def test_a_line_that_cannot_be_read_may_have_been_a_reading(tmp_path, line):
    (tmp_path / "reads").write_text(line + "\n")
    assert LockedTestSet(DATA, log=tmp_path / "reads").reads == 1


def test_what_cannot_be_logged_is_not_told(tmp_path):
    with pytest.raises(DataError, match="the log must be a file in a folder that is there; nothing was read"):
        LockedTestSet(DATA, log=tmp_path / "none" / "reads").score(nn.Linear(3, 3))
