"""Weights to begin with: all of a file but a head for other classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from minigrad.data.given import as_names, require_given, require_optional
from minigrad.errors import DataError
from minigrad.interop.names import match
from minigrad.nn.module import Module
from minigrad.train.checkpoint import STATE
from minigrad.train.fine_tune import head_names


def load_pretrained(
    model: Module, weights: Mapping[str, Any], *, ignore: Sequence[str] = (), rules: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Copy weights into a model, except into a head that is for another number of classes, or that they lack.

    Parameters
    ----------
    model : Module
        Its head is that of `minigrad.train.head_names`. All else must match.
    weights : mapping of str to array
        What a reader returned. What preprocessing has learnt, in a file of `minigrad train`, is passed over.
    ignore : sequence of str
        Names to leave out, with ``*``, ``?`` and ``[...]`` as in a shell.
    rules : mapping of str to str, optional
        As in `match`, which finds out what goes with what.

    Returns
    -------
    tuple of str
        The layers of the head that stay as they are.

    Raises
    ------
    DataError
        That lists all that is missing, left over or of another shape; or for a pattern that fits no name. Nothing has
        changed.
    """
    require_given("load_pretrained", model=model, weights=weights)
    require_optional("load_pretrained", rules=rules)
    ignore = as_names("load_pretrained", "ignore", ignore)
    names = [name for name in weights if not name.startswith(STATE)]
    for pattern in ignore:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise DataError(f"load_pretrained: {pattern!r} fits none of the names {', '.join(names)}")
    given = {name: weights[name] for name in names if not any(fnmatchcase(name, pattern) for pattern in ignore)}
    found = match(model, given, rules)
    own = {name: value.shape for name, value in model.state_dict().items()}
    new = [head for head in head_names(model) if _is_other(head, own, found.weights)]
    spared = {name for name in own if name.rpartition(".")[0] in new}
    unfitting = [text for text in found.unfitting if text.split(" ")[0] not in spared]
    if not spared.issuperset(found.missing) or found.left_over or unfitting:
        lacking = [name for name in found.missing if name not in weights]  # and is not ignored
        problems = {"missing": lacking, "left over": found.left_over, "of another shape": unfitting}
        lines = [f"{kind}: {'; '.join(texts)}" for kind, texts in problems.items() if texts]
        raise DataError(
            "\n".join([f"load_pretrained: these are not the weights of this {type(model).__name__}", *lines])
        )
    model.load_state_dict({name: found.weights[name] for name in own if name not in spared}, strict=False)
    return tuple(new)


def _is_other(head: str, own: Mapping[str, tuple[int, ...]], weights: Mapping[str, Any]) -> bool:
    """Whether weights have nothing for a head, or have all of it for another number of classes."""
    names = [name for name in own if name.rpartition(".")[0] == head]
    given = [weights[name].shape for name in names if name in weights]
    classes = {shape[:1] for shape in given}
    if not given:
        return True
    is_whole = len(given) == len(names) and len(classes) == 1
    return is_whole and all(
        shape[1:] == own[name][1:] and shape[:1] != own[name][:1] for name, shape in zip(names, given, strict=True)
    )
