import os
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from minigrad.cli import main
from minigrad.data import local


class Outcome:
    """What a command left: its exit code and what it printed."""

    def __init__(self, *arguments):
        result = CliRunner().invoke(main, [str(item) for item in arguments], prog_name="minigrad")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr

    @property
    def lines(self):
        """The lines on stdout of a command that went well."""
        assert (self.code, self.err) == (0, "")
        return self.out.splitlines()

    @property
    def error(self):
        """The one line on stderr of a command that did not."""
        assert self.code in (1, 2)
        (line,) = self.err.splitlines()
        return line.removeprefix("minigrad: ")


@pytest.fixture(autouse=True)
def ctrl_c_is_heeded():
    """A shell starts what runs in the background deaf to SIGINT, and processes inherit it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def minigrad(tmp_path, monkeypatch):
    """Run a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(local.VARIABLE, raising=False)
    return Outcome


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """A run on digits, and what training it printed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    before = Path.cwd()
    os.chdir(folder.parent)
    try:
        outcome = Outcome("train", "--model", "mlp", "--data", "digits", "--epochs", 2, "--out", folder)
    finally:
        os.chdir(before)
    return folder, outcome


@pytest.fixture
def run(trained_once, tmp_path):
    """A copy of that run."""
    return shutil.copytree(trained_once[0], tmp_path / "run")


@pytest.fixture
def photos(tmp_path):
    """Ten grey images of 8x8 for each of three classes."""
    image = pytest.importorskip("PIL.Image")
    for level, name in ((20, "dark"), (120, "grey"), (220, "light")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            image.new("L", (8, 8), level + number).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"
