"""Every Python block of these documents is run, and prints what the text block after it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:(?!```).)*?```text\n(?P<output>.*?)```", re.DOTALL)
DOCUMENTS = {name: (ROOT / name).read_text() for name in ("README.md", "docs/layers.md")}
SNIPPETS = [(match["code"], match["output"]) for text in DOCUMENTS.values() for match in BLOCK.finditer(text)]


def test_every_python_block_has_its_output():
    assert len(SNIPPETS) == sum(text.count("```python") for text in DOCUMENTS.values()) > 0


@pytest.mark.parametrize(("code", "output"), SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_prints_what_the_document_says(code, output, tmp_path):
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == output


def test_links_between_documents_lead_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "kernels" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"
