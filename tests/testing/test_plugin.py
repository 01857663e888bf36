"""The pytest plugin in sessions of their own: its fixtures, profiles, warm-up, and anomaly mode after a failure."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

PLUGINS = ("-p", "minigrad.testing.plugin", "-p", "_hypothesis_pytestplugin")


@pytest.fixture
def session(tmp_path):
    """`session(*options, name=source)`: the output of pytest over files of these sources."""

    def run(*options, expect=0, **files):
        for name, source in files.items():
            (tmp_path / f"{name}.py").write_text(dedent(source))
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGINS, *options]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_loading_it_imports_neither_numba_nor_hypothesis(session):
    session(
        test_imports="""
        import sys

        def test_what_is_loaded():
            assert "minigrad.testing.plugin" in sys.modules
            assert not {"numba", "llvmlite", "hypothesis"} & set(sys.modules)
        """
    )


def test_the_fixture_checks_gradients_on_the_device(session):
    source = """
        import numpy as np
        import pytest
        import minigrad as mg

        def test_right(gradcheck):
            assert gradcheck(mg.mul, [np.array([1.0, 2.0]), 3.0], order=2)
            assert gradcheck(lambda x, places: x[places], [np.float32([1, 2, 3]), [0, 2]])

        def test_kinks(gradcheck):
            assert gradcheck(mg.relu, [[0.0, 1.0]]).kinks == ("input 0, index (0,)",)

        def test_where(gradcheck, minigrad_device):
            assert minigrad_device == "reference"
            gradcheck(lambda x: (print(x.device), x)[1], [[1.0]])

        def test_refused(gradcheck):
            for inputs, order in ((1.0, 1), ([1.0], 3), ([1.0], "2")):
                with pytest.raises(mg.MinigradError, match="^gradcheck: (inputs|order)"):
                    gradcheck(mg.exp, inputs, order=order)

        def test_wrong(gradcheck):
            constant = mg.tensor([1.0, 2.0], dtype=mg.float64)
            with pytest.raises(AssertionError, match="input 0"):
                gradcheck(lambda x: x * x.detach(), [constant.requires_grad_()])
    """
    shown = session("--minigrad-device=reference", "-rP", test_fixture=source)
    assert "reference\n" in shown


def test_a_device_that_is_not_known_is_a_usage_error(session):
    shown = session("--minigrad-device=tpu", expect=4, test_nothing="def test(): pass")
    assert "--minigrad-device: device: 'tpu' is not available here" in shown


SHOWS_SETTINGS = """
    from hypothesis import settings

    def test_settings():
        found = settings()
        print(settings.get_current_profile_name(), found.max_examples, found.derandomize, found.deadline)
"""


def test_a_profile_is_loaded_when_it_is_asked_for(session):
    assert "minigrad-nightly 5000" in session("--minigrad-profile=nightly", "-rP", test_it=SHOWS_SETTINGS)
    assert "minigrad-ci 100 True None" in session("--hypothesis-profile=minigrad-ci", "-rP", test_it=SHOWS_SETTINGS)
    shown = session("--minigrad-profile=ci", "--hypothesis-profile=default", expect=4, test_it=SHOWS_SETTINGS)
    assert "--minigrad-profile and --hypothesis-profile both name a profile; give one of them" in shown


def test_a_profile_of_the_users_own_stays(session):
    mine = """
        from hypothesis import settings

        settings.register_profile("dev", max_examples=7)
        settings.load_profile("dev")
    """
    assert "dev 7" in session("-rP", conftest=mine, test_it=SHOWS_SETTINGS)


@pytest.mark.parametrize("captured", [(), ("-s",)])
def test_kernels_are_made_ready_once_before_the_first_deadline(session, tmp_path, captured):
    shown = session(
        *captured,
        conftest="""
        from minigrad.testing import plugin

        def warmup(dtypes):
            with open("warmed", "a") as file:
                print("warmed for", *(one.name for one in dtypes), file=file)

        plugin.warmup = warmup
        """,
        test_a="""
        from hypothesis import given, settings, strategies as st
        import minigrad as mg

        @settings(deadline=None)
        @given(st.none())
        def test_without_deadline(x):
            pass

        def test_without_hypothesis():
            pass
        """,
        test_b="""
        from hypothesis import given, settings, strategies as st

        @settings(deadline=200)
        @given(st.none())
        def test_without_minigrad(x):
            pass
        """,
        helper="import minigrad as mg\n\ndef double(x):\n    return x * 2\n",
        test_c="""
        from hypothesis import given, settings, strategies as st
        from helper import double

        @settings(deadline=200)
        @given(st.none())
        def test_first(x):
            pass

        @settings(deadline=200)
        @given(st.none())
        def test_second(x):
            pass
        """,
    )
    assert (tmp_path / "warmed").read_text() == "warmed for float32 float64\n"
    assert shown.count("before a deadline counts") == 1
    before = shown.split("minigrad: kernels")[0]
    assert before.strip() == "..."  # the tests of the first two files


HAS_NAN = """
    from hypothesis import given, settings, strategies as st
    import minigrad as mg
    import pytest

    def test_of_a_gradient():
        x = mg.tensor([0.0, 4.0], requires_grad=True)
        (mg.sqrt(x) * mg.tensor([0.0, 1.0])).sum().backward()
        assert x.grad.tolist() == [0.0, 0.25]

    def test_of_a_value(capsys):
        print("seen once")
        assert mg.log(mg.tensor(-1.0)).item() == 0.0

    @settings(database=None)
    @given(st.floats(-2, 2, width=32))
    def test_of_an_example(number):
        assert mg.log(mg.tensor(number) - 1.0).exp().item() > 0.0

    def test_that_says_it_itself():
        x = mg.tensor(0.0, requires_grad=True)
        with mg.detect_anomaly():
            (mg.sqrt(x) * 0.0).backward()

    def test_of_no_nan():
        assert mg.tensor(1.0).item() == 2.0

    @pytest.mark.xfail
    def test_expected():
        assert mg.log(mg.tensor(-1.0)).item() == 0.0
"""
OTHER = """
    from pathlib import Path

    def test_of_something_else():
        with Path("runs").open("a") as file:
            file.write("x")
        assert False
"""


def test_a_failed_test_says_where_its_first_nan_came_from(session, tmp_path):
    quiet = ("-W", "ignore::RuntimeWarning")
    shown = session(*quiet, expect=1, test_nan=HAS_NAN, test_other=OTHER)
    told = dict(part.split(" ___", 1) for part in shown.split("___ ")[1:])
    section = "minigrad: anomaly mode"
    assert {name: section in text for name, text in told.items() if name.startswith("test_")} == {
        "test_of_a_gradient": True,
        "test_of_a_value": True,
        "test_of_an_example": True,
        "test_that_says_it_itself": False,
        "test_of_no_nan": False,
        "test_of_something_else": False,
    }
    assert (
        "anomaly: the gradient of sqrt for 'input' has a NaN; its forward pass ran at\n" in told["test_of_a_gradient"]
    )
    assert "(mg.sqrt(x) * mg.tensor([0.0, 1.0])).sum().backward()" in told["test_of_a_gradient"].split(section)[1]
    for name in ("test_of_a_value", "test_of_an_example"):
        assert "the first NaN is the result of log, whose inputs have none; it ran at\n" in told[name]
        assert "assert mg.log(" in told[name].split(section)[1]
    assert told["test_of_a_value"].count("seen once") <= 2  # the source, and what was captured
    assert (tmp_path / "runs").read_text() == "x"
    assert section not in session(*quiet, "--no-minigrad-anomaly", expect=1, test_nan=HAS_NAN, test_other=OTHER)
