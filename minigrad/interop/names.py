"""Names of weights: from those of a file to those of a model, and what does not match."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.data.given import require_given, require_optional
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.tables import table

_WRAPPERS = ("module.", "_orig_mod.")  # what DataParallel and compile() put before every name
_COUNT = "num_batches_tracked"  # files older than PyTorch 0.4.1 have none


@dataclass(frozen=True)
class Pair:
    """A name of the model, the name in the file that goes with it, and how that was found out."""

    name: str
    source: str
    how: str


@dataclass(frozen=True)
class Match:
    """What `match` returns; printed, it lists every name that is not the same on both sides.

    Attributes
    ----------
    weights : dict
        The arrays under the model's names, for ``model.load_state_dict``, which is strict: what is missing or left
        over is still so.
    pairs : tuple of Pair
        Which name became which.
    missing : tuple of str
        Names of the model without an array.
    left_over : tuple of str
        Names of the file that no name of the model goes with.
    unfitting : tuple of str
        What has the right name and the wrong shape, with both.
    """

    weights: dict[str, np.ndarray]
    pairs: tuple[Pair, ...]
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    unfitting: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every name has its array, of the right shape, and none is left over."""
        return not (self.missing or self.left_over or self.unfitting)

    def __str__(self) -> str:
        equal = sum(pair.name == pair.source for pair in self.pairs)
        rows = [(pair.source, "->", pair.name, pair.how) for pair in self.pairs if pair.name != pair.source]
        rows += [(name, "->", "?", "left over: the model has no such name") for name in self.left_over]
        rows += [("?", "->", name, "missing: nothing in the file goes with it") for name in self.missing]
        lines = [f"{equal} of {len(self.pairs) + len(self.missing)} names are the same"]
        lines += [table([("file", "", "model", ""), *rows])] if rows else []
        return "\n".join([*lines, *(f"does not fit: {text}" for text in self.unfitting)])


def rename(weights: Mapping[str, Any], rules: Mapping[str, str]) -> dict[str, Any]:
    r"""Rename by regular expressions: each rule is tried on the whole name, in order, until one fits.

    ``rename(weights, {r"l(\d+)_w": r"layers.\1.weight"})``. A name that no rule fits stays.

    Raises
    ------
    DataError
        For a rule that is no regular expression, or if two arrays get the same name.
    """
    require_given("rename", weights=weights, rules=rules)
    renamed: dict[str, Any] = {}
    for name, value in weights.items():
        new = _renamed(name, rules)
        if new in renamed:
            raise DataError(f"rename: two arrays get the name {new!r}; the second is {name!r}")
        renamed[new] = value
    return renamed


def match(model: Module, weights: Mapping[str, Any], rules: Mapping[str, str] | None = None) -> Match:
    """Find out which array of a file goes with which name of a model.

    In this order: rules, as in `rename`; equal names; equal names without what DataParallel puts before them; and where
    the shapes of all that is left on both sides are the same, one after the other, their order. Counts of batches that
    old files lack are zeros.

    Parameters
    ----------
    model : Module
        It is only looked at.
    weights : mapping of str to array
        What a reader returned.
    rules : mapping of str to str, optional
        Regular expressions, and what takes the place of the names that they fit.

    Returns
    -------
    Match
        Print it to see what went with what.
    """
    require_given("match", model=model, weights=weights)
    require_optional("match", rules=rules)
    rules = rules or {}
    own = {name: value.shape for name, value in model.state_dict().items()}
    given = rename({name: (name, np.asarray(value)) for name, value in weights.items()}, rules)
    pairs: dict[str, tuple[str, np.ndarray, str]] = {}
    for name, (source, array) in given.items():
        bare = _bare(name)
        target = name if name in own else bare
        if target in own and target not in pairs:
            how = "by a rule" if name != source else ("same name" if target == name else "without its prefix")
            pairs[target] = (source, array, how)
    taken = {source for source, _, _ in pairs.values()}
    free = [name for name in own if name not in pairs and not name.endswith(_COUNT)]
    rest = [(source, array) for source, array in given.values() if source not in taken]
    if free and [own[name] for name in free] == [array.shape for _, array in rest]:
        pairs |= {name: (*one, "same place and shape") for name, one in zip(free, rest, strict=True)}
        rest = []
    if len(free) < len(own):
        counts = [name for name in own if name.endswith(_COUNT) and name not in pairs]
        pairs |= {name: (name, np.zeros((), np.int64), "not in old files") for name in counts}
    found = {name: pairs[name] for name in own if name in pairs}
    return Match(
        weights={name: array for name, (_, array, _) in found.items()},
        pairs=tuple(Pair(name, source, how) for name, (source, _, how) in found.items()),
        missing=tuple(name for name in own if name not in pairs),
        left_over=tuple(source for source, _ in rest),
        unfitting=tuple(
            f"{name} is {own[name]} in the model, {array.shape} in the file"
            for name, (_, array, _) in found.items()
            if array.shape != own[name]
        ),
    )


def _renamed(name: str, rules: Mapping[str, str]) -> str:
    for pattern, replacement in rules.items():
        try:
            fitted = re.fullmatch(pattern, name)
            if fitted:
                return fitted.expand(replacement)
        except re.error as error:
            raise DataError(f"rename: {pattern!r} -> {replacement!r} is no rule: {error}") from error
    return name


def _bare(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper)
    return name
