import numpy as np
import pytest

from minigrad import nn
from minigrad.errors import DataError, ShapeError
from minigrad.interop import Pair, match, rename


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


def arrays(model=None):
    return {name: value.numpy() + 1 for name, value in (model or network()).state_dict().items()}


def test_equal_names_go_together():
    found = match(network(), arrays())
    assert found.is_complete
    assert str(found) == "9 of 9 names are the same"
    network().load_state_dict(found.weights)


def test_rules_rename_and_what_no_rule_fits_stays():
    weights = rename(
        {"l1_conv_w": 1, "l1_conv_b": 2, "other": 3}, {r"l(\d)_conv_w": r"\1.weight", r"l(\d)_.*": r"\1.bias"}
    )
    assert weights == {"1.weight": 1, "1.bias": 2, "other": 3}
    found = match(network(), {f"net/{name}": value for name, value in arrays().items()}, {"net/(.*)": r"\1"})
    assert found.is_complete
    assert {pair.how for pair in found.pairs} == {"by a rule"}


def test_prefixes_of_wrappers_are_taken_off():
    weights = {f"module.{name}": value for name, value in arrays().items()}
    found = match(network(), weights)
    assert found.is_complete
    assert found.pairs[0] == Pair("0.weight", "module.0.weight", "without its prefix")


def test_old_files_have_no_counts_of_batches():
    weights = arrays()
    del weights["1.num_batches_tracked"]
    found = match(network(), weights)
    assert found.is_complete
    assert found.weights["1.num_batches_tracked"] == 0


def test_what_is_left_goes_together_by_order_if_all_shapes_agree():
    weights = {f"weight{n}": value for n, value in enumerate(arrays().values()) if value.ndim}
    found = match(network(), weights)
    assert found.is_complete
    assert found.pairs[0].source == "weight0"
    assert {pair.how for pair in found.pairs} == {"same place and shape", "not in old files"}
    assert "weight0  ->  0.weight" in str(found)


def test_what_does_not_match_is_listed():
    weights = arrays()
    weights["head.weight"] = weights.pop("3.weight")[:2]
    weights["3.bias"] = weights["3.bias"][:2]
    found = match(network(), weights)
    assert not found.is_complete
    assert (found.missing, found.left_over) == (("3.weight",), ("head.weight",))
    assert found.unfitting == ("3.bias is (3,) in the model, (2,) in the file",)
    for part in ("8 of 9 names", "head.weight", "left over", "missing: nothing in the file", "does not fit: 3.bias"):
        assert part in str(found)
    with pytest.raises(ShapeError, match=r"missing: 3\.weight"):
        network().load_state_dict(found.weights)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"(": "x"}, r"rename: '\(' -> 'x' is no rule: "),
        ({"a": r"\9"}, r"rename: 'a' -> '\\\\9' is no rule: "),
        ({"a|b": "same"}, "rename: two arrays get the name 'same'; the second is 'b'"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(rules, message):
    with pytest.raises(DataError, match=message):
        rename({"a": np.zeros(1), "b": np.zeros(1)}, rules)
