"""The stated errors hold; what PyTorch's are is left to `make numerics`."""

import sys
from pathlib import Path

import pytest

RELIABILITY = Path(__file__).parents[2] / "tools" / "reliability"
sys.path.insert(0, str(RELIABILITY))
import numerics  # noqa: E402 - found where the tool finds it
import numerics_cases  # noqa: E402
import page  # noqa: E402

sys.path.remove(str(RELIABILITY))


@pytest.mark.parametrize("case", numerics_cases.CASES, ids=lambda case: f"{case.op}: {case.inputs_are}")
def test_errors_are_what_they_are_stated_to_be(case, monkeypatch):
    monkeypatch.setattr(numerics, "_torch_is_there", lambda: False)
    assert 0 <= numerics.measured(case, seed=1).ours <= case.bound


def test_an_error_that_is_too_large_is_seen(monkeypatch):
    monkeypatch.setattr(numerics, "_torch_is_there", lambda: False)
    case = next(case for case in numerics_cases.CASES if case.op == "tanh")
    wrong = numerics_cases.Case(case.op, "", case.make, lambda library, x: x.tanh() * 1.000001, case.numpy, case.bound)
    assert numerics.measured(wrong).ours > case.bound


def test_a_section_is_replaced_and_the_rest_left(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- a: written by its command -->\nold\n<!-- end of a -->\nafter\n")
    page.write_section("a", "new\n", path)
    text = "before\n<!-- a: written by its command -->\n\nnew\n\n<!-- end of a -->\nafter\n"
    assert path.read_text() == text
    with pytest.raises(ValueError, match="has no section 'b'"):
        page.write_section("b", "new", path)
