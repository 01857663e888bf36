"""`make bench` writes its tables between markers, and changes nothing else. Nothing is timed here."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FACTS = {"machine": "a machine", "versions": {"Python": "3.11.7"}, "date": "2026-01-02", "others": 0.01}


@pytest.fixture(scope="module")
def report():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("report")
    sys.path.remove(str(ROOT / "benchmarks"))


def steps(title, with_torch):
    columns = {"ms": ".2f", "spread %": ".0f"} | ({"PyTorch ms": ".2f", "ratio": ".2f"} if with_torch else {})
    versions = FACTS["versions"] | ({"torch": "2.13.0"} if with_torch else {})
    bounds = [("largest ratio", 0.504, 0.5), ("losses", 1e-7, 1e-3)]
    row = ("mlp", 1.234, 3.4, *((2.468, 0.5) if with_torch else ()))
    table = {"title": title, "how": "medians", "columns": columns, "rows": [row], "bounds": bounds}
    return table | FACTS | {"versions": versions}


def measured(with_torch=True, **changes):
    return {name: steps(name, with_torch) | changes for name in ("steps-1", "steps-2")}


@pytest.mark.parametrize("document", ["README.md", "docs/performance.md"])
def test_a_document_has_its_markers_and_only_what_lies_between_them_changes(report, document):
    text = (ROOT / document).read_text()
    replaced = report.replace_between_markers(text, "a table")
    assert replaced.split(report.BEGIN)[0] == text.split(report.BEGIN)[0]
    assert replaced.split(report.END)[1] == text.split(report.END)[1]
    assert replaced.split(report.BEGIN)[1].split(report.END)[0] == "\n\na table\n\n"
    assert report.replace_between_markers(replaced, "a table") == replaced


def test_markers_that_are_missing_or_repeated_or_swapped_are_an_error(report):
    begin, end = report.BEGIN, report.END
    for text in ("", begin, end + begin, begin + end + end, begin + begin + end):
        with pytest.raises(ValueError, match="must be there once"):
            report.replace_between_markers(text, "a table")


def test_the_tables_of_steps_stand_side_by_side(report):
    assert report.summary(measured()).splitlines()[2:5] == [
        "|  | ms, 1 thread | PyTorch ms, 1 thread | ratio, 1 thread"
        " | ms, 2 threads | PyTorch ms, 2 threads | ratio, 2 threads |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| mlp | 1.23 | 2.47 | 0.50 | 1.23 | 2.47 | 0.50 |",
    ]


def test_without_pytorch_its_columns_are_left_out_and_it_is_said(report):
    text = report.summary(measured(with_torch=False))
    assert "| mlp | 1.23 | 1.23 |" in text
    assert "PyTorch could not be installed" in text
    assert "PyTorch could not be installed" not in report.summary(measured())


def test_circumstances_say_machine_versions_date_and_noise(report):
    quiet = report.summary(measured())
    assert "a machine; Python 3.11.7, torch 2.13.0; 2 January 2026. The machine was quiet" in quiet
    assert "spans at most 3 % of its median" in quiet
    assert "**The machine was noisy**: other programs took up to 40 %" in report.summary(measured(others=0.4))
    assert "is not known" in report.summary(measured(others=None))


def test_bounds_that_are_missed_stand_out(report):
    text = report.details(measured())
    assert "| largest ratio | 0.50 | 0.5 |" in text
    assert "| losses | 1e-07 | 0.001 |" in text
    missed = measured(bounds=[("largest ratio", 0.51, 0.5)])
    assert "| largest ratio | **0.51** | 0.5 |" in report.details(missed)


def test_the_report_is_written_from_what_was_kept(report, tmp_path, monkeypatch):
    for name in report.RUNS:
        (tmp_path / f"{name}.json").write_text(json.dumps(steps(name, True)))
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        (tmp_path / name).write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["report.py", str(tmp_path)])
    report.main()
    assert "| mlp |" in (tmp_path / "README.md").read_text()
    titles = re.findall(r"^### (.*)\n\nMedians", (tmp_path / "docs/performance.md").read_text(), re.MULTILINE)
    assert titles == list(report.RUNS)


def test_every_script_that_make_bench_runs_exists(report):
    for script, *_ in report.RUNS.values():
        assert (ROOT / "benchmarks" / script).exists()


def test_the_benchmark_of_augmentation_runs(tmp_path):
    script, kept = ROOT / "benchmarks" / "augment.py", tmp_path / "augment.json"
    subprocess.run([sys.executable, script, "--steps=1", "--seconds=0", "--workers", "1", "--json", kept], check=True)
    table = json.loads(kept.read_text())
    assert [len(row) for row in table["rows"]] == [1 + len(table["columns"])]
    assert [at_most for _, _, at_most in table["bounds"]] == [1.1]
