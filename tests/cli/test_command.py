"""The command itself, and the subcommands that only tell."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest

import minigrad as mg
from minigrad.cli import main
from minigrad.data import datasets
from minigrad.models import MODELS
from minigrad.version import __version__

COMMANDS = ("check", "search", "train", "plot", "diagnose", "eval", "predict", "datasets", "models", "warmup", "info")


def started(*arguments, **options):
    command = [sys.executable, "-W", "error", "-m", "minigrad", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)


def test_help_names_every_subcommand_and_each_shows_examples(minigrad):
    page = minigrad("--help").out
    for name in COMMANDS:
        assert re.search(rf"^  {name}  ", page, re.MULTILINE)
        assert f"  Examples:\n    minigrad {name}" in minigrad(name, "-h").out


def test_without_a_subcommand_it_shows_its_help(minigrad):
    outcome = minigrad()
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: minigrad [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fly"], "No such command 'fly'. See 'minigrad --help'."),
        (["models", "--fly"], "No such option '--fly'. See 'minigrad models --help'."),
        (["predict", "run"], "Missing argument 'IMAGE...'. See 'minigrad predict --help'."),
    ],
)
def test_a_command_that_makes_no_sense_is_one_line(minigrad, arguments, message):
    outcome = minigrad(*arguments)
    assert outcome.error == message
    assert outcome.code == 2


def test_an_error_of_the_system_is_one_line(minigrad, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = minigrad("train", "--model", "mlp", "--data", "digits", "--epochs", 1, "--out", "file/run")
    assert "Not a directory" in outcome.error
    assert outcome.code == 1


def test_the_module_is_the_command(tmp_path):
    run = started("--version", cwd=tmp_path, stdout=subprocess.PIPE)
    assert (run.returncode, run.stdout, run.stderr) == (0, f"minigrad, version {__version__}\n", "")
    run = started("models", "nothing", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr.startswith("minigrad: model: no network is called 'nothing'; there are convnet, two_layer_net, ")


def test_a_reader_that_has_left_gets_no_traceback(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    run = started("models", cwd=tmp_path, stdout=writer)
    os.close(writer)
    assert (run.returncode, run.stderr) == (1, "")


def test_the_script_is_declared():
    (script,) = entry_points(group="console_scripts", name="minigrad")
    assert script.load() is main


def test_datasets_are_listed(minigrad):
    _, *lines = minigrad("datasets").lines
    assert [line.split()[0] for line in lines] == list(datasets.registry())
    assert re.match(r"mnist +60,000 +10,000 +1x28x28 +10 ", lines[1])


def test_models_are_listed(minigrad):
    _, *lines = minigrad("models").lines
    assert [line.split()[0] for line in lines] == list(MODELS)
    assert re.match(r"lenet +1x28x28 +61,706 +\d{3},\d{3} ", lines[2])
    assert re.match(r"vgg16 +3x224x224 +138,357,544 +30,960,230,912 ", lines[10])


def test_the_layers_of_a_model_are_listed(minigrad):
    lines = minigrad("models", "lenet").lines
    assert [line.split()[0] for line in lines if "Conv2d" in line] == ["conv1", "conv2"]
    assert "61,706" in lines[-1]


def test_warming_up_says_what_there_is(minigrad):
    (line,) = minigrad("warmup").lines
    assert re.fullmatch(r"\d+ compiled kernels in .*, after \d+\.\d s", line)


def test_warming_up_takes_a_dtype(minigrad, monkeypatch):
    compiled = []
    monkeypatch.setattr("minigrad_kernels.cpu.compiler.warmup", lambda dtypes, *_: compiled.append(dtypes))
    for dtype in ("float32", "float64", "both"):
        assert minigrad("warmup", "--dtype", dtype).lines
    assert compiled == [[mg.float32], [mg.float64], [mg.float32, mg.float64]]
    assert minigrad("warmup", "--dtype", "int8").code == 2


def test_info_says_what_runs_here(minigrad):
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in minigrad("info").lines)
    assert lines["minigrad"] == __version__
    assert lines["numpy"] == np.__version__
    assert lines["threads"].startswith(f"{mg.get_num_threads()} of ")
    assert re.fullmatch(r"(128|256|512) bits", lines["vectors"])
    assert "compiled kernels" in lines["kernel cache"]
    assert {"threading layer", "BLAS", "CUDA", "Python", "numba"} <= set(lines)


def test_info_names_what_is_not_installed(minigrad, monkeypatch):
    monkeypatch.setattr("minigrad.cli.info._PACKAGES", ("no-such-package",))
    assert any(re.fullmatch("no-such-package +not installed", line) for line in minigrad("info").lines)
