"""The files of compiled kernels, mistreated: `python tools/reliability/kernel_files.py --write`.

Ten processes train at once from an empty cache: each kernel is to be compiled once. Then files are truncated, garbled,
emptied, exchanged: the next process is to compile those again, say nothing, and train to the same bits. At last the
tests of tests/kernels/test_cache.py: read-only installations and homes, directories of others, a full disk.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign import Campaign
from compiled_otherwise import ROOT, environment, tested
from page import markdown_table

HERE = Path(__file__).parent
CHILD = """
import json, sys, warnings
sys.path.insert(0, sys.argv[1])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from minigrad_kernels.cpu import compiler
    compiled = []
    compiler.compile_listeners.append(lambda name, dtype, seconds: seconds and compiled.append(f"{name}-{dtype}"))
    from small_training import trained
    digest = trained(int(sys.argv[2]))
print(json.dumps({"digest": digest, "compiled": compiled, "warnings": [str(one.message) for one in caught]}))
"""


def truncated(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The beginning of a file."""
    return content[: rng.randrange(len(content))]


def garbled(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A file of which some bytes are others."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 20)):
        changed[rng.randrange(len(changed))] ^= rng.randint(1, 255)
    return bytes(changed)


def of_noise(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Noise of the same length."""
    return rng.randbytes(len(content))


def emptied(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Nothing."""
    return b""


def exchanged(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The file of another kernel, whole."""
    return rng.choice([other for other in others if other != content])


DAMAGES: tuple[Callable[[bytes, list[bytes], random.Random], bytes], ...] = (
    truncated,
    garbled,
    of_noise,
    emptied,
    exchanged,
)


def start(cache: Path, steps: int) -> subprocess.Popen[str]:
    """A process that trains with the kernels of a cache."""
    command = [sys.executable, "-c", CHILD, str(HERE), str(steps)]
    variables = {**environment({}, cache), "MINIGRAD_CACHE_DIR": str(cache), "MINIGRAD_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the process says, or how it ended."""
    out, errors = process.communicate(timeout=1800)
    if process.returncode:
        return {"digest": f"exit status {process.returncode}: {errors[-500:]}", "compiled": [], "warnings": []}
    return dict(json.loads(out))


def files_of(cache: Path) -> list[Path]:
    """The files of the kernels."""
    return sorted(cache.glob("kernels-*/*.bin"))


def cold_starts(cache: Path, processes: int, steps: int) -> tuple[list[dict[str, Any]], float]:
    """What processes say that begin together with an empty cache, and the seconds until the last ended."""
    shutil.rmtree(cache, ignore_errors=True)
    begin = time.monotonic()
    reports = [end(process) for process in [start(cache, steps) for _ in range(processes)]]
    return reports, time.monotonic() - begin


def damage(files: list[Path], count: int, rng: random.Random, kinds: tuple[Any, ...] = DAMAGES) -> list[str]:
    """Damage so many files; their kernels."""
    contents = [path.read_bytes() for path in files]
    victims = rng.sample(range(len(files)), min(count, len(files)))
    for number, victim in enumerate(victims):
        files[victim].write_bytes(kinds[number % len(kinds)](contents[victim], contents, rng))
    return sorted(files[victim].stem for victim in victims)


def run(processes: int, rounds: int, steps: int, folder: Path) -> tuple[str, list[str]]:
    """All three; the section, and what was wrong."""
    cache, rng, faults = folder.absolute() / "mistreated", random.Random(0), []
    reports, seconds = cold_starts(cache, processes, steps)
    digest, whole = reports[0]["digest"], {path: path.read_bytes() for path in files_of(cache)}
    compiled = [name for report in reports for name in report["compiled"]]
    if sorted(compiled) != sorted(path.stem for path in whole):
        faults.append(f"{len(whole)} kernels were compiled {len(compiled)} times")
    faults += [f"at once: {fault}" for report in reports for fault in _wrong(report, digest)]
    damaged = recompiled = 0
    for number in range(rounds):
        # A round for each kind, then all kinds at once.
        kinds = (DAMAGES[number],) if number < len(DAMAGES) else DAMAGES
        victims = damage(list(whole), 8, rng, kinds)
        report = end(start(cache, steps))
        damaged, recompiled = damaged + len(victims), recompiled + len(report["compiled"])
        faults += [f"{[kind.__name__ for kind in kinds]} {victims}: {fault}" for fault in _wrong(report, digest)]
        if sorted(report["compiled"]) != victims:
            faults.append(f"{[kind.__name__ for kind in kinds]} {victims}: compiled again {sorted(report['compiled'])}")
        for path, content in whole.items():
            path.write_bytes(content)
    tests = tested("cache", {}, folder, ["tests/kernels/test_cache.py"])
    faults += tests.failed
    rows: list[tuple[str, ...]] = [
        (f"{processes} processes at once, empty cache", f"{len(whole)} kernels compiled {len(compiled)} times"),
        ("until the last of them had trained", f"{seconds:.0f} s"),
        (f"files damaged in {rounds} rounds", f"{damaged}, of which compiled again {recompiled}"),
        ("tests of tests/kernels/test_cache.py", f"{tests.passed} passed, {tests.skipped} skipped"),
    ]
    return markdown_table(("what", "seen"), rows, right=2), faults


def _wrong(report: dict[str, Any], digest: str) -> list[str]:
    faults = [] if report["digest"] == digest else [f"other bits: {report['digest']}"]
    return faults + [f"a warning: {warning}" for warning in report["warnings"]]


if __name__ == "__main__":
    campaign = Campaign("kernel files", __doc__)
    campaign.option("--processes", type=int, default=10, help="that begin at once")
    campaign.option("--rounds", type=int, default=25, help="of damage, to 8 files each")
    campaign.option("--steps", type=int, default=2, help="of each training")
    campaign.option("--folder", type=Path, default=ROOT / "build" / "reliability", help="for the cache")
    sys.exit(campaign.main(run))
