"""One run of tests in a process of its own, forked from one that has imported what is not ours.

The mutant takes the place of its file while it is imported; nothing is written but to the folder of the campaign, and
kernels that a mutant could have changed come from no cache.
"""

from __future__ import annotations

import faulthandler
import importlib
import importlib.machinery
import json
import linecache
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import hypothesis
import numba
import numpy as np
import pytest

from .sites import KERNELS, ROOT, Mutant, dependents, module_name

BUILD = ROOT / "build" / "mutants"
OURS = ("minigrad", "minigrad_kernels", "tests")
MEMORY_BYTES = 8 * 2**30


class Outcome(NamedTuple):
    """What became of a mutant, and by what: the test that failed, or how the process ended."""

    killed: bool
    by: str
    tests: int
    seconds: float


class Guard:
    """A pytest plugin: which test failed, how many ran, and an end when the time is over."""

    def __init__(self, seconds: float) -> None:
        self.failed: str | None = None
        self.ran = 0
        self._end = time.monotonic() + seconds

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count, and remember the first failure."""
        self.ran += report.when == "call"
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a file of tests that could not be imported."""
        if report.failed and self.failed is None:
            self.failed = f"{report.nodeid}, at import"

    @pytest.hookimpl
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Stop after this test when the time is over."""
        if time.monotonic() > self._end:
            item.session.shouldstop = "the time is over"


class Recorder:
    """A pytest plugin: for each test that passes, its time and the functions of ours that ran."""

    def __init__(self) -> None:
        self.tests: dict[str, tuple[float, list[str]]] = {}
        self._codes: set[CodeType] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:
        """Watch a test."""
        self._codes = set()
        sys.setprofile(self._note)
        try:
            return (yield)
        finally:
            sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self._codes.add(frame.f_code)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what was seen of a test that passed."""
        if report.when == "call" and report.passed:
            places = {f"{code.co_filename}:{code.co_firstlineno}" for code in self._codes}
            prefix = f"{ROOT}/"
            found = sorted(place.removeprefix(prefix) for place in places if place.startswith(prefix))
            self.tests[report.nodeid] = report.duration, [f for f in found if f.startswith(("minigrad/", "kernels/"))]


class _Profile:
    """A pytest plugin: Hypothesis draws what it draws in CI, and does not shrink what it finds."""

    @pytest.hookimpl
    def pytest_collection(self, session: pytest.Session) -> None:
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile(
            "mutants",
            hypothesis.settings(),
            phases=phases,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.settings.load_profile("mutants")


def prepare() -> None:
    """Import what every session needs and no mutant changes, and say where kernels are kept."""
    os.environ.update(CI="true", MINIGRAD_NUM_THREADS="1")
    os.environ.update(MINIGRAD_CACHE_DIR=str(BUILD / "cache"), HYPOTHESIS_STORAGE_DIRECTORY=str(BUILD / "hypothesis"))
    for name in ("filelock", "platformdirs", "hypothesis.extra.numpy", "hypothesis.strategies"):
        importlib.import_module(name)


def in_child(work: Callable[[], Any], limit: float, log: Path) -> tuple[Any, str]:
    """Do some work in a forked process; its result, and how the process ended if it gave none."""
    receiver, sender = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receiver)
        _work_and_exit(work, sender, limit, log)
    os.close(sender)
    with os.fdopen(receiver) as answers:
        answer = answers.read()
    _, status = os.waitpid(pid, 0)
    if answer:
        return json.loads(answer), ""
    if not os.WIFSIGNALED(status):
        raise RuntimeError(f"a session failed: see {log}")
    number = os.WTERMSIG(status)
    return None, "timeout" if number in (signal.SIGALRM, signal.SIGXCPU, signal.SIGKILL) else signal.Signals(
        number
    ).name


def _work_and_exit(work: Callable[[], Any], sender: int, limit: float, log: Path) -> None:
    try:
        signal.alarm(int(limit))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.disable()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        answer = json.dumps(work())
        _write_all(sender, answer.encode())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def install(mutant: Mutant | None, as_python: bool) -> None:
    """Have the next import of the mutant's file give the mutant, and kernels be what they are without the cache."""
    assert not [name for name in sys.modules if name.split(".")[0] in OURS]
    numba.config.DISABLE_JIT = as_python
    if mutant is None:
        return
    path, source = str(ROOT / mutant.path), mutant.source
    # Where a kernel looks for its own source, to put a few lines before it.
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    get_code = importlib.machinery.SourceFileLoader.get_code

    def changed(self: Any, fullname: str) -> Any:
        if self.get_filename(fullname) == path:
            return compile(source, path, "exec", dont_inherit=True)
        return get_code(self, fullname)

    importlib.machinery.SourceFileLoader.get_code = changed  # type: ignore[method-assign]
    if mutant.path.startswith(KERNELS):
        _keep_from_the_cache({name.removeprefix("minigrad_kernels.") for name in dependents(mutant.path)})


def _keep_from_the_cache(modules: set[str]) -> None:
    cache = importlib.import_module("minigrad_kernels.cache").KernelCache
    load, save = cache.load, cache.save

    def is_kept(name: str) -> bool:
        return name.rpartition("-")[0].rpartition(".")[0] not in modules

    cache.load = lambda self, name: load(self, name) if is_kept(name) else None
    cache.save = lambda self, name, data: save(self, name, data) if is_kept(name) else None


def run_pytest(arguments: list[str], as_python: bool, *plugins: Any) -> int:
    """Run pytest in this process; in plain Python, NumPy's warnings are no errors, as they are none in kernels."""
    if as_python:
        np.seterr(all="ignore")
        arguments = [*arguments, "-W", "ignore::RuntimeWarning"]
    options = ["-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}", "--tb=short"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # Hypothesis was imported before the fork
    return int(pytest.main([*options, *arguments], plugins=[_Profile(), *plugins]))


def test(mutant: Mutant | None, tests: list[str], as_python: bool, seconds: float, log: Path) -> Outcome:
    """Run the tests on a mutant until one fails, or for so long."""
    started = time.monotonic()

    def work() -> tuple[bool, str, int]:
        install(mutant, as_python)
        if mutant is not None:
            try:
                importlib.import_module(module_name(mutant.path))
                importlib.import_module("minigrad")
            except Exception as error:
                return True, f"{type(error).__name__} at import", 0
        guard = Guard(seconds)
        code = run_pytest([*tests, "-x"], as_python, guard)
        if guard.failed is None and code not in (pytest.ExitCode.OK, pytest.ExitCode.INTERRUPTED):
            raise RuntimeError(f"pytest ended with {code}, and no test failed")
        return guard.failed is not None, guard.failed or "", guard.ran

    answer, end = in_child(work, seconds + 60, log)
    killed, by, count = answer or (True, end, 0)
    return Outcome(killed, by if killed else "", count, time.monotonic() - started)


def survey(targets: list[str], as_python: bool, log: Path) -> dict[str, tuple[float, list[str]]]:
    """For each test that passes, its time and the functions it runs, with few examples."""

    def work() -> dict[str, tuple[float, list[str]]]:
        install(None, as_python)
        _few_examples(10)
        recorder = Recorder()
        run_pytest(targets, as_python, recorder)
        return recorder.tests

    answer, end = in_child(work, 3600, log)
    if answer is None:
        raise RuntimeError(f"the survey ended by {end}: see {log}")
    return answer


def _few_examples(most: int) -> None:
    settings: Any = hypothesis.settings
    make = settings.__init__

    def limited(self: Any, *arguments: Any, **options: Any) -> None:
        if isinstance(options.get("max_examples"), int):
            options["max_examples"] = min(options["max_examples"], most)
        make(self, *arguments, **options)

    settings.__init__ = limited
