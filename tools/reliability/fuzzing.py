"""Fuzz every reader of files: `python tools/reliability/fuzzing.py --write`.

Files that are right are damaged by Hypothesis: bytes changed, cut out, doubled, moved; extreme numbers written; words
of JSON exchanged; checksums made right again. Each reader works in a process of its own with little memory. It must
return, or raise an error of minigrad's, within seconds, in bounded memory; and code that is in a file must not run.

With atheris, where it can be installed, libFuzzer looks for files that reach new lines of the readers: `--atheris 30`.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from campaign import Campaign
from examples_each import count_examples
from fuzzed_readers import READERS, ROOT, Reader
from hypothesis import strategies as st
from page import markdown_table

MOST_MEMORY = 2**29  # bytes beyond what the process has when it begins
MOST_GROWTH = 2**28  # bytes of it that may be used
MOST_SECONDS = 5.0  # for one small file
FORBIDDEN = re.compile(r"os\.(system|exec|fork|posix_spawn|spawn|kill|remove|rmdir)|subprocess|socket|ctypes\.dlopen")
EXTREMES = [
    number.to_bytes(size, order)
    for size in (1, 2, 4, 8)
    for order in ("little", "big")
    for number in (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1)
]
WORDS = [b"null", b"true", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'"a"', b"9" * 30, b"[" * 2000, b"0.5", b'""']
WAYS = ["change", "bit", "cut", "double", "truncate", "append", "extreme", "word", "move"]


class Hang(BaseException):
    """A file took too long; no reader may swallow it."""


class Outcome(NamedTuple):
    """What a reader did."""

    examples: int
    refused: int
    slowest: float
    growth: int
    fault: str


@st.composite
def damaged(draw: Any, reader: Reader) -> bytes:
    """One of the reader's files after one to four accidents, with its checksums made right again or not."""
    content = bytearray(draw(st.sampled_from(reader.files)))
    for _ in range(draw(st.integers(1, 4))):
        near = st.integers(0, min(64, len(content))) | st.integers(max(len(content) - 64, 0), len(content))
        start = draw(st.integers(0, len(content)) | near)
        _damage(draw, content, start, min(start + draw(st.integers(0, 16)), len(content)))
    return reader.repair(bytes(content)) if draw(st.booleans()) else bytes(content)


def _damage(draw: Any, content: bytearray, start: int, end: int) -> None:
    match draw(st.sampled_from(WAYS)):
        case "change":
            content[start:end] = draw(st.binary(min_size=end - start, max_size=end - start))
        case "bit" if start < len(content):
            content[start] ^= 1 << draw(st.integers(0, 7))
        case "cut":
            del content[start:end]
        case "double":
            content[start:start] = content[start:end] * draw(st.integers(1, 50))
        case "truncate":
            del content[start:]
        case "append":
            content += draw(st.binary(max_size=16))
        case "extreme":
            number = draw(st.sampled_from(EXTREMES))
            content[start : start + len(number)] = number
        case "word":
            places = [found.span() for found in re.finditer(rb'-?[0-9.]+|"[^"]*"|\[[^][]*\]|null', content)]
            if places:
                first, last = draw(st.sampled_from(places[:500]))
                content[first:last] = draw(st.sampled_from(WORDS))
        case "move":
            part = content[start:end]
            del content[start:end]
            place = draw(st.integers(0, len(content)))
            content[place:place] = part


class Watch:
    """Reads files one by one, and stops at the first that does what no file may do."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self._read, self._path = reader.read, folder / "file"
        self._is_watching, self._ran = False, ""
        for content in reader.files:  # what is imported when first needed is there before anybody watches
            self._try(content)
        self.examples = self.refused = 0
        self.slowest = 0.0
        sys.addaudithook(self._audit)
        signal.signal(signal.SIGALRM, self._hang)
        self._before = _peak()

    @property
    def growth(self) -> int:
        """Bytes by which the process has grown."""
        return _peak() - self._before

    def __call__(self, content: bytes) -> None:
        """Read one file; AssertionError, or Hang, says what was wrong."""
        begin, self._is_watching = time.monotonic(), True
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            is_refused = self._try(content)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._is_watching = False
        self.examples += 1
        self.refused += is_refused
        self.slowest = max(self.slowest, time.monotonic() - begin)
        assert not self._ran, f"it ran {self._ran}"
        assert self.growth < MOST_GROWTH, f"{self.growth:,} bytes of memory for a file of {len(content):,}"

    def _try(self, content: bytes) -> bool:
        """Whether a file is refused, as it should be if it is to be."""
        from minigrad.errors import MinigradError

        self._path.write_bytes(content)
        try:
            self._read(self._path)
        except MinigradError as error:
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, MemoryError):
                    raise AssertionError("it asks for more memory than there is") from error
                cause = cause.__cause__
            return True
        return False

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_watching and not self._ran:
            is_of_file = event == "exec" and arguments[0].co_filename.startswith("<")
            self._ran = f"{event}{arguments}" if is_of_file or FORBIDDEN.match(event) else ""

    def _hang(self, number: int, frame: FrameType | None) -> None:
        raise Hang(f"more than {MOST_SECONDS} s for one file")


def _peak() -> int:
    """Bytes of this process; getrusage would tell of the one that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _limit_memory() -> None:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MOST_MEMORY,) * 2)


def fuzz_here(reader: Reader, folder: Path, seconds: float, seed: int) -> Outcome:
    """Fuzz a reader in this process, which is watched from now on."""
    watch = Watch(reader, folder)
    try:
        _, fault = count_examples(damaged(reader), watch, seconds, seed)
    except Hang as hang:
        fault = str(hang)
    return Outcome(watch.examples, watch.refused, watch.slowest, watch.growth, fault)


def _in_child(name: str, seconds: float, seed: int) -> Outcome:
    """Fuzz a reader in a process, which may crash."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--child", name, folder, str(seconds), str(seed)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10 * seconds + 300)
        except subprocess.TimeoutExpired:
            return Outcome(0, 0, 0.0, 0, f"hangs, at {_kept(name, folder)}")
        if done.returncode:
            fault = f"exit status {done.returncode} at {_kept(name, folder)}: {done.stderr[-300:]}"
            return Outcome(0, 0, 0.0, 0, fault)
        outcome = Outcome(**json.loads(done.stdout.splitlines()[-1]))
        return outcome._replace(fault=f"{outcome.fault}, at {_kept(name, folder)}") if outcome.fault else outcome


def _kept(name: str, folder: str) -> Path:
    """A copy of the last file."""
    kept, last = ROOT / "build" / "reliability" / f"fuzzed-{name}", Path(folder, "file")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(last.read_bytes() if last.exists() else b"")
    return kept.relative_to(ROOT)


def _with_atheris(name: str, seconds: int) -> tuple[int, str]:
    """Let libFuzzer look for files; how many it tried, and what it found."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).with_name("fuzzing_atheris.py")), name, folder, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10 * seconds + 600)
        tried = re.search(r"Done (\d+) (?:runs )?in", done.stderr)
        if done.returncode or tried is None:
            return 0, f"atheris, at {_kept(name, folder)}: {' '.join(done.stderr.split())[-400:]}"
        return int(tried[1]), ""


def run(seconds: float, seed: int, atheris: int, only: list[str]) -> tuple[str, list[str]]:
    """All readers; the section, and what was found."""
    rows: list[tuple[str, ...]] = []
    faults: list[str] = []
    for name in only or READERS:
        one = _in_child(name, seconds, seed)
        tried, fault = _with_atheris(name, atheris) if atheris else (0, "")
        faults += [f"{name}: {found}" for found in (one.fault, fault) if found]
        figures = f"{one.examples:,}", f"{one.refused:,}", f"{one.slowest:.2f}", f"{one.growth / 2**20:.0f}"
        rows.append((name, *figures, f"{tried:,}" if atheris else "-"))
    head = ("files", "by Hypothesis", "of them refused", "slowest, s", "memory grew, MiB", "by atheris")
    text = f"{seconds:g} seconds of Hypothesis for each reader"
    text += f", and {atheris} of atheris" if atheris else "; atheris did not run"
    return f"{text}.\n\n{markdown_table(head, rows)}", faults


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _, _, reader_name, place, for_seconds, first_seed = sys.argv
        made = READERS[reader_name](Path(place))
        _limit_memory()
        print(json.dumps(fuzz_here(made, Path(place), float(for_seconds), int(first_seed))._asdict()))
        sys.exit()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
    campaign = Campaign("fuzzing", __doc__)
    campaign.option("--seconds", type=float, default=30.0, help="of Hypothesis for each reader")
    campaign.option("--seed", type=int, default=0, help="another one, other files")
    campaign.option("--atheris", type=int, default=0, help="seconds of atheris for each reader; it must be installed")
    campaign.option("--only", nargs="*", choices=READERS, default=[], help="the readers")
    sys.exit(campaign.main(run))
