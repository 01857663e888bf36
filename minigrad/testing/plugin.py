"""The pytest plugin: a gradient checker as a fixture, profiles for Hypothesis, and where a NaN came from.

pytest loads it wherever minigrad is installed, so it imports neither Numba nor Hypothesis, and does nothing to tests
that have nothing to do with minigrad.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

from minigrad.backends.base import get_backend
from minigrad.backends.cpu import warmup
from minigrad.checks import as_list
from minigrad.data.integers import require_integer
from minigrad.dtypes import float32, float64
from minigrad.errors import DeviceError
from minigrad.tensor import Tensor, tensor
from minigrad.testing.anomaly import first_nan
from minigrad.testing.gradcheck import Checked, gradgradcheck
from minigrad.testing.gradcheck import gradcheck as check_once

__tracebackhide__ = True  # pytest shows the lines of those who call

# No deadline: the first call of a kernel compiles it, which says nothing about how long an example takes.
PROFILES: dict[str, dict[str, Any]] = {
    "dev": {},
    "ci": {"derandomize": True, "print_blob": True},
    "nightly": {"max_examples": 5_000},
}
_SAID = pytest.StashKey[str]()
_WARM = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("minigrad", "property tests of minigrad's ops and of one's own")
    group.addoption("--minigrad-device", default="cpu", help="device of the fixtures gradcheck and minigrad_device")
    group.addoption("--minigrad-profile", choices=PROFILES, help="how Hypothesis searches; ci is derandomised")
    group.addoption(
        "--no-minigrad-anomaly", action="store_true", help="do not run failed tests again to find their first NaN"
    )


@pytest.hookimpl(tryfirst=True)  # before Hypothesis' own plugin looks for a profile
def pytest_configure(config: pytest.Config) -> None:
    """Load the profile that is asked for."""
    chosen = config.getoption("minigrad_profile")
    theirs = config.getoption("--hypothesis-profile", default=None)
    if chosen and theirs:
        raise pytest.UsageError("--minigrad-profile and --hypothesis-profile both name a profile; give one of them")
    try:
        get_backend(config.getoption("minigrad_device"))
        if chosen:
            load_profile(chosen)
        elif theirs or "hypothesis" in sys.modules:
            _register_profiles()
    except DeviceError as error:
        raise pytest.UsageError(f"--minigrad-device: {error}") from error
    except ModuleNotFoundError as error:
        raise pytest.UsageError("--minigrad-profile: needs Hypothesis; pip install './minigrad[test]'") from error


def load_profile(name: str) -> None:
    """Let Hypothesis search as one of PROFILES says; it knows them as minigrad-dev and so on."""
    from hypothesis import settings

    _register_profiles()
    settings.load_profile(f"minigrad-{name}")


def _register_profiles() -> None:
    from hypothesis import settings

    for name, options in PROFILES.items():
        settings.register_profile(f"minigrad-{name}", deadline=None, **options)


@pytest.fixture(scope="session")
def minigrad_device(request: pytest.FixtureRequest) -> str:
    """The device that `--minigrad-device` names: "cpu" by default."""
    device: str = request.config.getoption("minigrad_device")
    return device


@pytest.fixture
def gradcheck(minigrad_device: str) -> Callable[..., Checked]:
    """`gradcheck(function, inputs, order=1, **options)`: check gradients on the device of `--minigrad-device`.

    Inputs may be arrays and numbers: floats are checked in float64. A tensor is checked if it requires a gradient.
    With `order=2` the gradients' gradients are checked too. Options and result: see `minigrad.testing.gradcheck`.
    """

    def check(function: Callable[..., Any], inputs: Sequence[Any], *, order: int = 1, **options: Any) -> Checked:
        require_integer("gradcheck: order", order, 1, 2)
        given = [_leaf(value, minigrad_device) for value in as_list("gradcheck", "inputs", inputs, "tensors")]
        done = check_once(function, given, **options)
        if order < 2:
            return done
        return Checked((*done.kinks, *gradgradcheck(function, given, **options).kinks))

    return check


def _leaf(value: Any, device: str) -> Tensor:
    if isinstance(value, Tensor):
        return tensor(value.detach().cpu().numpy(), device=device, requires_grad=value.requires_grad)
    array = np.asarray(value)
    is_float = array.dtype.kind == "f"
    return tensor(array, float64 if is_float else None, device, requires_grad=is_float)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Compile the kernels before the first test that has a deadline."""
    if item.config.stash.get(_WARM, False) or not (_has_deadline(item) and _uses_minigrad(item)):
        return
    item.config.stash[_WARM] = True
    start = time.perf_counter()
    warmup((float32, float64))
    seconds = time.perf_counter() - start
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    capture = item.config.pluginmanager.get_plugin("capturemanager")
    if reporter is not None:
        # What is written in a hook of a test's setup is captured as the test's, and shown only if that fails.
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"minigrad: kernels made ready in {seconds:.1f} s, before a deadline counts")


def _has_deadline(item: pytest.Item) -> bool:
    function = getattr(item, "obj", None)
    settings = getattr(function, "_hypothesis_internal_use_settings", None)
    return getattr(function, "is_hypothesis_test", False) is True and getattr(settings, "deadline", True) is not None


def _uses_minigrad(item: pytest.Item) -> bool:
    """Whether the test's module names something of minigrad, or something of a module that does."""
    near = set(_modules_named_in(getattr(item, "module", None)))
    far = {name for other in near for name in _modules_named_in(sys.modules.get(other))}
    return any(name.partition(".")[0] == "minigrad" for name in near | far)


def _modules_named_in(module: ModuleType | None) -> Iterator[str]:
    for value in list(vars(module).values()) if module else ():
        if isinstance(value, ModuleType):
            yield value.__name__
        else:
            yield str((value if isinstance(value, type | FunctionType) else type(value)).__module__)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Run a failed test again in anomaly mode, and keep what that says."""
    try:
        return (yield)
    except (Exception, pytest.fail.Exception) as error:
        if not pyfuncitem.config.getoption("no_minigrad_anomaly") and _uses_minigrad(pyfuncitem):
            again = _again(pyfuncitem, error)
            said = again and first_nan(again)
            if said and said not in str(error):
                pyfuncitem.stash[_SAID] = said
        raise


def _again(item: pytest.Function, error: BaseException) -> Callable[[], object] | None:
    """The test as it failed: of one that Hypothesis runs, the example alone."""
    if inspect.iscoroutinefunction(item.obj) or item.get_closest_marker("xfail"):
        return None
    if not getattr(item.obj, "is_hypothesis_test", False):
        return partial(item.obj, **{name: item.funcargs[name] for name in item._fixtureinfo.argnames})
    inner = item.obj.hypothesis.inner_test
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code is inner.__code__:
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            return partial(inner, **{name: trace.tb_frame.f_locals[name] for name in names})
        trace = trace.tb_next
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what anomaly mode said to the report."""
    report = yield
    if report.when == "call" and _SAID in item.stash:
        report.sections.append(("minigrad: anomaly mode", item.stash[_SAID]))
    return report
