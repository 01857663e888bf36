"""The calls: what tests/errors/cases lists, and each right call with each argument replaced by each bad value."""

import ast
import inspect
import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from minigrad import nn
from minigrad.ops.update import without_random_fills
from tests.errors.surface import plain
from tests.errors.values import BAD, VALUES, Names, frozen

CASES = Path(__file__).parent / "cases"
SECONDS = 20
BYTES = 32 << 30  # of address space: a call that asks for more is refused by the system


class Case(NamedTuple):
    """A call that is right, at least in form, and calls that are wrong."""

    right: str
    wrong: tuple[str, ...]
    succeeds: bool


class Outcome(NamedTuple):
    """What came of a call: an error, or none; and whether what it was given is as it was."""

    call: str
    error: Exception | None
    is_unchanged: bool


def read(path: Path) -> list[Case]:
    """The cases of a file: right calls at the margin, behind a ~ if a file is not there, wrong ones indented below."""
    cases: list[Case] = []
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            cases[-1] = cases[-1]._replace(wrong=(*cases[-1].wrong, line.strip()))
        elif line and not line.startswith("#"):
            cases.append(Case(line.removeprefix("~ "), (), not line.startswith("~")))
    return cases


def all_cases() -> list[Case]:
    return [case for path in sorted(CASES.glob("*.txt")) for case in read(path)]


def outermost(text: str) -> ast.Call:
    """The call that is tried; list(...) around it only makes a generator run."""
    call = ast.parse(text, mode="eval").body
    return call.args[0] if isinstance(call.func, ast.Name) and call.func.id == "list" else call


def called(text: str, names: Names):
    """The function or class that a call is of, and its signature."""
    function = names.run(ast.unparse(outermost(text).func))
    if isinstance(function, nn.Module):
        function = function.forward
    if not inspect.isroutine(function) and not inspect.isclass(function):
        function = function.__call__
    return function if inspect.isclass(function) else plain(function), inspect.signature(function)


def variations(text: str, names: Names) -> Iterator[tuple[str, str, str]]:
    """(argument, bad value, the call with it in its place), for each argument and each bad value."""
    call = outermost(text)
    before, after = ast.unparse(ast.parse(text, mode="eval")).split(ast.unparse(call))
    words = {word.arg: word.value for word in call.keywords}
    bound = called(text, names)[1].bind(*call.args, **words)
    for name, given in bound.arguments.items():
        several = given.values() if isinstance(given, dict) else given if isinstance(given, tuple) else [given]
        place = next(iter(several))
        for bad in BAD:
            new = ast.parse(bad, mode="eval").body
            args = [new if node is place else node for node in call.args]
            keywords = [ast.keyword(word, new if node is place else node) for word, node in words.items()]
            yield name, bad, before + ast.unparse(ast.Call(call.func, args, keywords)) + after


def attempt(call: str) -> Outcome:
    """Make a call among fresh values."""
    names = Names()
    for node in ast.walk(ast.parse(call)):
        if isinstance(node, ast.Name) and node.id in VALUES:
            names[node.id]
    before, error = names.contents(), None
    try:
        with limited(), without_random_fills():
            names.run(call)
    except Exception as raised:
        error = raised
    return Outcome(call, error, before == {name: frozen(names[name]) for name in before})


@contextmanager
def limited():
    """A call that hangs is an error, and so is one that takes the machine's memory."""

    def stop(*_):
        raise TimeoutError("the call took too long")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES if hard == resource.RLIM_INFINITY else min(BYTES, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def message(error: Exception) -> str:
    """What an error says, without addresses in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(error))
