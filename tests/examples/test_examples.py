import subprocess
import sys
from pathlib import Path

import pytest

from tests.data.copies import images_and_labels, records, write_mnist

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


def write_cifar10(folder, count=40):
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (folder / name).write_bytes(records(*images_and_labels(count, (3, 32, 32))))


DATA = {
    "mnist.py": write_mnist,
    "cifar10_convnet.py": write_cifar10,
    "two_layer_net.py": lambda folder: write_cifar10(folder, 400),  # so that there are steps enough to diagnose
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs(example, tmp_path):
    options = ["--smoke"]
    if example.name in DATA:
        DATA[example.name](tmp_path)
        options += ["--data-dir", "."]
    run = subprocess.run(
        [sys.executable, "-W", "error", example, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_the_tests_of_the_custom_op_pass(tmp_path):
    path = EXAMPLES[0].parent / "custom_op.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", path]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "4 passed" in run.stdout
