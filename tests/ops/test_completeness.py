"""No op and no public function without a record."""

import importlib
import inspect
import pkgutil
from types import FunctionType

import minigrad as mg
from minigrad import autograd, ops
from minigrad.autograd import Op
from minigrad.nn import functional
from minigrad.ops.methods import Methods
from tests.ops.table import TABLE

FAMILIES = [importlib.import_module(f"minigrad.ops.{module.name}") for module in pkgutil.iter_modules(ops.__path__)]


def public_functions():
    """The ops that users can name: in the package, among the functional ones, as methods."""
    # Those that make tensors are none, nor is the one that applies ops.
    names = [namespace for source in (mg, functional, Methods) for namespace in vars(source).values()]
    functions = {value for value in names if isinstance(value, FunctionType) and not value.__name__.startswith("_")}
    return {
        f
        for f in functions
        if f.__module__.startswith("minigrad.ops.") and not f.__module__.endswith((".create", ".arguments"))
    }


def test_every_op_has_a_record():
    declared = {value for module in (autograd, *FAMILIES) for value in vars(module).values() if isinstance(value, Op)}
    recorded = {spec.op for spec in TABLE}
    assert sorted(op.name for op in declared - recorded) == []


def test_every_public_function_has_a_record_with_error_inputs():
    recorded = {inspect.unwrap(spec.function) for spec in TABLE if spec.error_inputs}
    assert sorted(f"{f.__module__}.{f.__name__}" for f in public_functions() - recorded) == []


def test_names_of_records_are_unique():
    names = [spec.name for spec in TABLE]
    assert sorted(set(names)) == sorted(names)


def test_rules_are_tested_where_they_exist():
    untested = [spec.name for spec in TABLE if spec.op and spec.op.vjp and not (spec.order or spec.op.linear_in)]
    assert untested == []
