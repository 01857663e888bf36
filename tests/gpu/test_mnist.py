"""Training on a GPU, to the accuracy that a CPU reaches."""

import pytest
from click.testing import CliRunner

from minigrad.cli import main


@pytest.mark.gpu
def test_lenet_learns_mnist(tmp_path):
    arguments = ["train", "--model", "lenet", "--data", "mnist", "--epochs", "2", "--device", "cuda"]
    result = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert result.exit_code == 0
    accuracy = float(result.output.split("test accuracy:")[1].split()[0])
    assert accuracy >= 0.98, result.output
