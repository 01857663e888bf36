"""docs/onnx.md lists the operators that the importer's table has."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_operators_is_the_one_that_the_command_prints():
    command = [sys.executable, str(ROOT / "tools/onnx_operators.py")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed in (ROOT / "docs/onnx.md").read_text(), "out of date: python tools/onnx_operators.py prints it"
