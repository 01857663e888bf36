"""`mg.train.search`."""

import csv
import functools
import sys
from contextlib import nullcontext

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import DataLoader
from minigrad.errors import DataError, MinigradError, MinigradWarning
from minigrad.optim import regularize
from minigrad.optim.lr_scheduler import CosineAnnealingLR
from minigrad.train import SearchResult, fit, search, search_stages
from minigrad.train.search_result import FINISHED
from tests.train.searches import TRAIN, VALIDATION, build, searched
from tests.train.states import everything

optuna = pytest.importorskip("optuna")


def wide():
    return nn.Sequential(nn.Linear(3, 20), nn.ReLU(), nn.Dropout(0.5), nn.Linear(20, 2))


@pytest.fixture(autouse=True)
def undrawn(request, monkeypatch):
    """No pictures, which take longer than these searches, where nothing is said of them."""
    if "picture" not in request.function.__name__:
        monkeypatch.setattr(SearchResult, "plot", lambda *_: None)


class BoomError(Exception):
    pass


def failing(error, after):
    """A loss that fails in a later batch."""
    calls = []

    def loss(scores, labels):
        calls.append(None)
        if len(calls) > after:
            raise error
        return F.cross_entropy(scores, labels)

    return loss


def test_stages_go_from_coarse_to_fine_for_every_network():
    result = searched({"a": build, "b": wide})
    assert [trial.number for trial in sorted(result.trials)] == [*range(1, 11)]
    for box in result.boxes:
        trials = [trial for trial in result.trials if (trial.stage, trial.model) == (box.stage, box.model)]
        assert len(trials) == box.trials
        assert all(box.lr.low <= t.lr <= box.lr.high and box.reg.low <= t.reg <= box.reg.high for t in trials)
        assert all(trial.epochs == box.epochs for trial in trials)
    for first, second in zip(result.boxes[:2], result.boxes[2:], strict=True):
        best = next(trial for trial in result.trials if (trial.stage, trial.model) == (1, first.model))
        assert second.lr == first.lr.around(best.lr)
        assert second.reg == first.reg.around(best.reg)


def test_trials_are_sorted_and_the_best_comes_first():
    result = searched(lr=(1e-4, 1e3))
    done = [trial for trial in result.trials if trial.verdict == FINISHED]
    assert result.trials[: len(done)] == tuple(sorted(done, key=lambda t: (-t.accuracy, t.cost)))
    assert result.best == done[0]
    assert "finished" in str(result).splitlines()[1]


def test_a_trial_can_be_repeated_from_its_row():
    cosine = functools.partial(CosineAnnealingLR, counts="batches")
    best = searched(wide, schedule=cosine).best
    mg.manual_seed(best.seed)
    model = wide()
    optimizer = optim.SGD(model.parameters(), lr=best.lr, momentum=0.9, weight_decay=best.reg)
    schedule = cosine(optimizer, best.epochs * 4)
    options = {"epochs": best.epochs, "batch_size": 10, "schedule": schedule, "progress": False}
    history = fit(model, TRAIN, VALIDATION, optimizer=optimizer, **options)
    epoch = history.epochs[history.best_epoch - 1]
    assert (epoch.val_accuracy, epoch.val_cost) == (best.accuracy, best.cost)


def test_equal_seeds_find_the_same_and_others_do_not():
    assert searched().trials == searched().trials != searched(seed=1).trials


def test_a_run_whose_loss_exceeds_three_times_the_first_is_stopped_at_once():
    seen = []

    def loss(scores, labels):
        """1, 1, 2.99, 3, 3.01 ..."""
        seen.append(None)
        level = {1: 1.0, 2: 1.0, 3: 2.99, 4: 3.0}.get(len(seen), 3.01)
        return F.cross_entropy(scores, labels) * 0.0 + level

    (trial,) = searched(stages=[(1, 9)], loss=loss, batch_size=2).trials
    assert trial.verdict == "pruned: the loss is 3.01 in step 5, above 3 times the first, 1"
    assert (trial.accuracy, trial.cost, len(seen)) == (None, None, 5)


def test_a_run_whose_loss_is_not_a_number_is_stopped_at_once():
    seen = []

    def loss(scores, labels):
        seen.append(None)
        return F.cross_entropy(scores, labels) * (float("nan") if len(seen) == 3 else 1.0)

    (trial,) = searched(stages=[(1, 9)], loss=loss).trials
    assert trial.verdict == "pruned: the cost is nan in epoch 1 / 9, batch 3"
    assert len(seen) == 3


def test_a_validation_loss_that_is_not_a_number_ends_a_run():
    def loss(scores, labels):
        return F.cross_entropy(scores, labels) * (1.0 if scores.requires_grad else float("inf"))

    result = searched(stages=[(1, 2), (1, 1)], loss=loss)
    (trial,) = result.trials
    assert trial.verdict == "pruned: the validation loss is inf after epoch 1"
    assert result.warnings == ("stage 1: no run of build has finished, so it is left out from here on",)
    with pytest.raises(MinigradError, match=r"none of 1 runs has finished; pruned: the validation loss is inf"):
        result.best  # noqa: B018 - it raises


def test_rates_that_explode_are_pruned_without_a_warning():
    result = searched(wide, lr=(1e20, 1e30), stages=[(3, 1)])
    assert all(trial.verdict.startswith("pruned: the ") for trial in result.trials)


@pytest.mark.parametrize("pruner", ["median", "halving", "hyperband"])
def test_a_pruner_ends_runs_that_fall_behind(pruner):
    result = searched(stages=[(12, 6)], lr=(1e-6, 1.0), pruner=pruner)
    assert any(trial.verdict.startswith("pruned: the pruner gave it up after epoch ") for trial in result.trials)
    assert result.best.accuracy > 0.8


def test_tpe_draws_other_settings_than_random_once_it_has_seen_enough():
    found = [searched(stages=[(13, 1)], sampler=sampler).trials for sampler in ("random", "tpe", "tpe")]
    drawn = [[(trial.lr, trial.reg) for trial in sorted(trials)] for trials in found]
    assert drawn[0][:10] != drawn[1][10:]
    assert drawn[0][10:] != drawn[1][10:] == drawn[2][10:]


ENDINGS = {
    "an end": (None, F.cross_entropy),
    "an exception": (BoomError, failing(BoomError, after=7)),
    "Ctrl-C": (KeyboardInterrupt, failing(KeyboardInterrupt, after=7)),
}


@pytest.mark.parametrize(("error", "loss"), ENDINGS.values(), ids=ENDINGS)
def test_what_is_the_callers_is_bit_for_bit_as_before(error, loss):
    mg.manual_seed(5)
    model = wide()
    optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
    loader = DataLoader(TRAIN, batch_size=8, shuffle=True)
    batches = iter(loader)
    for _ in range(3):
        images, labels = next(batches)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    model.eval()
    before = everything(model, optimizer), loader.state_dict(), [array.tobytes() for array in TRAIN.arrays]
    options = {"optimizer": optimizer, "loss": loss, "progress": False, "warn": lambda _: None}
    with nullcontext() if error is None else pytest.raises(error):
        search(model, loader, VALIDATION, stages=[(2, 1)], **options)
    assert before == (everything(model, optimizer), loader.state_dict(), [array.tobytes() for array in TRAIN.arrays])
    assert sum(len(labels) for _, labels in batches) == 40 - 3 * 8


def test_a_function_may_give_the_callers_own_network():
    model = wide()
    before = everything(model)
    first, second = sorted(searched({"own": lambda: model}, stages=[(2, 3)], lr=(0.1, 0.1), reg=(0.1, 0.1)).trials)
    assert everything(model) == before
    assert first.accuracy is not None
    assert second.accuracy is not None


def test_a_network_of_the_callers_starts_from_its_weights():
    model = build()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    (trial,) = searched(model, stages=[(1, 1)], lr=(1e-12, 1e-12)).trials
    assert trial.cost == pytest.approx(np.log(2), rel=1e-6)
    assert trial.model == "Linear"


def test_groups_of_an_optimizer_keep_their_proportions():
    model = build()
    groups = [
        {"params": [model.weight], "lr": 0.2, "weight_decay": 0.1},
        {"params": [model.bias], "lr": 0.1, "weight_decay": 0.0},
    ]
    optimizer = optim.SGD(groups, lr=0.1)
    rates = []

    def schedule(optimizer, steps):
        rates.append((steps, [(group["lr"], group["weight_decay"]) for group in optimizer.param_groups]))
        return CosineAnnealingLR(optimizer, steps, counts="batches")

    (trial,) = searched(model, stages=[(1, 2)], optimizer=optimizer, schedule=schedule).trials
    assert rates == [(8, [(trial.lr, trial.reg), (trial.lr / 2, 0.0)])]


def test_optimizers_are_made_by_a_function_and_a_penalty_takes_the_strength():
    strengths = []

    def penalty(strength):
        strengths.append(strength)
        return regularize.L2(strength)

    made = []

    def optimizer(parameters, lr):
        made.append(lr)
        return optim.Adam(parameters, lr=lr)

    result = searched(stages=[(2, 1)], optimizer=optimizer, penalty=penalty)
    assert strengths[1:] == [trial.reg for trial in sorted(result.trials)]
    assert made[1:] == [trial.lr for trial in sorted(result.trials)]


def test_a_loader_stands_for_its_data_and_batch_size():
    loader = DataLoader(TRAIN, batch_size=10, shuffle=True)
    options = {"stages": [(2, 1)], "progress": False}
    assert search(build, loader, VALIDATION, **options).trials == searched(stages=[(2, 1)], lr=(1e-5, 1.0)).trials


@pytest.mark.parametrize(("seed", "edge"), [(51, "upper"), (1, "lower")])
def test_a_best_value_at_the_edge_of_its_range_is_warned_of(seed, edge):
    """With these seeds the one learning rate that is drawn lies there."""
    options = {"stages": [(1, 1)], "lr": (1e-4, 1.0), "seed": seed, "progress": False}
    with pytest.warns(
        MinigradWarning, match=rf"^stage 1: the best learning rate of build, .*, lies at the {edge} edge"
    ):
        result = search(build, TRAIN, VALIDATION, **options)
    (warning,) = result.warnings
    assert warning.endswith(f"{edge} edge of its range, 0.0001 to 1: better ones may lie beyond it")


def test_a_folder_gets_the_study_a_table_and_a_picture_and_is_gone_on_with(tmp_path, capfd):
    folder = tmp_path / "deep" / "a?b %41{#}"
    result = searched({"a": build, "b": wide}, folder=folder, progress=True)
    out, err = capfd.readouterr()
    assert err == ""
    assert sum(line.startswith("val_acc: ") for line in out.splitlines()) == 10
    assert {path.name for path in folder.iterdir()} >= {"study.db", "search.json", "trials.csv", "search.png"}
    with (folder / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["number"]), float(row["lr"]), row["verdict"]) for row in rows] == [
        (trial.number, trial.lr, trial.verdict) for trial in result.trials
    ]
    assert (folder / "search.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert searched({"a": build, "b": wide}, folder=folder, resume=True).trials == result.trials


@pytest.mark.parametrize("error", [BoomError, KeyboardInterrupt])
def test_a_search_that_was_interrupted_goes_on_at_once_and_ends_as_if_it_had_not_been(tmp_path, error, monkeypatch):
    with pytest.raises(error):
        searched(folder=tmp_path / "study", loss=failing(error, after=7))
    monkeypatch.setattr(search_stages.Runs, "give_back_of_the_dead", lambda _: pytest.fail("it was not given back"))
    assert "finished" in (tmp_path / "study/trials.csv").read_text()
    assert searched(folder=tmp_path / "study", resume=True).trials == searched().trials


def test_optuna_speaks_as_loud_as_before():
    before = optuna.logging.get_verbosity()
    try:
        for level in (optuna.logging.DEBUG, optuna.logging.ERROR):
            optuna.logging.set_verbosity(level)
            searched(stages=[(1, 1)])
            assert optuna.logging.get_verbosity() == level
    finally:
        optuna.logging.set_verbosity(before)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "study.db.lock"}


def test_a_folder_of_another_search_is_left_alone(tmp_path):
    folder = tmp_path / "study"
    searched(stages=[(1, 1)], folder=folder)
    before = contents(folder)
    with pytest.raises(DataError, match=r"there is a search in .* already; pass resume=True"):
        searched(stages=[(1, 1)], folder=folder)
    for changed in ({"seed": 1}, {"lr": (0.1, 1.0)}, {"batch_size": 3}, {"recipe": "x"}, {"model": wide}):
        with pytest.raises(DataError, match=r"is of another search, with \w+ .* instead of .*; nothing was changed"):
            searched(**{"stages": [(1, 1)], "folder": folder, "resume": True} | changed)
    assert contents(folder) == before


def test_files_that_are_not_of_a_search_are_left_alone(tmp_path):
    (tmp_path / "trials.csv").write_text("mine")
    with pytest.raises(DataError, match=r"holds trials\.csv, but no search"):
        searched(folder=tmp_path, resume=True)
    assert contents(tmp_path) == {"trials.csv": b"mine"}


def test_a_study_that_is_damaged_is_named(tmp_path):
    searched(stages=[(1, 1)], folder=tmp_path / "study")
    for name, message in (("study.db", "cannot be opened as a study: file is not"), ("search.json", "is damaged")):
        (tmp_path / "study" / name).write_text("[no" * 1000)
        with pytest.raises(DataError, match=message):
            searched(stages=[(1, 1)], folder=tmp_path / "study", resume=True)


def test_a_study_in_a_database_is_shared_by_name_and_settings(tmp_path):
    options = {"storage": f"sqlite:///{tmp_path}/all.db", "study": "mine", "stages": [(2, 1)]}
    trials = searched(**options).trials
    with pytest.raises(DataError, match="there is a study 'mine' already; pass resume=True"):
        searched(**options)
    with pytest.raises(DataError, match="the study 'mine' is of another search, with seed 0 instead of 1"):
        searched(**options, resume=True, seed=1)
    assert searched(**options, resume=True).trials == trials
    assert (tmp_path / "all.db.lock").exists()


def test_a_database_that_cannot_be_opened_is_one_line_without_its_password():
    with pytest.raises(DataError, match="the database of --storage cannot be opened as a study: ") as caught:
        searched(storage="nosuch://user:secret@host/base")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


WRONG = {
    "no function": ({"model": 3}, "a model must be a Module or a function that builds one, got 3"),
    "no models": ({"model": {}}, "models must hold at least one, got none"),
    "no module": ({"model": lambda: 3}, "model must build a Module, it gave int"),
    "sampler": ({"sampler": "grid"}, "sampler must be 'random' or 'tpe', got 'grid'"),
    "pruner": ({"pruner": "x"}, "pruner must be 'none', 'median', 'halving' or 'hyperband', got 'x'"),
    "optimizer": ({"optimizer": 3}, "optimizer must be a function that makes one, got int"),
    "no optimizer": ({"optimizer": lambda *_, **__: 3}, "optimizer must make an Optimizer, it gave int"),
    "strange optimizer": ({"optimizer": optim.SGD(build().parameters(), lr=1.0)}, "an optimizer goes with the one"),
    "batch size": ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
}


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_before_anything_is_written(tmp_path, changed, message):
    before = mg.get_rng_state()
    with pytest.raises(DataError, match=f"^search: {message}"):
        searched(**changed, folder=tmp_path / "study")
    assert not [*tmp_path.iterdir()]
    assert mg.get_rng_state() == before


def test_a_loader_that_transforms_is_refused():
    with pytest.raises(DataError, match="a loader with a transform cannot be searched with"):
        search(build, DataLoader(TRAIN, transform=lambda *arrays: arrays), VALIDATION)


def test_without_optuna_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MinigradError, match=r"optuna is not installed.*extra 'search'"):
        searched(folder=tmp_path / "study")
    assert not [*tmp_path.iterdir()]


def test_without_matplotlib_there_is_no_picture_and_a_line_says_why(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = []
    searched(stages=[(1, 1)], reg=(0.1, 0.1), lr=(0.1, 0.1), folder=tmp_path / "study", warn=said.append)
    assert said == ["no picture: search: matplotlib is not installed; install it, or minigrad with its extra 'plot'"]
    assert (tmp_path / "study/trials.csv").exists()


def test_there_is_no_picture_of_nothing(tmp_path):
    with pytest.raises(MinigradError, match="nothing to draw"):
        SearchResult((), ()).plot(tmp_path / "search.png")
    with pytest.raises(MinigradError, match="none of 0 runs has finished"):
        SearchResult((), ()).best  # noqa: B018 - it raises


def test_runs_of_other_processes_are_waited_for(capfd, monkeypatch):
    """A run is claimed by nobody here, then freed."""
    claim, theirs = search_stages.Runs.claim, []

    def first_theirs(runs):
        if not theirs:
            theirs.append(claim(runs)[0])
        return claim(runs)

    monkeypatch.setattr(search_stages.Runs, "claim", first_theirs)
    monkeypatch.setattr("minigrad.train.search_study.GRACE", 0.1)
    monkeypatch.setattr(search_stages, "_POLL", 0.02)
    trials = searched(stages=[(2, 1)], progress=True).trials
    assert capfd.readouterr().out.count("stage 1: waiting for the runs of other processes") == 1
    monkeypatch.undo()
    assert trials == searched(stages=[(2, 1)]).trials
