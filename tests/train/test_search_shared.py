"""Several processes share a study, and one that is killed loses nothing."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

import minigrad as mg
from minigrad.train import SearchResult, search_study
from minigrad.train.search_study import Heartbeat, Runs, opened
from tests.train.searches import build, searched

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(SearchResult, "plot", lambda *_: None)


@pytest.fixture
def process(tmp_path):
    """Start searches.py, and kill it at the end."""
    begun = []

    def start(way):
        command = [sys.executable, "-W", "error", str(Path(__file__).with_name("searches.py")), "study", way]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "MINIGRAD_NUM_THREADS": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes))
        return begun[-1]

    yield start
    for child in begun:
        child.kill()
        child.communicate()


def test_a_search_whose_process_was_killed_goes_on_and_ends_as_if_it_had_not_been(process, tmp_path, monkeypatch):
    child = process("stop")
    seeds = [int(child.stdout.readline()) for _ in range(3)]
    child.kill()
    child.wait()
    monkeypatch.setattr(search_study, "GRACE", 0.3)
    result = searched(folder=tmp_path / "study", resume=True)
    whole = searched()
    assert result.trials == whole.trials
    assert len(whole.trials) == 5
    assert {trial.seed for trial in whole.trials if trial.number <= 3} == set(seeds)


def test_two_processes_share_the_runs_and_find_the_same(process, tmp_path):
    child = process("wait")
    theirs = [int(child.stdout.readline())]
    ours = []

    def model():
        ours.append(mg.random.initial_seed())
        if len(ours) == 2:
            (tmp_path / "study-go").touch()
        return build()

    result = searched({"build": model}, folder=tmp_path / "study", resume=True)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    theirs += map(int, out.split())
    assert sorted(theirs + ours[1:]) == sorted(trial.seed for trial in result.trials)
    assert result.trials == searched().trials


@pytest.fixture
def shared(tmp_path):
    """What two processes see of the same three runs."""
    with opened(tmp_path / "study.db", None) as first, opened(tmp_path / "study.db", None) as second:
        names = {"study_name": "s", "load_if_exists": True}
        yield [Runs(optuna.create_study(storage=s, **names), range(1, 4), lock) for s, lock in (first, second)]


def test_no_run_is_claimed_twice(shared):
    here, there = shared
    numbers = [runs.claim()[1] for runs in (here, there, here)]
    assert numbers == [1, 2, 3]
    assert here.claim() is None
    assert there.claim() is None
    assert not here.finished()


def test_no_trial_changes_hands_while_another_process_takes_one(shared, tmp_path):
    """SQLite would let both take the same."""
    claimed = []
    thread = threading.Thread(target=lambda: claimed.append(shared[0].claim()[1]))
    with FileLock(tmp_path / "study.db.lock"):
        thread.start()
        thread.join(timeout=0.3)
        assert thread.is_alive()
    thread.join(timeout=60)
    assert claimed == [1]


def test_of_two_trials_that_are_queued_for_a_run_at_once_one_is_dropped(shared):
    here, there = shared
    for runs in shared:
        runs.study.enqueue_trial({}, user_attrs={"run": 1})
    assert [here.claim()[1], there.claim()[1], here.claim()[1]] == [1, 2, 3]
    assert there.claim() is None


def test_a_trial_that_nobody_queued_is_dropped(shared):
    """It is what Optuna makes when another process has taken the one that was queued."""
    here, there = shared
    ask, theirs = here.study.ask, []

    def late():
        if not theirs:
            theirs.append(there.study.ask())
        return ask()

    here.study.ask = late
    _, number = here.claim()
    assert theirs[0].user_attrs == {"run": 1}
    assert number == 2


def test_who_is_silent_loses_its_run_and_cannot_end_it(shared, monkeypatch):
    here, there = shared
    trial, number = here.claim()
    monkeypatch.setattr(search_study, "GRACE", 3600)
    there.give_back_of_the_dead()
    there.give_back_of_the_dead()
    assert number in there.held()
    monkeypatch.setattr(search_study, "GRACE", 0)
    there.give_back_of_the_dead()
    assert number not in there.held()
    again, same = there.claim()
    assert same == number
    outcome = {"accuracy": 0.5, "cost": 1.0, "stopped": ""}
    assert not here.finish(trial, 0.5, outcome)
    assert there.finish(again, 0.75, outcome)
    assert here.held()[number].value == 0.75


def test_who_trains_gives_signs_of_life(shared, monkeypatch):
    here, there = shared
    monkeypatch.setattr(search_study, "BEAT", 0.01)
    monkeypatch.setattr(search_study, "GRACE", 0)
    trial, number = here.claim()
    there.give_back_of_the_dead()
    with Heartbeat(trial):
        while not there.held()[number].user_attrs.get("beat"):
            pass
        there.give_back_of_the_dead()
        assert number in there.held()
    there.give_back(trial.number)
    with Heartbeat(trial) as heart:
        heart._thread.join(timeout=30)  # it ends by itself: the trial is not its own any more
        assert not heart._thread.is_alive()
