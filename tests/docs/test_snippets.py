"""Every Python block of these documents, and every command with an output, prints what is said."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:(?!```).)*?```text\n(?P<output>.*?)```", re.DOTALL)
COMMAND = re.compile(r"```sh\nminigrad (?P<arguments>[^\n]*)\n```\n+```text\n(?P<output>.*?)```", re.DOTALL)
PAGES = ("layers", "data", "training", "checks", "diagnose", "search", "plots", "models", "weights", "onnx")
DOCUMENTS = {name: (ROOT / name).read_text() for name in ("README.md", *(f"docs/{page}.md" for page in PAGES))}
COMMANDS = [(match["arguments"], match["output"]) for text in DOCUMENTS.values() for match in COMMAND.finditer(text)]
SNIPPETS = [(match["code"], match["output"]) for text in DOCUMENTS.values() for match in BLOCK.finditer(text)]


def test_every_python_block_has_its_output():
    assert len(SNIPPETS) == sum(text.count("```python") for text in DOCUMENTS.values()) > 0


@pytest.mark.parametrize(("code", "output"), SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_prints_what_the_document_says(code, output, tmp_path):
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == output


@pytest.mark.parametrize(("arguments", "output"), COMMANDS, ids=range(len(COMMANDS)))
def test_a_command_prints_what_the_document_says(arguments, output, tmp_path):
    """Up to the digits after the point, and numbers of steps: another processor adds in another order."""
    command = [sys.executable, "-W", "error", "-m", "minigrad", *arguments.split()]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    rounded = [re.sub(r"\.\d+|epoch \d,|\d+ steps of", "", text) for text in (run.stdout, output)]
    assert rounded[0] == rounded[1]


def test_links_between_documents_lead_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "kernels" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"
