"""A failure as a few lines of Python to paste: they make the inputs again and call the property that failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from math import isfinite
from typing import Any

import numpy as np

from minigrad.testing.layouts import LAYOUTS, relaid
from minigrad.testing.opspec import OpSpec, Sample


def reproduction(spec: OpSpec, name: str, sample: Sample, device: str) -> str:
    """The lines that call a property of `minigrad.testing.properties` on a sample."""
    record, head, imports = _found(spec) or ("spec", [f"spec = ...  # the record {spec.name!r}"], [])
    sampled, more = _again(spec, record, sample) or _literal(sample)
    imports = sorted({*imports, *more})
    arguments = f"{record}, sample" + ("" if device == "cpu" else f", {device!r}")
    return "\n".join(
        ["To see it again:", "", *imports, "", *head, f"sample = {sampled}", f"properties.{name}({arguments})"]
    )


def _found(spec: OpSpec) -> tuple[str, list[str], list[str]] | None:
    """A name of the record, a line that makes it, and an import, found in the modules of those who called."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        module = frame.f_globals.get("__name__", "")
        if module.split(".")[0] in ("minigrad", "hypothesis"):
            continue
        for name, value in list(frame.f_globals.items()):
            if value is spec:
                return name, [], _import(module, name, value)
            if isinstance(value, Sequence) and any(one is spec for one in value):
                line = f"spec = next(one for one in {name} if one.name == {spec.name!r})"
                return "spec", [line], _import(module, name, value)
    return None


def _import(module: str, name: str, value: Any) -> list[str]:
    """The import of a name from a module that Python finds; pytest gives some modules names that it does not."""
    held = [other for other, found in list(sys.modules.items()) if getattr(found, name, None) is value]
    found = [other for other in (module, *sorted(held)) if PathFinder.find_spec(other.partition(".")[0])]
    return [] if module == "__main__" else [f"from {(*found, module)[0]} import {name}"]


def _again(spec: OpSpec, record: str, sample: Sample) -> tuple[str, list[str]] | None:
    """How the record makes the sample of its seed and sizes, if it does and Python can read the sizes."""
    # What was filtered, mapped or chosen from several strategies has lost the function that builds.
    if sample.origin is None or not hasattr(spec.samples, "build"):
        return None
    text = f"{record}.{sample.origin}"
    with suppress(SyntaxError):
        compile(text, "sample", "eval")
        return text, ["from minigrad.testing import properties", *_imports(sample.origin.sizes)]
    return None


def _imports(value: Any) -> Iterator[str]:
    """What the repr of a value needs."""
    kind = type(value)
    if isinstance(value, np.generic):
        yield "import numpy as np"
    elif isinstance(value, np.dtype):
        yield "from numpy import dtype"
    elif isinstance(value, np.ndarray):
        yield f"from numpy import array, {value.dtype.name}"
    elif isinstance(value, float) and not isfinite(value):
        yield "from math import inf, nan"
    elif kind.__module__ != "builtins":
        yield f"from {kind.__module__} import {kind.__name__}"
    if isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _imports(one)


def _literal(sample: Sample) -> tuple[str, list[str]]:
    """The sample with its numbers written out."""
    arrays = [f"np.array({array.tolist()!r}, {array.dtype.name!r}).reshape({array.shape})" for array in sample.inputs]
    inputs = f"({', '.join(arrays)}{',' if len(arrays) == 1 else ''})"
    layouts = [_layout(array) for array in sample.inputs]
    moved = f".relaid({', '.join(map(repr, layouts))})" if set(layouts) - {"contiguous"} else ""
    options = dict(sample.options)
    values = [options, *(array.tolist() for array in sample.inputs)]
    imports = ["import numpy as np", "from minigrad.testing import Sample, properties", *_imports(values)]
    text = f"Sample({inputs}, {options!r}){moved}"
    try:
        compile(text, "sample", "eval")
    except SyntaxError:  # a function, say
        text = f"Sample({inputs}, ...){moved}  # options {options!r}"
    return text, imports


def _layout(array: Any) -> str:
    """The memory layout that an array has, or the first."""

    def lies(one: Any) -> tuple[Any, ...]:
        return one.strides, one.flags.writeable

    return next((layout for layout in LAYOUTS if lies(relaid(array, layout)) == lies(array)), LAYOUTS[0])
