"""A training that was stopped and went on is, to the bit, one that never stopped."""

import pkgutil
import shutil
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DataError, MinigradError
from minigrad.train import Checkpoints, fit, load_history
from tests.train.runs import BATCH, RECIPES, STEPS, data, digest, network, train


class Stop(Exception):  # noqa: N818 - no error: what ends a training here
    pass


def stop_at(step):
    def on_step(run):
        if run.step == step:
            raise Stop

    return on_step


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def unstopped():
    return {recipe: digest(*train(recipe=recipe)) for recipe in RECIPES}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_training_stopped_after_any_step_goes_on_as_if_it_had_not(tmp_path, unstopped, recipe, step):
    with pytest.raises(Stop):
        train(Checkpoints(tmp_path, every=2), recipe, on_step=stop_at(step))
    seed = 99 if names(tmp_path) else 3  # with a checkpoint, all random numbers are those of before
    resumed = train(Checkpoints(tmp_path, every=2), recipe, seed=seed, resume=True)
    assert digest(*resumed) == unstopped[recipe]


def test_threads_that_read_ahead_change_nothing(tmp_path, unstopped):
    with pytest.raises(Stop):
        train(Checkpoints(tmp_path, every=1), on_step=stop_at(7), num_workers=2)
    assert digest(*train(Checkpoints(tmp_path), resume=True, num_workers=1)) == unstopped["SGD, batches"]


def test_a_batch_that_waits_on_another_device_has_not_been_trained_with(tmp_path):
    def of(**options):
        mg.manual_seed(3)
        return train(model=network().to("reference"), **options)

    with pytest.raises(Stop):
        of(checkpoints=Checkpoints(tmp_path, every=1), on_step=stop_at(7))
    assert digest(*of(checkpoints=Checkpoints(tmp_path), resume=True)) == digest(*of())


def test_checkpoints_change_nothing(tmp_path, unstopped):
    assert digest(*train(Checkpoints(tmp_path, every=1))) == unstopped["SGD, batches"]


def test_what_has_ended_is_only_told_of(tmp_path, unstopped):
    train(Checkpoints(tmp_path))
    before = names(tmp_path)
    assert digest(*train(Checkpoints(tmp_path), resume=True)) == unstopped["SGD, batches"]
    assert names(tmp_path) == before


def test_a_training_can_be_made_longer(tmp_path):
    longer = train(recipe="Adam, epochs", epochs=6)
    train(Checkpoints(tmp_path), "Adam, epochs")
    assert digest(*train(Checkpoints(tmp_path), "Adam, epochs", epochs=6, resume=True)) == digest(*longer)


def test_without_checkpoints_it_begins(tmp_path, unstopped):
    assert digest(*train(Checkpoints(tmp_path / "new"), resume=True)) == unstopped["SGD, batches"]


def test_the_log_goes_on_where_the_checkpoint_was(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(Stop):
        train(Checkpoints(tmp_path / "kept", every=4), on_step=stop_at(7), log=log)
    assert len(load_history(log).steps) == 7
    history = train(Checkpoints(tmp_path / "kept"), seed=99, resume=True, log=log)[2]
    assert history.about["seed"] == 3
    assert load_history(log) == history == train(log=tmp_path / "other")[2]
    assert log.read_bytes() == (tmp_path / "other").read_bytes()


def test_the_last_ones_and_the_best_are_kept(tmp_path):
    history = train(Checkpoints(tmp_path, every=2, keep=2))[2]
    last = [f"-step-{STEPS - 2}", f"-step-{STEPS}-epoch-4"]
    best = f"-step-{5 * history.best_epoch}-epoch-{history.best_epoch}"
    kept = names(tmp_path)
    assert len(kept) == len({*last, best})
    assert all(any(name.endswith(end) for name in kept) for end in (*last, best))


def test_checkpoints_of_another_training_are_not_mixed_with_this_one(tmp_path):
    train(Checkpoints(tmp_path), epochs=1)
    before = names(tmp_path)
    with pytest.raises(DataError, match="there are checkpoints already; resume the training, or name another folder"):
        train(Checkpoints(tmp_path))
    assert names(tmp_path) == before


def test_what_a_killed_process_left_is_removed(tmp_path):
    train(Checkpoints(tmp_path), epochs=1)
    (whole,) = tmp_path.iterdir()
    for name in (".writing-000002-step-9", ".removing-000000-step-1"):
        shutil.copytree(whole, tmp_path / name)
    train(Checkpoints(tmp_path), epochs=1, resume=True)
    assert names(tmp_path) == [whole.name]


def other(model=None, examples=22, batch=BATCH, kind=optim.SGD, **options):
    model = model or nn.Linear(4, 3)
    optimizer = kind(model.parameters(), lr=0.1)
    return model, lambda checkpoints, resume: fit(
        model, data(0, examples), data(1, 10), epochs=2, optimizer=optimizer, batch_size=batch, progress=False,
        checkpoints=checkpoints, resume=resume, **options(optimizer) if callable(options) else options,
    )  # fmt: skip


UNFIT = {
    "shape": ({"model": nn.Linear(4, 3, bias=False)}, "bias must be None, it has"),
    "dtype": ({"model": nn.Linear(4, 3).double()}, r"bias must be \('float64', \(3,\)\), it has \('float32', \(3,\)\)"),
    "examples": ({"examples": 23}, "it was written with {'examples': 22, 'batch_size': 5}, now"),
    "batch size": ({"batch": 4}, "it was written with {'examples': 22, 'batch_size': 5}, now"),
    "optimizer": ({"kind": optim.Adam}, "its optimizer is SGD, now it is Adam"),
}


@pytest.mark.parametrize(("changes", "message"), UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_is_refused_and_nothing_has_changed(tmp_path, changes, message):
    other()[1](Checkpoints(tmp_path), False)
    model, run = other(**changes)
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}, mg.get_rng_state()
    with pytest.raises(DataError, match=f"this checkpoint does not fit what is trained here: {message}"):
        run(Checkpoints(tmp_path), True)
    assert all(np.array_equal(value.numpy(), before[0][name]) for name, value in model.state_dict().items())
    assert mg.get_rng_state() == before[1]
    assert not [name for name in names(tmp_path) if name.startswith("damaged")]


def test_a_schedule_that_cannot_be_saved_is_found_before_anything_is_trained(tmp_path):
    class Constant:
        def step(self):
            raise AssertionError

    with pytest.raises(DataError, match="Constant must have state_dict and load_state_dict"):
        other(schedule=Constant())[1](Checkpoints(tmp_path / "none"), False)
    assert not (tmp_path / "none").exists()


def test_to_resume_takes_a_folder():
    with pytest.raises(DataError, match="pass checkpoints=Checkpoints"):
        train(resume=True)


def test_files_are_on_the_disk_before_their_folder_has_its_name_and_that_is_too(tmp_path, monkeypatch):
    happened = []

    def fsync(handle):
        happened.append(Path(f"/proc/self/fd/{handle}").readlink().name)

    rename = Path.rename
    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr(Path, "rename", lambda path, target: (happened.append("rename"), rename(path, target))[1])
    train(Checkpoints(tmp_path / "kept"), epochs=1)
    files = ("weights.safetensors", "best.safetensors", "optimizer.safetensors", "history.jsonl", "manifest.json")
    assert sorted(happened[:5]) == sorted(files)
    assert happened[5:] == [".writing-000001-step-5-epoch-1", "rename", "kept"]


def contents(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


CALLS = [
    *(("os.fsync", number) for number in range(1, 8)),  # five files, their folder, and the one around that
    *(("minigrad.train.checkpoint_folder.write_new", number) for number in range(1, 6)),
    *(("pathlib.Path.mkdir", 1), ("pathlib.Path.rename", 1)),
]


@pytest.mark.parametrize(("call", "number"), CALLS)
def test_a_full_disk_is_one_error_and_leaves_what_there_was(tmp_path, monkeypatch, unstopped, call, number):
    train(Checkpoints(tmp_path), epochs=1)
    before = contents(tmp_path)
    left, really = [number], pkgutil.resolve_name(call)

    def full(*arguments, **options):
        left[0] -= 1
        if left[0]:
            return really(*arguments, **options)
        if call.endswith("write_new"):
            path, data = arguments
            path.write_bytes(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    def stopping(run):
        monkeypatch.setattr(call, full)

    with pytest.raises(MinigradError) as caught:
        train(Checkpoints(tmp_path), resume=True, on_step=stopping)
    monkeypatch.undo()
    assert str(caught.value) == (
        f"{tmp_path}: the checkpoint after step 10 could not be written, those before are as they were: "
        "No space left on device"
    )
    after = contents(tmp_path)
    renamed = (call, number) == CALLS[6]  # all that is unknown is whether its name would survive a power cut
    assert before.items() <= after.items() if renamed else before == after
    assert digest(*train(Checkpoints(tmp_path), resume=True)) == unstopped["SGD, batches"]
