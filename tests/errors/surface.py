"""What users can call, found by introspection: functions, classes and methods, by the names that users write."""

import inspect
from types import FunctionType

import minigrad as mg
from minigrad import nn
from tests.errors.values import MODULES

OPERATORS = ("__call__", "__getitem__")


def public_names(module):
    """The names in __all__, or what a module itself defines."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    return getattr(module, "__all__", [name for name in own if not name.startswith("_")])


def plain(member):
    """The function behind a method."""
    return inspect.unwrap(getattr(member, "__func__", member))


def methods(kind):
    """The methods that a class, or a base of it that is not public, has written, by name; a layer is called itself."""
    found = {}
    for parent in reversed(kind.__mro__):
        if parent.__module__.startswith("minigrad") and (parent is kind or parent not in CLASSES):
            found |= {name: plain(value) for name, value in vars(parent).items()}
    wanted = () if issubclass(kind, nn.Module) else OPERATORS
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, FunctionType) and name != "function" and (name in wanted or not name.startswith("_"))
    }


CLASSES = {
    value
    for module in MODULES.values()
    for value in (getattr(module, name) for name in public_names(module))
    if inspect.isclass(value) and not issubclass(value, BaseException)
}


def surface():
    """{name as users write it: what is called}; a function of several names is there under each."""
    found = {}
    for title, module in MODULES.items():
        for name in public_names(module):
            value, path = getattr(module, name), f"{title}.{name}"
            if isinstance(value, FunctionType):
                found[path] = plain(value)
            elif inspect.isclass(value) and value in CLASSES:
                path = "Tensor" if value is mg.Tensor else path
                found |= {path: value} | {f"{path}.{each}": function for each, function in methods(value).items()}
    return found


def can_fail(function):
    """Whether it takes arguments, other than the object that a method belongs to."""
    names = list(inspect.signature(function).parameters)
    return bool(names) and names != ["self"]
