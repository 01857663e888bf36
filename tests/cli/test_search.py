"""`minigrad search`."""

import csv
import json
import re
import shlex
import sys

import pytest

from minigrad.cli.train import command
from minigrad.train import SearchResult, search_run

pytest.importorskip("optuna")
SEARCH = ("search", "--model", "mlp", "--data", "digits", "--stage", 3, 1, "--stage", 1, 2, "--lr", 1e-3, 1)


NARROW = ("search", "--model", "mlp", "--data", "digits", "--stage", 1, 1, "--lr", 0.1, 0.1, "--reg", 1e-4, 1e-4)


@pytest.fixture(autouse=True)
def undrawn(request, monkeypatch):
    """No pictures, which take longer than these searches, but for one test."""
    if request.function is not test_a_search_ends_with_a_table_and_the_command_that_repeats_its_best_run:
        monkeypatch.setattr(SearchResult, "plot", lambda *_: None)


def rows(folder):
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_search_ends_with_a_table_and_the_command_that_repeats_its_best_run(minigrad, tmp_path):
    lines = minigrad(*SEARCH).lines
    assert lines[0].startswith("digits: 1,258 images to train, 269 to validate")
    assert lines[1] == "stage 1, mlp: 3 runs of 1 epoch, lr 0.001 to 1, reg 1e-06 to 0.1"
    assert sum(line.startswith("val_acc: ") for line in lines) == 4
    assert {path.name for path in (tmp_path / "runs/search-digits").iterdir()} >= {
        *("study.db", "trials.csv", "search.png", "options.json", "search.json")
    }
    best = rows(tmp_path / "runs/search-digits")[0]
    accuracy = f"{float(best['accuracy']):.4f}"
    assert lines[-2] == f"best: validation accuracy {accuracy} in trial {best['number']}; to train so:"
    program, *arguments = shlex.split(lines[-1])
    assert program == "minigrad"
    assert f"validation accuracy {accuracy}, are in" in minigrad(*arguments).out


def test_every_option_that_matters_is_in_the_command_and_train_knows_it(minigrad, tmp_path):
    options = ("--momentum", 0.5, "--batch-size", 100, "--workers", 1, "--out", "other")
    lines = minigrad(*NARROW, *options).lines
    settings = command.make_context("train", shlex.split(lines[-1])[2:]).params
    seed = int(rows(tmp_path / "other")[0]["seed"])
    assert settings["model"] == "mlp"
    assert (settings["lr"], settings["weight_decay"], settings["momentum"]) == (0.1, 1e-4, 0.5)
    assert (settings["batch_size"], settings["workers"], settings["epochs"], settings["seed"]) == (100, 1, 1, seed)


def test_ctrl_c_says_how_to_go_on_and_it_ends_as_if_it_had_not_been(minigrad, tmp_path, monkeypatch):
    whole = minigrad(*SEARCH, "--out", "whole").lines
    fit, calls = search_run.fit, []

    def interrupted(*arguments, **options):
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fit(*arguments, **options)

    monkeypatch.setattr(search_run, "fit", interrupted)
    outcome = minigrad(*SEARCH, "--out", "parts")
    assert (outcome.code, outcome.err.strip()) == (130, "minigrad: interrupted")
    *_, last = outcome.out.splitlines()
    assert last == "the search goes on with: minigrad search --resume parts"
    assert len(rows(tmp_path / "parts")) >= 2
    assert minigrad(*last.split()[-3:]).lines[-1] == whole[-1]
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


def test_a_study_in_a_database_is_joined_from_another_folder(minigrad, tmp_path):
    shared = ("--storage", "sqlite:///all.db", "--study", "s")
    first = minigrad(*SEARCH, *shared, "--out", "a")
    second = minigrad(*SEARCH, *shared, "--out", "b")
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert first.lines[-1] == second.lines[-1]
    assert not any(line.startswith("val_acc: ") for line in second.lines)
    assert "sqlite" not in (tmp_path / "a/options.json").read_text()
    assert (
        minigrad("search", "--resume", "a").error == "--storage and --study go together. See 'minigrad search --help'."
    )
    assert minigrad("search", "--resume", "a", *shared[:2]).lines[-1] == first.lines[-1]
    error = minigrad(*SEARCH, *shared, "--momentum", 0.5, "--out", "c").error
    assert error.startswith("search: the study 's' is of another search, with recipe ")
    assert not (tmp_path / "c").exists()


def test_if_no_run_finishes_the_table_says_why(minigrad):
    outcome = minigrad("search", "--model", "mlp", "--data", "digits", "--stage", 2, 1, "--lr", 1e10, 1e11)
    assert outcome.code == 1
    assert outcome.out.count("pruned: the ") == 4
    warning, error = outcome.err.splitlines()
    assert warning == "minigrad: warning: stage 1: no run of mlp has finished, so it is left out from here on"
    assert error.startswith("minigrad: search: none of 2 runs has finished; pruned: the ")


DIGITS = ("search", "--data", "digits", "--model")
WRONG = {
    "no model": (["search", "--data", "digits"], 2, "Missing option '--model'. See 'minigrad search --help'."),
    "no data": (["search", "--model", "mlp"], 2, "Missing option '--data'."),
    "unknown model": ([*DIGITS, "gpt"], 1, "--model: no network is called 'gpt'; there are convnet, "),
    "unknown data": (["search", "--model", "mlp", "--data", "x"], 1, "--data: x is no folder, and no data set; those"),
    "no such device": ([*DIGITS, "mlp", "--device", "tpu"], 1, "device: 'tpu' is not available here"),
    "image too small": ([*DIGITS, "lenet"], 1, "LeNet: nothing is left of an image (1, 8, 8)"),
    "low above high": ([*DIGITS, "mlp", "--lr", 1, 0.1], 1, "search: lr must be two numbers above 0, the lowest"),
    "zero": ([*DIGITS, "mlp", "--reg", 0, 0.1], 1, "search: reg must be two numbers above 0, the lowest first"),
    "one number": ([*DIGITS, "mlp", "--lr", 1], 2, "Option '--lr' requires 2 arguments."),
    "no runs": (
        [*DIGITS, "mlp", "--stage", 0, 1],
        1,
        "search: runs of a stage must be an integer of at least 1, got 0",
    ),
    "sampler": ([*DIGITS, "mlp", "--sampler", "x"], 2, "Invalid value for '--sampler': 'x' is not one of 'random'"),
    "storage": ([*DIGITS, "mlp", "--storage", "x"], 2, "--storage and --study go together."),
    "bad storage": ([*DIGITS, "mlp", "--storage", "x", "--study", "x"], 1, "search: the database of --storage cannot"),
    "resume": (["search", "--resume", "x"], 1, "--resume: x is no folder of a search; `minigrad search` makes them"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_and_leaves_nothing(minigrad, tmp_path, arguments, code, message):
    outcome = minigrad(*arguments)
    assert outcome.error.startswith(message)
    assert outcome.code == code
    assert not [path for path in tmp_path.iterdir() if path.name != "runs"]
    assert not [*tmp_path.glob("runs/*")]


def test_without_optuna_one_line_names_the_extra(minigrad, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "optuna is not installed; install it, or minigrad with its extra 'search'" in minigrad(*SEARCH).error
    assert not [*tmp_path.glob("runs/*")]


def test_a_folder_is_not_written_over_and_another_search_is_not_gone_on_with(minigrad, tmp_path):
    assert minigrad(*NARROW).lines
    folder = tmp_path / "runs/search-digits"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert minigrad(*SEARCH, "--out", folder).error.endswith(
        "exists and is not empty; name another folder, or remove it"
    )
    assert minigrad("search", "--resume", folder, "--seed", 1).error.startswith(
        "--resume takes all settings from the run"
    )
    assert minigrad("train", "--resume", folder).error.endswith(
        "is no folder of a training; `minigrad train` makes them"
    )
    changed = json.loads(before["options.json"]) | {"seed": 1}
    (folder / "options.json").write_text(json.dumps(changed))
    assert re.search("is of another search, with seed 0 instead of 1", minigrad("search", "--resume", folder).error)
    (folder / "options.json").write_text("{")
    assert "options.json is damaged" in minigrad("search", "--resume", folder).error
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {**after, "options.json": before["options.json"]} == before


def test_networks_for_different_images_are_searched_one_by_one(minigrad, tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name, level in (("dark", 50), ("light", 200)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            image.new("RGB", (12, 10), (level + number,) * 3).save(tmp_path / "photos" / name / f"{number}.png")
    error = minigrad("search", "--model", "mlp", "--model", "convnet", "--data", "photos").error
    assert error == "--model: these networks take images of different sizes; search them one by one"
