"""Every public function is given bad input. What it says is kept in messages.md, to be read.

After a change of messages: MINIGRAD_WRITE_MESSAGES=1 pytest tests/errors
"""

import ast
import inspect
import os
import re
import warnings
from collections import defaultdict
from difflib import unified_diff
from fnmatch import fnmatch
from pathlib import Path

import pytest

from minigrad.autograd import Op
from minigrad.backends.base import get_backend
from minigrad.data import download, local
from minigrad.errors import MinigradError
from tests.errors.calls import all_cases, attempt, called, message, outermost, variations
from tests.errors.exemptions import EXEMPT
from tests.errors.surface import can_fail, surface
from tests.errors.values import VALUES, Names
from tests.ops.table import TABLE

MESSAGES = Path(__file__).parent / "messages.md"
SURFACE = surface()
CASES = all_cases()
HEAD = """# What minigrad says to bad input

Written by the tests of this folder, `MINIGRAD_WRITE_MESSAGES=1 pytest tests/errors`, and compared by them. Below each
function: calls, and the error of each. Of the values that an argument is given in turn, those with the same message
but for the value are left out; what it takes of them is in the last line of the argument.

The names in the calls are these:
"""
NOT_OURS = (
    "has no attribute",
    "unsupported operand",
    "not supported between",
    "could not convert",
    "cannot be interpreted",
    "is not iterable",
    "not subscriptable",
    "is not callable",
    "unhashable",
    "object of type",
    "positional argument",
    "ufunc",
    "numba",
    "Maximum allowed",
)
# Where an error may begin: with the name of what was called, or of what it hands its arguments on to, a public function
# or an op; or with the file that is at fault.
ELSEWHERE = {"index", "optimizer", "model", "digits", "twice", "len"} | {name.split(".")[-1] for name in SURFACE}
ELSEWHERE |= {op.name for op in get_backend("cpu").kernels() if isinstance(op, Op)}
SEVERAL_LAYERS = {"forward", "__call__", "__getitem__"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """{name: {argument, or nothing for the calls that are listed: [(bad value, outcome)]}}, each call made once."""
    found = defaultdict(lambda: defaultdict(list))
    names = Names()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.chdir(tmp_path_factory.mktemp("bad_input"))
        # Data sets that somebody has are not there.
        patch.setattr(download, "cache_folder", lambda: Path("cache"))
        patch.delenv(local.VARIABLE, raising=False)
        for case in CASES:
            title = title_of(case.right, names)
            found[title]["right"].append(("", attempt(case.right), case.succeeds))
            found[title][""] += [("", attempt(call)) for call in case.wrong]
            for argument, bad, call in variations(case.right, names):
                found[title][argument].append((bad, attempt(call)))
    return found


def title_of(call, names):
    """What a function is called, by all its names; a layer that is called, by the layer's."""
    function, _ = called(call, names)
    known = [name for name, value in SURFACE.items() if value is function]
    if known and known[0].split(".")[-1] in SEVERAL_LAYERS:
        return written(call)
    return ", ".join(known) or written(call)


def written(call):
    """The function of a call, as it is written, without arguments."""
    return re.sub(r"\([^()]*\)", "()", ast.unparse(outermost(call).func))


def calls(outcomes):
    """What came of the calls that are wrong, or may be."""
    return [
        outcome
        for groups in outcomes.values()
        for key, group in groups.items()
        if key != "right"
        for _, outcome in group
    ]


def test_calls_that_are_right_succeed(outcomes):
    failed = [
        f"{outcome.call}: {outcome.error!r}"
        for groups in outcomes.values()
        for _, outcome, succeeds in groups["right"]
        if succeeds and outcome.error
    ]
    assert failed == []


def test_every_error_is_ours_and_leaves_the_arguments_alone(outcomes):
    made = calls(outcomes)
    assert len(made) > 5_000
    assert [f"{o.call}: {o.error!r}" for o in made if o.error and not isinstance(o.error, MinigradError)] == []
    assert [o.call for o in made if o.error and not o.is_unchanged] == []


def test_calls_that_are_listed_as_wrong_fail(outcomes):
    assert [outcome.call for groups in outcomes.values() for _, outcome in groups[""] if not outcome.error] == []


def test_an_error_begins_with_what_was_called_and_is_in_words_of_ours(outcomes):
    strangers, raw = [], []
    for outcome in calls(outcomes):
        if outcome.error:
            text = message(outcome.error)
            begins = text.split(":")[0]
            is_path = f"'{begins}'" in outcome.call or Path(begins).suffix or "/" in begins
            if begins not in ELSEWHERE and not is_path:
                strangers.append(f"{outcome.call}: {text}")
            if any(words in text for words in NOT_OURS):
                raw.append(f"{outcome.call}: {text}")
    assert strangers == []
    assert raw == []


def test_what_is_said_is_what_is_written_down(outcomes):
    text = HEAD + "".join(f"\n    {name} = {code}" for name, code in VALUES.items()) + "\n"
    text += "".join(section(title, groups) for title, groups in outcomes.items()) + of_records()
    if os.environ.get("MINIGRAD_WRITE_MESSAGES"):
        MESSAGES.write_text(text, encoding="utf-8")
    kept = MESSAGES.read_text(encoding="utf-8")
    assert list(unified_diff(kept.splitlines(), text.splitlines(), "messages.md", "what is said", n=1)) == []


def section(title, groups):
    """A heading, and below it each call with its message."""
    lines = [f"\n## {title}\n\n"]
    lines += [entry(outcome.call, outcome.error) for _, outcome, succeeds in groups["right"] if not succeeds]
    lines += [entry(outcome.call, outcome.error) for _, outcome in groups[""]]
    for argument, group in groups.items():
        if argument in ("", "right"):
            continue
        said, taken = {}, []
        for bad, outcome in group:
            if outcome.error is None:
                taken.append(bad)
            else:
                said.setdefault(without_value(outcome.error), entry(outcome.call, outcome.error))
        lines += [*said.values(), f"    {argument} takes {', '.join(taken)}\n" if taken else ""]
    return "".join(lines)


def without_value(error):
    text = re.sub(r"\b(dtype|device) .* is not ", r"\1 ", message(error))
    return type(error), re.split(r",? (?:got|this is|they span|not) ", text)[0]


def entry(call, error):
    indented = message(error).replace("\n", "\n        ")
    return f"    {call}\n        {type(error).__name__}: {indented}\n"


def of_records():
    """The wrong calls that the records of ops have, which tests/ops makes."""
    lines = ["\n## The ops, with the inputs of tests/ops/records\n\n"]
    for spec in TABLE:
        for case in spec.error_inputs:
            given = [*map(described, case.inputs), *(f"{key}={value!r}" for key, value in case.options.items())]
            indented = case.message.replace("\n", "\n        ")
            lines.append(f"    {spec.name}({', '.join(given)})\n        {case.error.__name__}: {indented}\n")
    return "".join(lines)


def described(value):
    if hasattr(value, "dtype"):
        return f"{value.dtype.name}{list(value.shape)}"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def test_every_public_function_has_a_case_or_a_reason_for_none():
    names = Names()
    tried = {called(case.right, names)[0] for case in CASES}
    untried = [name for name, function in SURFACE.items() if function not in tried and can_fail(function)]
    assert [name for name in untried if not any(fnmatch(name, pattern) for pattern in EXEMPT)] == []
    assert [pattern for pattern in EXEMPT if not any(fnmatch(name, pattern) for name in untried)] == []


def test_every_argument_is_given_bad_values():
    """Those of the classes and functions that have a case; a build_model hands its other words on."""
    names, arguments, tried = Names(), defaultdict(set), defaultdict(set)
    for case in CASES:
        function, signature = called(case.right, names)
        call = outermost(case.right)
        arguments[function] |= {name for name in signature.parameters if name not in ("self", "arguments")}
        tried[function] |= set(signature.bind(*call.args, **{word.arg: word.value for word in call.keywords}).arguments)
    untried = {function.__qualname__: names - tried[function] for function, names in arguments.items()}
    assert {name: left for name, left in untried.items() if left} == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.right[:60])
def test_an_unknown_keyword_is_a_type_error(case):
    names = Names()
    function, signature = called(case.right, names)
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        pytest.skip("takes any keywords")
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'nonsense'|takes no keyword arguments"):
        function(nonsense=1)
