"""Every reader of files, for a moment; and readers that do what none may do."""

import json
import subprocess
import sys
from pathlib import Path

import examples_each
import fuzzed_readers
import fuzzing
import pytest

from minigrad.errors import DataError

PLANTED = """
import json, os, sys, time
from pathlib import Path
import fuzzing
from fuzzed_readers import Reader
from minigrad.errors import DataError

def crashes(path):
    if path.stat().st_size < 4:
        raise KeyError("short")

def runs(path):
    if path.stat().st_size < 4:
        exec("1 + 1")

def starts(path):
    if path.stat().st_size < 4:
        os.system("true")

def hangs(path):
    while path.stat().st_size < 4:
        try:
            time.sleep(0.01)
        except Exception:
            pass

def hoards(path):
    if path.stat().st_size < 4 and not kept:
        kept.append(b"x" * fuzzing.MOST_GROWTH)

def asks(path):
    if path.stat().st_size < 4:
        try:
            bytearray(1 << 40)
        except MemoryError as error:
            raise DataError("damaged") from error

kept = []
fuzzing.MOST_GROWTH = 1 << 26
fuzzing.MOST_SECONDS = 0.5 if sys.argv[1] == "hangs" else 60.0
reader = Reader(globals()[sys.argv[1]], [b"a file of some length"])
print(json.dumps(fuzzing.fuzz_here(reader, Path(sys.argv[2]), 30.0, 0)._asdict()))
"""
FAULTS = {
    "crashes": "KeyError 'short'",
    "runs": "it ran exec",
    "starts": "it ran os.system",
    "hangs": "more than 0.5 s for one file",
    "hoards": "bytes of memory for a file of",
    "asks": "it asks for more memory than there is",
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_no_reader_may_do_is_noticed(name, tmp_path):
    """In a process of its own: an audit hook stays."""
    command = [sys.executable, "-c", PLANTED, name, str(tmp_path)]
    paths = {**fuzzing.os.environ, "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, env=paths, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert FAULTS[name] in json.loads(done.stdout)["fault"]


@pytest.mark.parametrize("name", fuzzed_readers.READERS)
def test_a_reader_takes_damaged_files(name, tmp_path):
    reader = fuzzed_readers.READERS[name](tmp_path)
    refused = 0

    def read(content):
        nonlocal refused
        Path(tmp_path, "file").write_bytes(content)
        try:
            reader.read(tmp_path / "file")
        except DataError:
            refused += 1

    examples_each.check_examples(fuzzing.damaged(reader), read, 40)
    assert refused
    assert not (tmp_path / "code-was-run").exists()


@pytest.mark.parametrize("name", ["npz", "manifest", "safetensors"])
def test_what_is_repaired_is_read(name, tmp_path):
    """Else nothing behind a checksum would be reached."""
    reader = fuzzed_readers.READERS[name](tmp_path)
    (tmp_path / "file").write_bytes(reader.repair(reader.files[0]))
    reader.read(tmp_path / "file")
